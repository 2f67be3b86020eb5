// The desks of registration, watch-lists and fever patients, against a real program: a table that is checked row by row before it is taken, an alert in the answer to a
// registration and on two other browsers' pages, a fever with what may be done; by axe, on a phone, in both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kDesk, kPhone, kReal, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN, PICTURES } = process.env;
const kDoor = '/work/', kMark = Date.now() % 1_000_000;
const number = (n) => residentId('380102', `19${30 + (kMark % 60)}-0${1 + (n % 9)}-2${n % 9}`, (kMark + n * 41) % 1000);

async function tell(method, where, body, token = ADMIN_TOKEN) {
  const answer = await fetch(kReal + where, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${where}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}
const tokenOf = (account) => spawnSync(PROGRAM, ['token', '--data', DATA, '--account', account], { encoding: 'utf8' }).stdout.trim().split('\n').at(-1);

describe('desks', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser;
  const opened = [];
  const picture = async (page, name) => { if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `desks-${name}.png`) }); };
  const enter = async (who, post, area, where, viewport = kDesk) => {
    const account = `${who}${kMark}`;
    const password = addAccount(PROGRAM, DATA, account, post, area, '值班小周');
    const there = await openPage(browser, viewport);
    opened.push(there);
    await there.page.goto(kReal + kDoor + where);
    await there.page.getByLabel('账号').fill(account);
    await there.page.getByLabel('密码', { exact: true }).fill(password);
    await there.page.keyboard.press('Enter');
    await there.page.getByLabel('账号').waitFor({ state: 'detached' });
    return { ...there, account };
  };
  const person = (n, name) => tell('POST', '/fhir/Patient', {
    resourceType: 'Patient', name: [{ text: name }], gender: 'male', birthDate: '1971-03-04', identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number(n) }],
    meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102', display: '清江区' }] },
  });
  const rows = (page) => page.locator('.ls-table tbody tr');
  const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  const english = async (page, names) => {
    await page.getByRole('button', { name: 'English' }).click();
    await until('English', async () => !/\p{Script=Han}/u.test((await page.locator('#main').innerText()).replaceAll(names, '')));
    await page.getByRole('button', { name: '中文' }).click();
  };

  before(async () => {
    browser = await openBrowser();
  });
  after(async () => {
    for (const one of opened) await one.done();
    await browser?.close();
  });

  test('a list is made, a table checked row by row, the bad rows taken away, the good ones imported', async () => {
    const { page } = await enter('lister', 'cdc-officer', '', 'watch-lists');
    await page.getByRole('heading', { name: '重点人员名单' }).waitFor();
    await checkAxe(page, 'watch-lists');
    await page.getByRole('button', { name: '新名单' }).click();
    const form = page.getByRole('dialog').locator('.qf');
    await form.getByLabel('名单名称').fill(`接触者${kMark}`);
    await form.getByLabel('负责的部门').fill('疾控中心');
    await form.getByRole('radio', { name: '严重' }).check();
    await form.getByLabel('医生屏幕上的话').fill('密切接触者，观察期未满');
    await form.getByLabel('请医生怎么做').fill('戴 N95 口罩，转发热门诊');
    await checkAxe(page, 'a new list');
    await form.getByRole('button', { name: '建名单' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: '导入表' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('名单', { exact: true }).selectOption({ label: `接触者${kMark}　疾控中心` });
    await checkAxe(page, 'the import, a file to choose');
    await picture(page, 'import-choose');
    const bad = number(2).slice(0, 17) + (number(2)[17] === '1' ? '2' : '1');
    const table = `\uFEFF姓名,证件号码,原因\r\n何小明,${number(1)},同乘\r\n欧阳震华,${bad},同桌\r\n古丽巴哈尔·阿卜杜热合曼,${number(3)},\r\n`;
    await dialog.getByLabel(/把表拖到这里/).setInputFiles({ name: '名单.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
    await dialog.locator('.wz-bad b', { hasText: '2 行有问题，不会导入' }).first().waitFor();
    await dialog.getByText('身份证号不对').waitFor();
    await dialog.getByText('没有原因').waitFor();
    assert.equal(await dialog.locator('[data-wrong="true"]').count(), 2);
    await dialog.getByText('已检查，还什么都没有写').waitFor();
    await checkAxe(page, 'the import, checked');
    await picture(page, 'import-checked');
    const list = await dialog.getByLabel('名单', { exact: true }).inputValue();
    assert.equal((await tell('GET', `/fhir/WatchEntry?list=${list}&_summary=count`)).total, 0, 'a check writes nothing');
    const saved = page.waitForEvent('download');
    await dialog.getByRole('button', { name: '下载有问题的行' }).click();
    const text = fs.readFileSync(await (await saved).path(), 'utf8');
    assert.match(text, /^\uFEFF姓名,证件号码,原因,问题\r\n欧阳震华,/);
    assert.equal(text.trim().split('\r\n').length, 3);
    await dialog.getByRole('button', { name: '只导入没问题的 1 行' }).click();
    await dialog.getByText('名单.csv 已导入').waitFor();
    await picture(page, 'import-done');
    await dialog.getByRole('button', { name: '关闭' }).click();
    await page.getByRole('combobox', { name: '名单' }).selectOption(list);
    await untilCount(rows(page), 1);
    await checkAxe(page, 'entries');
    await picture(page, 'lists');
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
    await page.setViewportSize(kDesk);
    await english(page, /何\*\*|接触者\d+|同乘|疾控中心/g);
  });

  test('who is on a list is told of in the answer to his registration, and on two other browsers', async () => {
    const listed = await person(5, '何思明');
    const list = (await tell('GET', '/fhir/WatchList?_count=1')).entry[0].resource;
    const boss = await enter('adder', 'cdc-officer', '', 'watch-lists');
    await boss.page.getByRole('button', { name: '加一人' }).click();
    const dialog = boss.page.getByRole('dialog');
    await dialog.getByLabel('名单', { exact: true }).selectOption(list.id);
    await dialog.getByLabel('人员').fill(number(5));
    await dialog.getByRole('button', { name: /何\*\*/ }).click();
    await dialog.getByRole('button', { name: '列入名单' }).click();
    await dialog.getByText('请写原因').waitFor();
    await dialog.getByLabel('原因').fill('同住');
    await checkAxe(boss.page, 'a new entry');
    await dialog.getByRole('button', { name: '列入名单' }).click();
    await dialog.waitFor({ state: 'detached' });
    const doctor = await enter('doctor', 'doctor', '380102', 'inbox');
    const cdc = await enter('watcher', 'cdc-officer', '3801', 'inbox');
    const desk = await enter('desk', 'doctor', '380102', 'registration');
    const { page } = desk;
    await page.getByLabel('给谁登记').fill(number(5));
    await checkAxe(page, 'registration');
    await page.getByRole('button', { name: /何\*\*/ }).click();
    await page.getByRole('radio', { name: '急诊' }).check();
    await page.getByLabel('科室').fill('急诊内科');
    await picture(page, 'registration');
    await page.getByRole('button', { name: '登记', exact: true }).click();
    const alert = page.locator('.rg-alert');
    await alert.getByText('密切接触者，观察期未满').waitFor();
    await alert.getByText(/戴 N95 口罩，转发热门诊/).waitFor();
    for (const there of [doctor, cdc]) await there.page.locator('.pb-strip', { hasText: '密切接触者，观察期未满' }).waitFor();
    await checkAxe(page, 'an alert in the answer');
    await picture(page, 'registered');
    await alert.getByRole('button', { name: /已知晓/ }).click();
    await alert.locator('.rg-seen').waitFor();
    for (const there of [doctor, cdc]) await untilCount(there.page.locator('.pb-strip'), 0);
    await page.getByRole('button', { name: '登记下一位' }).click();
    await page.getByLabel('给谁登记').waitFor();
    await page.locator('.rg-list').getByText('1 条提醒').waitFor();
    assert.ok(!decodeURIComponent(page.url()).includes(number(5)));
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
    await checkAxe(page, 'registration on a phone');
    await page.setViewportSize(kDesk);
    await english(page, /何\*\*/g);
    assert.ok(listed.id);
  });

  test('a fever: where it stands, until when, and what may be done, with what is asked for it', async () => {
    const ill = await person(7, '孙福生');
    const { page, account } = await enter('fever', 'community-liaison', '380102', 'fever');
    await page.getByRole('heading', { name: '发热病人' }).waitFor();
    await tell('POST', '/fhir/QuestionnaireResponse', {
      resourceType: 'QuestionnaireResponse', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/fever.register', status: 'completed', subject: { reference: `Patient/${ill.id}` },
      item: [{ linkId: 'temperature', answer: [{ valueDecimal: 38.4 }] }, { linkId: 'contact', answer: [{ valueBoolean: true }] }],
    }, tokenOf(account));
    // Announced; or there already, where the stream began after it.
    const mine = rows(page).filter({ hasText: '孙**' }).filter({ hasText: '已登记' });
    await until('the patient is loaded', async () => {
      if ((await mine.count()) > 0) return true;
      await page.getByRole('button', { name: /条变化，载入|刷新/ }).first().click();
      return false;
    });
    await checkAxe(page, 'fever patients');
    await mine.first().click();
    const pane = page.locator('.cs');
    await pane.getByText('38.4 ℃').waitFor();
    await pane.getByText('前须安排就诊').waitFor();
    await page.keyboard.press('1');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/接人地点/).fill('柳溪路 3 号');
    await dialog.getByRole('button', { name: '申请转运' }).click();
    await dialog.getByText('请填写').waitFor();
    await dialog.getByLabel(/送往/).fill('市第二人民医院');
    await dialog.getByRole('button', { name: '申请转运' }).click();
    await dialog.waitFor({ state: 'detached' });
    await pane.getByRole('button', { name: '转运', exact: true }).click();
    await pane.getByText('待派车').waitFor();
    // What the driver takes along: a PDF of the pack's own print form.
    const printed = await pane.getByRole('link', { name: '打印：发热病人转运单' }).getAttribute('href');
    const sheet = await page.context().request.get(kReal + printed);
    assert.equal(sheet.headers()['content-type'], 'application/pdf');
    await checkAxe(page, 'a fever');
    await picture(page, 'fever');
    await pane.getByRole('button', { name: '经过' }).click();
    await pane.locator('.cs-log').getByText('申请转运').waitFor();
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
    await page.setViewportSize(kDesk);
    await english(page, /孙\*\*|清江区|市第二人民医院|柳溪路|号|值班小周/g);
  });
});
