// A resident reports his temperature: kept without network, sent once, and what came of it. Against a real program only.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkAxe, openBrowser, until } from './lib.mjs';
import { addResident, enterAs, look, needsProgram, noChinese, tell } from './resident.mjs';

describe('the resident\'s report', needsProgram, () => {
  let browser, he, opened, page;
  const readings = async () => (await tell('GET', `/fhir/Observation?patient=Patient/${he.id}&_count=50`)).entry?.map((e) => e.resource) ?? [];
  before(async () => {
    browser = await openBrowser();
    he = await addResident(2, '陈向南');
    opened = await enterAs(browser, he, '/me/');
    page = opened.page;
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
  });

  test('it says beforehand what the button will do, and what is wrong with a number', async () => {
    await page.getByRole('link', { name: '健康自报' }).click();
    await page.getByText('没有给您安排随访').waitFor();
    await checkAxe(page, 'empty');
    const field = page.getByLabel('体温（℃）');
    await page.getByRole('button', { name: '报上去' }).click();
    await page.getByText('请填体温，或点一项不舒服').waitFor();
    await field.fill('476');
    await page.getByRole('button', { name: '报上去' }).click();
    await page.getByText('体温应在 34.0 到 43.0 之间').waitFor();
    await checkAxe(page, 'a wrong number');
    await field.fill('36.6');
    await page.getByText('体温正常，报上去就行').waitFor();
    await page.getByRole('button', { name: '咳嗽' }).click();
    await page.getByText('会记下您不舒服的地方').waitFor();
    assert.equal((await readings()).length, 0);
  });

  test('without network it is kept on the phone, also when the page is closed, and is sent once', async () => {
    await opened.context.setOffline(true);
    await page.getByRole('button', { name: '报上去' }).click();
    await page.getByText('存在手机里，有网了自动上传').waitFor();
    await checkAxe(page, 'kept');
    await look(page, 'me-report-kept');
    await page.getByRole('button', { name: '1 条待传' }).click();
    await page.getByText('36.6 ℃').waitFor();
    await checkAxe(page, 'outbox');
    await page.keyboard.press('Escape');
    await opened.context.setOffline(false);
    await page.reload();
    const [one] = await until('the reading', async () => ((await readings()).length > 0 ? readings() : null));
    assert.equal(one.valueQuantity.value, 36.6);
    await page.getByRole('button', { name: '1 条待传' }).waitFor({ state: 'detached' });
    assert.equal((await readings()).length, 1);
  });

  test('a fever becomes a follow-up that he sees, here and on his home', async () => {
    await page.getByLabel('体温（℃）').fill('379');
    await page.locator('.se-then', { hasText: '到了发热界限' }).waitFor();
    await look(page, 'me-report-fever');
    await checkAxe(page, 'fever');
    await page.getByRole('button', { name: '报上去' }).click();
    await page.getByText('已报上去').waitFor();
    await until('the follow-up', async () => {
      await page.reload();
      await page.locator('.se-tasks li, .se-tasks p').first().waitFor();
      return page.locator('.se-tasks b', { hasText: '等社区联系您' }).isVisible();
    });
    await checkAxe(page, 'follow-up');
    await look(page, 'me-report-task');
    await page.locator('.tp-bar a').click();
    await page.getByText('您有 1 件随访').waitFor();
    await checkAxe(page, 'home with a follow-up');
  });

  test('in English there is no Chinese left; large type is no wider than a small phone', async () => {
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('link', { name: 'Report my health' }).click();
    await page.locator('.se-tasks b', { hasText: 'Your community will contact you' }).waitFor();
    await noChinese(page);
    await page.setViewportSize({ width: 360, height: 780 });
    await page.getByRole('button', { name: 'Large type' }).click();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await checkAxe(page, 'large, English');
    await look(page, 'me-report-large-en');
  });
});
