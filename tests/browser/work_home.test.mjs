// The first page at work, the board of tasks and an organization's page, against a real program: what is late stands first and leads to where it is done, a task is taken
// and put on hold, an organization imports its tables and sees who is missing; by axe, on a phone, in both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kDesk, kPhone, kReal, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN, PICTURES } = process.env;
const kDoor = '/work/', kMark = Date.now() % 1_000_000, kPassword = 'bitter melon 77';
const kArea = { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102', display: '清江区' }] };
const number = (n) => residentId('380102', `20${10 + (kMark % 9)}-0${1 + (n % 9)}-1${n % 9}`, (kMark + n * 43) % 1000);

async function tell(method, where, body) {
  const answer = await fetch(kReal + where, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/fhir+json' }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${where}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

describe('at work', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser;
  const opened = [];
  const picture = async (page, name) => { if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `home-${name}.png`) }); };
  const enter = async (account, password, where = '') => {
    const there = await openPage(browser, kDesk);
    opened.push(there);
    await there.page.goto(kReal + kDoor + where);
    await there.page.getByLabel('账号').fill(account);
    await there.page.getByLabel('密码', { exact: true }).fill(password);
    await there.page.keyboard.press('Enter');
    await there.page.getByLabel('账号').waitFor({ state: 'detached' });
    return there.page;
  };
  const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  /** What the page itself says is English; what a task is called, and names of areas, are data. */
  const english = async (page, selector) => {
    await page.getByRole('button', { name: 'English' }).click();
    await until('English', async () => !/\p{Script=Han}/u.test((await page.locator(selector).allInnerTexts()).join(' ')));
    await page.getByRole('button', { name: '中文' }).click();
  };

  before(async () => {
    browser = await openBrowser();
    for (const [i, name] of ['何思明', '刘芳'].entries()) {
      const patient = await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: name }], gender: 'male', birthDate: '1979-03-15', meta: kArea });
      await tell('POST', '/fhir/Observation', {
        resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, meta: kArea, subject: { reference: `Patient/${patient.id}` }, effectiveDateTime: new Date().toISOString(),
        valueQuantity: { value: 38.1 + i / 10, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' },
      });
    }
  });
  after(async () => {
    for (const one of opened) await one.done();
    await browser?.close();
  });

  test('the door opens at what needs one now, by its time limit; a row leads to where it is done', async () => {
    const account = `home${kMark}`;
    const page = await enter(account, addAccount(PROGRAM, DATA, account, 'cdc-officer', '380102', '值班小周'));
    await page.waitForURL(/\/today$/);
    const rows = page.locator('.td-row');
    await until('both fevers', async () => {
      if ((await rows.filter({ hasText: /何\*\*|刘\*\*/ }).count()) >= 2) return true;
      await page.getByRole('button', { name: '刷新' }).click();
      return false;
    });
    await checkAxe(page, 'what needs one now');
    await picture(page, 'today');
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
    await checkAxe(page, 'what needs one now, on a phone');
    await page.setViewportSize(kDesk);
    await page.locator('.td-head h1').click();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/[?&](task|alert|episode|watch)=/);
    await page.goBack();
    await page.waitForURL(/\/today$/);
    await english(page, '.td-head, .td-group h2, .td-due');
  });

  test('tasks as a board: taken several at once, one put on hold with its reason, and it stands in the next column', async () => {
    const account = `board${kMark}`;
    const page = await enter(account, addAccount(PROGRAM, DATA, account, 'cdc-officer', '380102', '值班小李'), 'tasks');
    const column = (name) => page.locator('.tb-column', { has: page.getByRole('heading', { name }) });
    const waiting = column(/^待接手/);
    await until('both wait', async () => {
      if ((await waiting.locator('.tb-card').filter({ hasText: /何\*\*|刘\*\*/ }).count()) >= 2) return true;
      await page.reload();
      await waiting.waitFor();
      return false;
    });
    await checkAxe(page, 'the board');
    await picture(page, 'board');
    const cards = waiting.locator('.tb-card').filter({ hasText: /何\*\*|刘\*\*/ });
    for (const i of [0, 1]) await cards.nth(i).getByRole('checkbox').check();
    await page.getByRole('region', { name: '批量办理' }).getByRole('button', { name: '接手' }).click();
    await page.getByText('办好 2 个，未成 0 个').waitFor();
    const mine = column(/^办理中/).locator('.tb-card').filter({ hasText: '我' });
    await until('both are mine', async () => (await mine.count()) >= 2);
    await mine.first().getByRole('button').click();
    const pane = page.locator('.cs');
    await pane.getByRole('button', { name: /暂联系不上/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: '暂联系不上' }).click();
    await page.getByRole('dialog').getByText('请写原因').waitFor();
    await page.getByRole('dialog').getByLabel('原因').fill('电话没有人接');
    await checkAxe(page, 'a reason is asked for');
    await page.getByRole('dialog').getByRole('button', { name: '暂联系不上' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await untilCount(column(/^暂缓/).locator('.tb-card').filter({ hasText: '我' }), 1);
    await pane.locator('.cs-log').getByText('电话没有人接').waitFor();
    await checkAxe(page, 'a task of the board');
    await picture(page, 'board-one');
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
  });

  test('an organization imports its roster and its reports, and sees who is missing and who is an exception', async () => {
    const school = `school${kMark}`, account = `rep${kMark}`;
    await tell('PUT', `/fhir/Organization/${school}`, { resourceType: 'Organization', id: school, active: true, name: '安和市第一小学', meta: kArea });
    const made = spawnSync(PROGRAM, ['account', 'add', '--data', DATA, '--account', account, '--post', 'health-reporter', '--organization', `Organization/${school}`, '--area', '380102', '--display', '张老师', '--password-stdin'], { input: kPassword, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    const page = await enter(account, kPassword, 'roster');
    await page.getByRole('heading', { name: '健康填报' }).waitFor();
    await page.getByText('都报了').waitFor();
    await checkAxe(page, 'an organization without a roster');
    const load = async (button, name, table) => {
      await page.getByRole('button', { name: button }).click();
      await page.getByRole('dialog').getByLabel(/把表拖到这里/).setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(table) });
      return page.getByRole('dialog');
    };
    let dialog = await load('导入花名册', '花名册.csv', `姓名,证件号码,班级,学号\n何小明,${number(1)},一班,01\n古丽巴哈尔·阿卜杜热合曼,${number(2)},二班,02\n`);
    await dialog.getByRole('button', { name: '导入 2 行' }).click();
    await dialog.getByText('花名册.csv 已导入').waitFor();
    await dialog.getByRole('button', { name: '关闭' }).click();
    await untilCount(page.locator('.ls-table tbody tr'), 2);
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    dialog = await load('导入填报', '填报.csv', `学号,日期,体温,出勤\n01,${today},38.2,病假\n09,${today},36.5,在校\n`);
    await dialog.getByText('当天的花名册上没有这个工号').waitFor();
    await checkAxe(page, 'reports, checked');
    await picture(page, 'roster-checked');
    await dialog.getByRole('button', { name: '只导入没问题的 1 行' }).click();
    await dialog.getByText('填报.csv 已导入').waitFor();
    await dialog.getByRole('button', { name: '关闭' }).click();
    await untilCount(page.locator('.ls-table tbody tr'), 1);
    await page.getByText('古丽巴哈尔·阿卜杜热合曼').waitFor();
    await page.locator('.ls-counts').getByRole('button', { name: /异常/ }).click();
    await page.getByRole('row', { name: /何小明/ }).getByText(/发热/).waitFor();
    await checkAxe(page, 'exceptions of an organization');
    await picture(page, 'roster');
    await page.setViewportSize(kPhone);
    assert.ok(await fits(page));
  });
});
