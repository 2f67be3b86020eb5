// Packs and rules behind /ops: what is loaded, a rule in words, tried on history as it is and with another limit, stopped; by keyboard, by axe, on a phone, in both languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fits, House } from './house.mjs';
import { checkAxe, failing, kDesk, kPhone, until, untilCount } from './lib.mjs';

const house = new House('packs', [['boss', '--post', 'admin', '--display', '高志强'], ['cdc', '--post', 'cdc-officer', '--display', '流调员小何'], ['ops', '--post', 'operator', '--display', '运维值班']]);
const { real } = house;

before(() => house.open().then(async () => {
  if (!house.built) return;
  // Of 60 items 30 have less than they must, and 15 much less.
  const item = (i) => ({ resourceType: 'StockItem', id: `s${i}`, name: `物资 ${i}`, unit: '只', state: 'active', onHand: 80 + (i % 20) * 2, minimum: 100 });
  const all = Array.from({ length: 60 }, (_, i) => item(i));
  await house.ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: all.map((resource) => ({ request: { method: 'PUT', url: `StockItem/${resource.id}` }, resource })) });
}));
after(() => house.close());

const number = (page, name) => page.locator('.pk-numbers div').filter({ hasText: name }).locator('dd').innerText();

test('what is loaded, and a rule in words', real, async () => {
  const { page, done } = await house.enter(kDesk, 'boss', '/ops/packs');
  await page.getByRole('button', { name: /疫情防控筛查/ }).click();
  await checkAxe(page, 'what a pack brings');
  await house.picture(page, 'brings');
  await page.getByLabel('名称、编号').fill('发热');
  await page.getByRole('button', { name: /筛查发热转随访/ }).click();
  const rule = page.locator('.pk-rule');
  await rule.getByText('新增或修改 Observation 之后').waitFor();
  await rule.getByRole('row').filter({ hasText: '%fever_limit' }).getByText('37.3', { exact: true }).waitFor();
  assert.ok((await rule.locator('.pk-clauses li').count()) > 3);
  await rule.getByText('新增 Task', { exact: true }).waitFor();
  await checkAxe(page, 'a rule in words');
  await house.picture(page, 'rule');
  assert.match(page.url(), /pack=screening/);
  // A link leads a colleague to the same place; back leads back.
  await page.reload();
  await rule.getByText('新增 Task', { exact: true }).waitFor();
  await page.getByRole('button', { name: '原文' }).click();
  await page.locator('.pk-in pre').waitFor();
  await page.goBack();
  await page.getByText('从左边选一项').waitFor();
  // Files of other kinds, and the settings.
  await page.getByRole('button', { name: /现在用的设置/ }).click();
  await page.locator('.pk-plain').getByText('fever_limit_cel').waitFor();
  await page.getByLabel('名称、编号').fill('no such thing');
  await page.getByText('没有符合的').waitFor();
  await done();
});

test('tried on history: as it is, with another limit, and held against each other; a failure is said', real, async () => {
  const { page, done } = await house.enter(kDesk, 'boss', '/ops/packs?pack=emergency-stock&file=rules/shortage&tab=try');
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('算完了').waitFor();
  assert.equal(await number(page, '次成立'), '30');
  // What the rule itself has written since is looked at too.
  assert.ok(Number(await number(page, '次看过')) >= 60);
  await untilCount(page.locator('.pk-found tbody tr'), 30);
  await page.locator('.pk-found summary').filter({ hasText: '新增 Task' }).first().click();
  await page.locator('.pk-found details[open]').getByText('focus.reference').waitFor();
  await checkAxe(page, 'what a rule would have made');
  await house.picture(page, 'tried');
  // Another limit, for trying alone.
  await page.getByRole('button', { name: '改一改再试' }).click();
  const own = page.getByLabel('改过的规则，只用来试');
  await own.fill((await own.inputValue()).replace('onHand < minimum', 'onHand < minimum - 10'));
  await page.getByRole('button', { name: '开始试' }).click();
  await until('the other limit raises less', async () => (await page.getByText('算完了').count()) > 0 && (await number(page, '次成立')) === '15');
  await page.locator('.pk-before').getByText('30 次成立').waitFor();
  await checkAxe(page, 'held against the one before');
  await house.picture(page, 'changed');
  // What is wrong with it is said: by the page, and by the server.
  await own.fill('{');
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('不是完整的 JSON').waitFor();
  await own.fill('{"id": "emergency-stock.shortage"}');
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('没有完成').or(page.getByText('没有算完')).first().waitFor();
  await house.picture(page, 'wrong');
  await page.getByRole('button', { name: '不改，试现在的' }).click();
  // A cause leads to the version that was looked at.
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByRole('link', { name: /StockItem\/s\d+ 第 1 版/ }).first().click();
  await page.locator('.fb-one').waitFor();
  await done();
});

test('it can be stopped; a server that is busy is said so', real, async () => {
  const { page, done } = await house.enter(kDesk, 'cdc', '/ops/packs?pack=emergency-stock&file=rules/shortage&tab=try');
  let held;
  const seen = new Promise((hold) => (held = hold));
  await page.route('**/app/emergency-stock/rules/**', async (route) => { held(); await new Promise((go) => setTimeout(go, 3_600_000)).catch(() => {}); void route; });
  await page.getByRole('button', { name: '开始试' }).click();
  await seen;
  await page.getByText('正在算').waitFor();
  await page.getByRole('button', { name: '停', exact: true }).click();
  await page.getByText('停在 0 %').waitFor();
  await page.unroute('**/app/emergency-stock/rules/**');
  const mend = await failing(page, '**/app/emergency-stock/rules/**', 'GET', 429);
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('一次只能试一条').waitFor();
  mend();
  await page.getByLabel('从哪天').fill('');
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('请填从哪天开始').waitFor();
  // He may not browse records: a cause is words.
  await page.getByLabel('从哪天').fill('2026-01-01');
  await page.getByRole('button', { name: '开始试' }).click();
  await page.getByText('StockItem/', { exact: false }).first().waitFor();
  assert.equal(await page.locator('.pk-found a').count(), 0);
  await done();
});

test('an operator reads and does not try; on a phone it fits, in English no Chinese of ours is left', real, async () => {
  const { page, done } = await house.enter(kPhone, 'ops', '/ops/packs?pack=screening&file=rules/fever');
  await page.locator('.pk-rule').waitFor();
  assert.equal(await page.getByRole('button', { name: '用历史试一试' }).count(), 0);
  assert.ok(await fits(page));
  await checkAxe(page, 'a rule on a phone');
  await house.picture(page, 'phone');
  await page.getByRole('button', { name: '关闭' }).click();
  await page.locator('.pk-brings').waitFor();
  assert.ok(await fits(page));
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Packs and rules' }).waitFor();
  assert.doesNotMatch(await page.locator('.pk-packs, .pk-files').allInnerTexts().then((all) => all.join('\n')), /\p{Script=Han}/u);
  await house.picture(page, 'en');
  await done();
});
