// Person review behind /ops, against the real program (the test double keeps no person index): the queue, evidence by field, decided by keyboard with a reason, turned
// again, several pairs of one review, what one may not, a server that fails; by axe, on a phone, in both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { residentId } from '../lib/server.mjs';
import { House } from './house.mjs';
import { checkAxe, failing, kDesk, kPhone, until, untilCount } from './lib.mjs';

const kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id', kArea = 'http://tongkang.dev/fhir/sid/area';
const house = new House('review', [['clerk', '--post', 'index-clerk', '--display', '蒋小梅'], ['sec', '--post', 'security-officer', '--display', '安全员老周']]);
const { real } = house;
const ask = (...what) => house.ask(...what);
const enter = (viewport, who = 'clerk', where = '/ops/') => house.enter(viewport, who, where);
const picture = (...what) => house.picture(...what);
const put = (id, name, birth, number, phone, more = {}) => ask('PUT', `Patient/${id}`, {
  resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102', display: '清江区柳溪街道' }] }, active: true, name: [{ text: name }], gender: 'female', birthDate: birth,
  ...(number ? { identifier: [{ system: kCard, value: number }] } : {}), ...(phone ? { telecom: [{ system: 'phone', value: phone }] } : {}), ...more,
});
const linkages = async (a, b) => (await ask('GET', 'Linkage?_count=200')).entry?.map((e) => e.resource).filter((l) => {
  const named = l.item.map((i) => i.resource.reference);
  return named.includes(`Patient/${a}`) && named.includes(`Patient/${b}`);
}) ?? [];
const noteOf = (linkage) => linkage.extension[0].extension.find((e) => e.url === 'note')?.valueString;

before(() => house.open().then(async () => {
  if (!house.built) return;
  // Two last digits swapped, as when a number is typed from a card; the same person by all else.
  const number = residentId('19890712', 442), slip = number.slice(0, 16) + number[17] + number[16];
  await put('a1', '欧阳晓芳', '1989-07-12', number, '19900003306', { address: [{ text: '清江区文昌街道文昌里 12 幢 301' }] });
  await put('a2', '欧阳晓芳', '1989-07-12', slip, '19900003306', { address: [{ text: '文昌街道文昌里小区 12-301' }] });
  await put('b1', '王建平', '1975-03-04', residentId('19750304', 31), '19900003307', { gender: 'male' });
  await put('b2', '王建平', '1975-03-04', '', '19900003307', { gender: 'male' });
}));
after(() => house.close());

const queue = (page) => page.locator('.rv-row');
const say = (page, name) => page.locator('.rv-bar').getByRole('button', { name });

test('the door opens at the oldest review; it is decided by keyboard, with a reason, and turned again', real, async () => {
  const { page, done } = await enter(kDesk);
  await page.waitForURL(/\/ops\/review/);
  await untilCount(queue(page), 2);
  const row = (name) => page.locator('.rv-table tbody tr').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  await row('身份证号').waitFor();
  // Masked, but for what differs, which is marked; in full when asked for.
  assert.match(await row('身份证号').locator('td').first().innerText(), /^3801\*+\d+$/);
  assert.ok((await row('身份证号').locator('mark').count()) > 0);
  assert.equal((await row('姓名').locator('td').first().innerText()).trim(), '欧***');
  await checkAxe(page, 'a review');
  await picture(page, 'one');
  await page.locator('.rv-queue h1').click();
  await page.keyboard.press('v');
  await until('the whole name', async () => /欧阳晓芳/.test(await row('姓名').innerText()));
  // The rows make the sum.
  const numbers = (await page.locator('.rv-bits b').allInnerTexts()).filter((text) => text !== '—').map((text) => Number(text.replace('−', '-')));
  const total = Number((await page.locator('.rv-total').innerText()).replace('−', '-'));
  assert.ok(Math.abs(numbers.reduce((sum, n) => sum + n, 0) - total) < 0.06 * numbers.length, `${numbers} make ${total}`);
  await page.keyboard.press('v');
  // Not without a reason.
  await page.keyboard.press('y');
  await page.getByText('请先写理由，再判定').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'rv-reason');
  await checkAxe(page, 'a reason is wanted');
  await picture(page, 'reason');
  assert.deepEqual(await linkages('a1', 'a2'), []);
  await page.keyboard.type('号码末两位录颠倒，电话核实');
  await page.keyboard.press('Escape');
  const sent = page.waitForRequest((r) => r.url().endsWith('/$link'));
  await page.keyboard.press('y');
  await sent;
  await untilCount(queue(page), 1);
  await page.getByText('上一件已判为同一人').waitFor();
  const [kept] = await linkages('a1', 'a2');
  assert.deepEqual([kept.active, noteOf(kept)], [true, '号码末两位录颠倒，电话核实']);
  assert.equal((await ask('GET', 'Patient/a1/$person')).link.length, 2);
  // Back to it: only the opposite may be said.
  await page.keyboard.press('z');
  await page.getByText('已办结，现在算同一人；还可以改判').waitFor();
  await say(page, '同一人').and(page.locator('[aria-disabled="true"]')).waitFor();
  await page.getByRole('button', { name: '录入错误' }).click();
  await picture(page, 'turn');
  await page.locator('.rv-queue h1').click();
  await page.keyboard.press('n');
  await page.getByText('已办结，现在算不同人').waitFor();
  const [turned] = await linkages('a1', 'a2');
  assert.deepEqual([turned.active, noteOf(turned)], [false, '录入错误']);
  // Nobody's name or number in any address.
  assert.doesNotMatch(decodeURIComponent(page.url()), /欧阳|\d{15}/);
  await done();
});

