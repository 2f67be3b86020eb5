// Alerts at the desk: what a list asks for stands on the doctor's page as the person registers, disease control sees it at the same time, and one key says that
// it has been seen, for both. Against a real program only: the test double has no watch-list.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kDesk, kReal, openBrowser, openPage, untilCount } from './lib.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN, LOOK } = process.env;
const kMark = Date.now() % 1_000_000, kDoor = '/work/';

async function tell(method, path, body) {
  const answer = await fetch(kReal + path, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/fhir+json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

describe('alerts', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, doctor, cdc, person;
  const open = async (post) => {
    const account = `${post}${kMark}`;
    const password = addAccount(PROGRAM, DATA, account, post, '380102', post === 'doctor' ? '李医生' : '疾控值班');
    const opened = await openPage(browser, kDesk);
    await opened.page.goto(new URL('point-of-care', kReal + '/work/').href);
    await opened.page.getByLabel('账号').fill(account);
    await opened.page.getByLabel('密码', { exact: true }).fill(password);
    await opened.page.keyboard.press('Enter');
    await opened.page.getByRole('heading', { name: '重点人员提醒' }).waitFor();
    return opened;
  };
  const register = () => tell('POST', '/fhir/Encounter', { resourceType: 'Encounter', status: 'arrived', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: `Patient/${person}` } });
  const cards = (opened) => opened.page.locator('.pc-card', { hasText: `名单${kMark}` });
  const look = async (name, opened) => { if (LOOK) await opened.page.screenshot({ path: `${LOOK}/${name}.png` }); };

  before(async () => {
    browser = await openBrowser();
    person = (await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: '何小明' }], gender: 'male', birthDate: '1971-03-04', meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102', display: '清江区' }] } })).id;
    await tell('PUT', `/fhir/WatchList/list${kMark}`, { resourceType: 'WatchList', id: `list${kMark}`, status: 'active', name: `list${kMark}`, title: '密切接触者', publisher: '疾控中心', level: 'critical', text: `在筛人员 名单${kMark}`, instruction: '做好防护，询问流行病学史', show: ['source'] });
    await tell('PUT', `/fhir/WatchEntry/e${kMark}`, { resourceType: 'WatchEntry', id: `e${kMark}`, status: 'active', list: { reference: `WatchList/list${kMark}` }, subject: { reference: `Patient/${person}` }, reason: { text: '同乘一车' } });
    doctor = await open('doctor');
    cdc = await open('cdc-officer');
  });
  after(async () => {
    await doctor?.done();
    await cdc?.done();
    await browser?.close();
  });

  test('a registration is on both pages without a reload, with what to do and who asks', async () => {
    assert.equal(await cards(doctor).count(), 0);
    await look('alerts-empty', doctor);
    await register();
    await untilCount(cards(doctor), 1);
    await untilCount(cards(cdc), 1);
    const card = cards(doctor);
    for (const words of ['严重', '在筛人员', '做好防护，询问流行病学史', '疾控中心要求', '何**']) await card.getByText(words).first().waitFor();
    assert.equal(await card.getByText('同乘一车').count(), 0, 'why he is listed is not shown');
    assert.equal(await cards(cdc).getByRole('button', { name: /已知晓/ }).count(), 0, 'disease control acknowledges nothing for the doctor');
    await checkAxe(doctor.page, 'an alert');
    await look('alerts-open', doctor);
    await look('alerts-cdc', cdc);
  });

  test('one key says that it has been seen, and disease control sees by whom', async () => {
    await cards(doctor).focus();
    await doctor.page.keyboard.press('1');
    await untilCount(cards(doctor), 0);
    await untilCount(cards(cdc), 0);
    await cdc.page.getByRole('button', { name: /今天已确认/ }).click();
    await cards(cdc).getByText(`doctor${kMark}`).waitFor();
    await look('alerts-seen', cdc);
  });

  test('without the server the page says so, and what was raised meanwhile is there afterwards', async () => {
    await doctor.page.context().setOffline(true);
    await register();
    await doctor.page.context().setOffline(false);
    await untilCount(cards(doctor), 1);
    await cards(doctor).getByRole('button', { name: /已知晓/ }).click();
    await untilCount(cards(doctor), 0);
  });

  test('wherever the doctor is the alert stands below the head, opens the person with his record, and Alt+K says that it has been seen', async () => {
    const { page } = doctor;
    await page.goto(`${kReal}${kDoor}inbox`);
    await page.getByRole('heading', { name: '通知' }).waitFor();
    await untilCount(page.locator('.pb'), 0);
    await register();
    const strip = page.locator('.pb-strip', { hasText: `名单${kMark}` });
    await strip.getByText('做好防护，询问流行病学史').waitFor();
    await checkAxe(page, 'an alert below the head');
    await look('alerts-strip', doctor);
    await strip.getByRole('link', { name: /何\*\*/ }).click();
    await page.waitForURL(new RegExp(`patient\\?id=${person}$`));
    await page.getByText('1 份档案合看').waitFor();
    const banner = page.locator('.pb:not(.pb-strip)');
    await banner.getByText(`在筛人员 名单${kMark}`).waitFor();
    await untilCount(page.locator('.pb-strip'), 0);
    await page.getByRole('region', { name: '跨机构时间线' }).getByText(`在筛人员 名单${kMark}`).first().waitFor();
    await checkAxe(page, 'an alert above the person');
    await look('alerts-person', doctor);
    await page.getByRole('combobox', { name: '找人' }).focus();
    await page.keyboard.press('Alt+k');
    await untilCount(banner, 0);
    await page.locator('.pb-over').first().getByText(`doctor${kMark}`).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('role')), 'combobox', 'the focus stays with who is typing');
    await checkAxe(page, 'an alert that was seen');
  });

  test('a person is found by name, and shown whole only with a reason', async () => {
    const { page } = doctor;
    await page.getByRole('combobox', { name: '找人' }).fill('何小明');
    await page.getByRole('option').first().waitFor();
    assert.doesNotMatch(await page.getByRole('listbox').innerText(), /何小明/);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: '何**', exact: true }).waitFor();
    await page.getByRole('button', { name: '显示', exact: true }).click();
    await page.getByLabel('核对身份').check();
    await page.getByRole('button', { name: '显示并记入审计' }).click();
    await page.getByRole('heading', { name: '何小明' }).waitFor();
    assert.ok(!decodeURIComponent(page.url()).includes('何'));
  });
});
