// Contact tracing at the desk, against a real program: a case opened by its interview, contacts named, the chain drawn and read as a table, a contact's days, what his
// release waits for, a contact who becomes a case; by axe, by keyboard, on a phone, in both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkAxe, kDesk, kPhone, kReal, openBrowser, openPage, until, untilCount } from './lib.mjs';
import { residentId } from './people.mjs';
import { addAccount } from './program.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN, PICTURES } = process.env;
const kDoor = '/work/';
const kMark = Date.now() % 1_000_000;
const day = (ago) => new Date(Date.now() - ago * 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 10);
const number = (n) => residentId('380102', `19${40 + (kMark % 50)}-0${1 + (n % 9)}-1${n % 10}`, (kMark + n * 31) % 1000);

async function tell(method, where, body) {
  const answer = await fetch(kReal + where, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/fhir+json' }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${where}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

describe('contact tracing', { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' }, () => {
  let browser, opened, page;
  const picture = async (name) => { if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `tracing-${name}.png`) }); };
  const enter = async (viewport, who, post, where) => {
    const password = addAccount(PROGRAM, DATA, who, post, '380102', '流调员小周');
    const there = await openPage(browser, viewport);
    await there.page.goto(kReal + where);
    await there.page.getByLabel('账号').fill(who);
    await there.page.getByLabel('密码', { exact: true }).fill(password);
    await there.page.keyboard.press('Enter');
    await there.page.locator('.cs-page').waitFor();
    return there;
  };
  const rows = () => page.locator('.ls-table tbody tr');
  const pane = () => page.locator('.cs');
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

  before(async () => {
    browser = await openBrowser();
    await tell('POST', '/fhir/Patient', {
      resourceType: 'Patient', name: [{ text: '欧阳震华' }], gender: 'male', birthDate: '1958-02-28', identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number(1) }],
      meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102', display: '清江区柳溪街道' }] },
    });
    opened = await enter(kDesk, `trace${kMark}`, 'contact-investigator', kDoor + 'cases');
    page = opened.page;
  });
  after(async () => {
    await opened?.done();
    await browser?.close();
  });

  test('a case is opened by its interview, of a person who is found', async () => {
    await page.getByText('没有这样的病例').or(rows().first()).first().waitFor();
    await checkAxe(page, 'cases');
    await picture('empty');
    await page.getByRole('button', { name: '立案', exact: true }).click();
    await page.getByLabel('给谁做个案调查').fill(number(1));
    await page.getByRole('dialog').getByRole('button', { name: /欧\*\*/ }).click();
    const form = page.locator('.qf');
    await form.getByText('分类').waitFor();
    assert.equal(await form.getByText('接触者').count(), 0, 'contacts are named in the case');
    await form.getByRole('button', { name: '提交，立案' }).click();
    await form.getByText('请填写').first().waitFor();
    await checkAxe(page, 'an interview with problems');
    await form.getByRole('radio', { name: '确诊病例' }).check();
    await form.getByLabel(/发病日期/).fill(day(3));
    await form.getByLabel(/^症状/).fill('发热、咳嗽');
    await form.getByLabel(/^地点/).fill('柳溪路棋牌室');
    await form.getByLabel(/到达时间/).fill(`${day(4)}T14:00`);
    await picture('interview');
    await form.getByRole('button', { name: '提交，立案' }).click();
    await page.waitForURL(/case=/);
    await pane().getByText('确诊病例').waitFor();
    await pane().getByText('还没有登记').waitFor();
    await pane().getByRole('link', { name: '看全部档案' }).waitFor();
    assert.ok(!decodeURIComponent(page.url()).includes(number(1)));
    await pane().getByRole('button', { name: '去过的地方' }).click();
    await pane().getByText('柳溪路棋牌室').waitFor();
    await rows().first().waitFor();
  });

  test('contacts are named, several at once; what is wrong is told and nothing is kept', async () => {
    await pane().getByRole('button', { name: '登记接触者' }).click();
    const form = page.getByRole('dialog').locator('.qf');
    await form.getByLabel('姓名').fill('马强');
    await form.getByLabel('证件号码').fill(number(2).slice(0, 17) + (number(2)[17] === '1' ? '2' : '1'));
    await form.getByRole('radio', { name: '密切接触者' }).check();
    await form.getByLabel(/末次接触/).fill(day(4));
    await form.getByRole('button', { name: '登记', exact: true }).click();
    await page.getByRole('dialog').getByRole('alert').getByText(/./).waitFor();
    await checkAxe(page, 'naming contacts');
    await form.getByLabel('证件号码').fill(number(2));
    await form.getByRole('button', { name: /再加一个/ }).click();
    await form.getByLabel('姓名').nth(1).fill('古丽巴哈尔·阿卜杜热合曼');
    await form.getByLabel('证件号码').nth(1).fill(number(3));
    await form.getByRole('radio', { name: '密切接触者' }).nth(1).check();
    await form.getByLabel(/末次接触/).nth(1).fill(day(3));
    await picture('naming');
    await form.getByRole('button', { name: '登记', exact: true }).click();
    await page.getByText('新登记 2 人').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: '关闭' }).last().click();
    await pane().getByRole('button', { name: '接触者', exact: true }).click();
    await untilCount(pane().locator('.ct-exposures tbody tr'), 2);
    await until('both are observed', async () => {
      if ((await pane().getByRole('link', { name: '观察中' }).count()) === 2) return true;
      await page.reload();
      await pane().locator('.ct-exposures tbody tr').first().waitFor();
      return false;
    });
    await checkAxe(page, 'a case');
    await picture('case');
  });

  test('the chain is drawn, walked by keyboard, and stands beside itself as a table', async () => {
    await pane().getByRole('button', { name: '传播链' }).click();
    await untilCount(pane().locator('.gr-node'), 3);
    await untilCount(pane().locator('.ct-beside tbody tr'), 2);
    await checkAxe(page, 'a chain');
    await picture('chain');
    await pane().locator('.gr-node').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await pane().locator('.ct-chosen').getByRole('link', { name: '打开' }).waitFor();
    await pane().locator('.gr-node[aria-pressed="true"]').waitFor();
    await pane().getByLabel('方向').selectOption('in');
    await pane().getByText('这个方向上没有登记过接触').waitFor();
    await pane().getByLabel('方向').selectOption('out');
    await untilCount(pane().locator('.gr-node'), 3);
  });

  test('a contact: his days, what his release waits for; he becomes a case, with what is asked for', async () => {
    await page.goto(`${kReal}${kDoor}contacts`);
    await until('both are listed', async () => (await rows().count()) >= 2);
    await checkAxe(page, 'contacts');
    await page.locator('.ls-head h1').click();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await pane().getByText('由规则办理，还缺').waitFor();
    for (const words of ['观察期未满', '阴性检测次数不够', '最近几天没有正常的随访，或有症状']) await pane().getByText(words).waitFor();
    await untilCount(pane().locator('.ct-days tbody tr').nth(2).locator('td'), 11);
    await checkAxe(page, 'a contact');
    await picture('contact');
    await page.locator('.ls-head h1').click();
    await page.keyboard.press('1');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '转为病例' }).click();
    await dialog.getByText('请填写').waitFor();
    await dialog.getByRole('radio', { name: '确诊病例' }).check();
    await dialog.getByRole('button', { name: '转为病例' }).click();
    await dialog.getByText('须填发病日期或采样日期').waitFor();
    assert.equal(await dialog.getByText('Say when he fell ill').count(), 0, 'a guard speaks one language');
    await checkAxe(page, 'a way that is refused');
    await picture('refused');
    await dialog.getByLabel('发病日期').fill(day(0));
    await dialog.getByRole('button', { name: '转为病例' }).click();
    await dialog.waitFor({ state: 'detached' });
    await pane().getByText('已转病例').first().waitFor();
    await pane().getByRole('button', { name: '经过' }).click();
    await pane().locator('.cs-log').getByText('转为病例').waitFor();
    await page.locator('.ls-counts').getByRole('button', { name: /^转为病例/ }).click();
    await rows().filter({ hasText: '已转病例' }).first().waitFor();
  });

  test('on a phone it fits; in English no Chinese is left; another post names nobody', async () => {
    await page.goto(`${kReal}${kDoor}contacts`);
    await rows().first().click();
    await pane().waitFor();
    await page.setViewportSize(kPhone);
    await pane().getByText('由规则办理，还缺').waitFor();
    assert.ok(await fits());
    await checkAxe(page, 'a contact on a phone');
    await picture('phone');
    await page.setViewportSize(kDesk);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByText('is done by rule; still missing').waitFor();
    const left = async () => (await page.locator('#main').innerText()).replaceAll(/欧\*\*|马\*\*|古丽\*·\*\*|清江区柳溪街道|流调员小周/g, '');
    await until('English', async () => !/\p{Script=Han}/u.test(await left()));
    // Long words are broken, not cut: nothing of the record is wider than its pane.
    assert.ok(await pane().evaluate((node) => node.scrollWidth <= node.clientWidth));
    await picture('english');
    await page.getByRole('button', { name: '中文' }).click();
    const cdc = await enter(kDesk, `look${kMark}`, 'cdc-officer', kDoor + 'cases');
    await cdc.page.locator('.ls-table tbody tr').first().click();
    await cdc.page.locator('.cs').getByText('现在没有您的岗位可办的事').waitFor();
    assert.equal(await cdc.page.getByRole('button', { name: '登记接触者' }).count(), 0);
    await cdc.done();
  });
});