test('several pairs of one review, each decided; left for later; none left', real, async () => {
  await put('b3', '王建平', '1975-03-04', '', '19900003307', { gender: 'male' });
  const { page, done } = await enter(kDesk);
  await untilCount(queue(page), 2);
  await page.locator('.rv-table tbody tr').first().waitFor();
  await page.locator('.rv-queue h1').click();
  await page.keyboard.press('u');
  await until('the first stands last', async () => (await queue(page).last().innerText()).includes('放到后面'));
  await picture(page, 'later');
  for (let left = 12; left > 0 && (await queue(page).count()) > 0; left -= 1) {
    await page.locator('.rv-table tbody tr').first().waitFor();
    if ((await page.locator('.rv-pairs button').count()) > 0 && left > 9) {
      await checkAxe(page, 'several pairs');
      await picture(page, 'pairs');
    }
    await page.locator('#rv-reason').fill('证件影像一致');
    await page.locator('.rv-queue h1').click();
    const answered = page.waitForResponse((r) => r.url().endsWith('/$link'));
    await page.keyboard.press('y');
    assert.ok([200, 409].includes((await answered).status()));
    await until('it was kept or told', async () => (await page.locator('#rv-reason').count()) === 0 || (await page.locator('#rv-reason').inputValue()) === '' || (await page.getByText('没有保存').count()) > 0);
    if ((await page.getByText('没有保存').count()) > 0) await page.locator('.rv-pairs button[aria-pressed="false"]').last().click();
    await page.getByRole('button', { name: '刷新' }).click();
  }
  await page.goto(house.base + '/ops/review');
  await page.getByText('没有待审的人员').waitFor();
  assert.equal((await ask('GET', 'Patient/b1/$person')).link.length, 3);
  await checkAxe(page, 'none left');
  await picture(page, 'none');
  await done();
});

test('what fails is said and nothing typed is lost; another post is told that this is not for it', real, async () => {
  await put('c1', '李秀英', '1966-06-06', residentId('19660606', 88), '19900003311');
  await put('c2', '李秀英', '1966-06-06', '', '19900003311');
  const { page, done } = await enter(kDesk);
  await untilCount(queue(page), 1);
  await page.locator('#rv-reason').fill('电话核实');
  const mend = await failing(page, '**/fhir/Patient/$not-same', 'POST', 503);
  await say(page, '不同人').click();
  await page.getByText('服务器正忙').waitFor();
  assert.equal(await page.locator('#rv-reason').inputValue(), '电话核实');
  await picture(page, 'failed');
  mend();
  await done();
  const sec = await enter(kDesk, 'sec', '/ops/review');
  await sec.page.getByText('您的岗位不能看这一页').waitFor();
  await untilCount(sec.page.getByRole('link', { name: '人员审核' }), 0);
  await checkAxe(sec.page, 'another post');
  await sec.done();
});

test('on a phone it fits, and in English there is no Chinese left but what the records say', real, async () => {
  const { page, done } = await enter(kPhone);
  await untilCount(queue(page), 1);
  await page.locator('.rv-table tbody tr').first().waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing stands out at the side');
  await checkAxe(page, 'a review on a phone');
  await picture(page, 'phone');
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Person review' }).waitFor();
  assert.doesNotMatch((await page.locator('.rv').innerText()).replaceAll(/[李秀英王建平欧阳晓芳]|清江区[\p{Script=Han}\d ]*|文昌街道[\p{Script=Han}\d -]*/gu, ''), /\p{Script=Han}/u);
  await picture(page, 'en');
  await done();
});
