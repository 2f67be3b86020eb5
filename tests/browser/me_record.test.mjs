// A resident's own record in plain words, and who looked at it. Against a real program only.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkAxe, openBrowser, until } from './lib.mjs';
import { aboutHim, addChild, addResident, enterAs, look, needsProgram, noChinese, reading, tell } from './resident.mjs';

describe('the resident\'s record', needsProgram, () => {
  let browser, he, opened, page;
  before(async () => {
    browser = await openBrowser();
    he = await addResident(3, '沈月明');
    opened = await enterAs(browser, he, '/me/');
    page = opened.page;
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
  });

  test('an empty record says what will be there', async () => {
    await page.getByRole('link', { name: '我的档案' }).click();
    await page.getByText('还没有档案').waitFor();
    await checkAxe(page, 'empty record');
  });

  test('allergies stand first, then results, medicines and what happened by day', async () => {
    await aboutHim(he, { resourceType: 'AllergyIntolerance', subject: undefined, patient: { reference: `Patient/${he.id}` }, code: { text: '青霉素' }, clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] } });
    await aboutHim(he, { resourceType: 'MedicationRequest', status: 'active', intent: 'order', medicationCodeableConcept: { text: '氨氯地平片 5 毫克' }, dosageInstruction: [{ text: '每天早上 1 片' }] });
    await reading(he, 36.5);
    await page.reload();
    for (const words of ['青霉素过敏', '最近的结果', '每天早上 1 片']) await page.getByText(words).first().waitFor();
    await checkAxe(page, 'record');
    await look(page, 'me-record');
    await page.setViewportSize({ width: 360, height: 780 });
    await page.getByRole('button', { name: '大字' }).click();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await checkAxe(page, 'record, large');
    await look(page, 'me-record-large');
    await page.getByRole('button', { name: '大字' }).click();
  });

  test('who looked is told by name and post, his own looks are not', async () => {
    await tell('GET', `/fhir/Patient/${he.id}`);
    await page.getByRole('link', { name: '谁看过我的档案' }).click();
    await until('a look', async () => {
      await page.reload();
      await page.locator('.mr li, .mr .tk-empty').first().waitFor();
      return page.getByText('查看个人资料').first().isVisible();
    });
    await page.getByText('管理员').first().waitFor();
    assert.equal(await page.locator('.mr li', { hasText: '沈月明' }).count(), 0);
    await checkAxe(page, 'looks');
    await look(page, 'me-looks');
  });

  test('my family: the card of a child in his care is chosen on his own card\'s page', async () => {
    await addChild(he, '沈小满');
    await page.locator('.tp-bar a').click();
    await page.getByRole('link', { name: '健康卡' }).click();
    const people = page.getByRole('navigation', { name: '谁的卡' }), qr = page.locator('.hc-qr');
    const own = await until('his code', () => qr.getAttribute('data-code'));
    await people.getByRole('button', { name: '孩子' }).click();
    await until('the code of the child', async () => {
      const shown = await qr.getAttribute('data-code');
      return shown !== null && shown !== own;
    });
    await checkAxe(page, 'a child\'s card');
    await look(page, 'me-family');
    await page.getByRole('link', { name: '回到入口' }).click();
    await page.getByRole('link', { name: '谁看过我' }).click();
  });

  test('in English there is no Chinese left but names', async () => {
    await page.locator('.tp-bar a').click();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('link', { name: 'Who looked at me' }).click();
    await page.getByText('Looked at personal data').first().waitFor();
    await noChinese(page, ['管理员']);
    await checkAxe(page, 'looks, English');
  });
});
