// Behind /ops, what the platform's data stand on: the tree of areas with map and institutions, tables that go in with what is wrong row by row, who may what and why, what works
// by itself; by keyboard, by axe, on a phone, in both languages. The areas are those of a synthetic city.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freshFolder, request } from '../lib/server.mjs';
import { fits, House } from './house.mjs';
import { checkAxe, failing, kDesk, kPhone, untilCount } from './lib.mjs';

const house = new House('keeping', [
  ['boss', '--post', 'admin', '--display', '高志强'], ['sec', '--post', 'security-officer', '--display', '安全员老周'], ['ops', '--post', 'operator', '--display', '运维值班'], ['li', '--post', 'doctor', '--area', '380102', '--display', '李医生'],
]);
const { real } = house;
let city;
const table = (name, text) => {
  const file = path.join(city, name);
  fs.writeFileSync(file, text);
  return file;
};

before(() => house.open().then(async () => {
  if (!house.built) return;
  city = freshFolder('keeping-city');
  const generator = process.env.TK_CITY ?? path.join(path.dirname(house.built), '../city/tongkang_city');
  execFileSync(generator, ['--persons', '1000', '--seed', '7', '--out', path.join(city, 'city')], { stdio: 'ignore' });
  for (const name of ['areas', 'organizations']) await house.ask('POST', `$import-${name}`, fs.readFileSync(path.join(city, `city/${name}.csv`), 'utf8'), { 'content-type': 'text/csv' });
  const tag = (code) => ({ tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code }] });
  for (const [id, code] of [['here', '380102'], ['there', '380104']]) await house.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id, meta: tag(code), name: [{ text: '何思明' }] });
}));
after(async () => {
  await house.close();
  if (city) fs.rmSync(city, { recursive: true, force: true });
});

test('areas: unfolded, found, on the map, with the institutions that serve them', real, async () => {
  const { page, done } = await house.enter(kDesk, 'boss', '/ops/areas');
  const one = page.locator('.ar-one');
  await one.getByRole('heading', { name: '安和市' }).waitFor();
  await untilCount(one.locator('.ar-map a'), 9);
  await one.getByText('安和市第一人民医院').waitFor();
  await checkAxe(page, 'the city');
  await house.picture(page, 'areas');
  await page.getByRole('button', { name: '展开 清江区' }).click();
  await page.locator('.ar-tree').getByRole('button', { name: '大洲街道 380102001' }).click();
  await one.getByText('安和市/清江区/大洲街道').waitFor();
  assert.match(page.url(), /area=380102001/);
  await page.goBack();
  await one.getByRole('heading', { name: '安和市' }).waitFor();
  await one.locator('.ar-map').getByRole('link', { name: '云山县' }).click();
  await one.getByRole('heading', { name: '云山县' }).waitFor();
  await page.getByLabel('名称、代码').fill('街道');
  await page.locator('.ar-tree').getByRole('button', { name: '桥墩街道 380103001' }).click();
  await one.getByRole('heading', { name: '桥墩街道' }).waitFor();
  await checkAxe(page, 'an area that was found');
  await page.getByLabel('名称、代码').fill('380104');
  await page.locator('.ar-tree').getByRole('button', { name: '云山县 380104' }).waitFor();
  await page.getByLabel('名称、代码').fill('没有这个地方');
  await page.getByText('没有符合的').waitFor();
  await page.setViewportSize(kPhone);
  assert.ok(await fits(page));
  await house.picture(page, 'areas-phone');
  await done();
});

test('a table: an empty one, looked at, what is wrong beside its row, then kept; the same again changes nothing', real, async () => {
  const { page, done } = await house.enter(kDesk, 'boss', '/ops/areas');
  await page.getByRole('link', { name: '导入表格' }).last().click();
  await page.getByRole('heading', { name: '区划', exact: true }).waitFor();
  const saved = page.waitForEvent('download');
  await page.locator('.wz-templates').getByRole('button', { name: '区划' }).click();
  assert.match(fs.readFileSync(await (await saved).path(), 'utf8'), /^\uFEFF代码,名称,上级代码/);
  await checkAxe(page, 'before a table is sent');
  const grids = table('grids.csv', '代码,名称,备注\n380102001,大洲新街道,x\n38010,错的,x\n380102009,新街道,x\n');
  const choose = (file) => page.getByLabel('把表拖到这里').setInputFiles(file);
  const count = (name) => page.locator('.wz-numbers div').filter({ has: page.getByText(name, { exact: true }) }).locator('dd').innerText();
  await choose(grids);
  await page.getByText('已检查，还什么都没有写').waitFor();
  await page.locator('.wz-rows tr').filter({ hasText: '错的' }).getByText('区划代码不对').waitFor();
  await page.getByText('不认识的列“备注”').waitFor();
  await checkAxe(page, 'what a table would do');
  await house.picture(page, 'table-looked');
  await page.getByRole('button', { name: '只导入没问题的 2 行' }).click();
  await page.getByText('grids.csv 已导入').waitFor();
  assert.deepEqual([await count('新增'), await count('变更'), await count('有问题')], ['1', '1', '1']);
  await page.getByRole('button', { name: '再导入一个' }).click();
  await choose(grids);
  await page.getByRole('button', { name: '没有可导入的行' }).waitFor();
  assert.equal(await count('没有变化'), '2');
  // A pack's own table, with its columns in words.
  await page.getByRole('button', { name: /emergency-stock/ }).click();
  await page.locator('.tb-heads li').first().waitFor();
  await page.locator('.wz-templates').getByRole('link', { name: '物资清单' }).waitFor();
  const mend = await failing(page, '**/app/emergency-stock/imports/**', 'POST', 503);
  await choose(table('stock.csv', '名称\n口罩\n'));
  await page.locator('.wz .tk-note-ink').waitFor();
  mend();
  await page.setViewportSize(kPhone);
  assert.ok(await fits(page));
  await checkAxe(page, 'a table on a phone');
  await done();
});

test('who may what: why not, why, asked again by a link; posts by a right', real, async () => {
  const { page, done } = await house.enter(kDesk, 'sec', '/ops/why');
  await page.getByRole('button', { name: '问', exact: true }).click();
  await page.getByText('请填账号').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'wm-account');
  await page.keyboard.type('li');
  await page.getByLabel('记录').fill('somebody');
  await page.keyboard.press('Enter');
  await page.getByText('记录写成 类型/编号').waitFor();
  await checkAxe(page, 'a question that is not whole');
  await page.getByLabel('记录').fill('Patient/there');
  await page.keyboard.press('Enter');
  await page.locator('.wm-verdict').getByText('不可以').waitFor();
  await page.locator('.wm-steps [data-permits="false"]').filter({ hasText: '区域' }).waitFor();
  await checkAxe(page, 'why not');
  await house.picture(page, 'why-not');
  await page.getByLabel('记录').fill('Patient/here');
  await page.keyboard.press('Enter');
  await page.locator('.wm-verdict').getByText('可以', { exact: true }).waitFor();
  await page.reload();
  await page.locator('.wm-verdict').getByText('可以', { exact: true }).waitFor();
  await page.getByLabel('账号', { exact: true }).fill('nobody-of-that-name');
  await page.keyboard.press('Enter');
  await page.locator('.wm [role="alert"]').waitFor();
  await page.getByRole('button', { name: '岗位权限' }).click();
  await page.getByLabel('岗位、类型、操作').fill('try-rule');
  await page.locator('.wm-list').getByRole('button', { name: /疾控人员/ }).click();
  await page.locator('.wm-right mark').filter({ hasText: 'try-rule' }).waitFor();
  await checkAxe(page, 'a post');
  await house.picture(page, 'posts');
  await page.setViewportSize(kPhone);
  assert.ok(await fits(page));
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Who may what' }).waitFor();
  // The source of a right is as the city wrote it.
  assert.doesNotMatch((await page.locator('.wm').innerText()).replace(await page.locator('.wm-source').innerText(), ''), /\p{Script=Han}/u);
  await done();
});

test('jobs: what works by itself, the schedules, what the program said; a server that is down is said so', real, async () => {
  const { page, done } = await house.enter(kDesk, 'ops', '/ops/jobs');
  await page.getByRole('row').filter({ hasText: '规则' }).getByText('已读到最新').waitFor();
  await page.getByText('没有做不成的').waitFor();
  await page.locator('.jb-schedules a').first().waitFor();
  await checkAxe(page, 'jobs');
  await house.picture(page, 'jobs');
  fs.writeFileSync(path.join(house.data, 'posts.toml'), 'this is no table\n');
  await page.locator('.jb-lines b').filter({ hasText: 'accounts-not-reloaded' }).first().waitFor();
  fs.rmSync(path.join(house.data, 'posts.toml'));
  await page.getByLabel('找', { exact: true }).fill('no such line');
  await page.getByText('没有符合的').waitFor();
  await page.getByLabel('找', { exact: true }).fill('');
  await checkAxe(page, 'what went wrong');
  await house.picture(page, 'jobs-told');
  const mend = await failing(page, '**/admin/jobs', 'GET', 503);
  await page.locator('.jb header [role="status"]').filter({ hasText: /忙/ }).waitFor();
  mend();
  await page.setViewportSize(kPhone);
  assert.ok(await fits(page));
  await checkAxe(page, 'jobs on a phone');
  await page.setViewportSize(kDesk);
  await page.locator('.jb-schedules a').first().click();
  await page.locator('.pk-plain').waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await page.goto(house.base + '/ops/jobs');
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  assert.doesNotMatch(await page.locator('.jb').innerText(), /\p{Script=Han}/u);
  await done();
});

test('daily reports: kept, fetched as they were made, a missing day made; tables that were sent', real, async () => {
  const { page, done } = await house.enter(kDesk, 'boss', '/ops/reports');
  await page.getByText('还没有日报').waitFor();
  await checkAxe(page, 'no reports');
  const day = (back) => new Date(Date.now() + (8 - 24 * back) * 3_600_000).toISOString().slice(0, 10);
  const own = (method, where, body, type) => request(house.base, method, where, { token: house.token, body, headers: { 'content-type': type } });
  for (const back of [1, 3]) assert.equal((await own('POST', `/app/screening/daily?day=${day(back)}`, {}, 'application/json')).status, 200);
  await page.reload();
  await page.getByText('缺 1 天').waitFor();
  await page.getByRole('button', { name: `生成 ${day(2)} 日报` }).click();
  await page.getByText('没有缺').waitFor();
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: `${day(2)} PDF` }).click();
  assert.equal(fs.readFileSync(await (await saved).path()).subarray(0, 5).toString(), '%PDF-');
  await page.getByText('这一天没有导入过表').waitFor();
  await checkAxe(page, 'kept reports');
  await house.picture(page, 'reports');
  await page.setViewportSize(kPhone);
  assert.ok(await fits(page));
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Reports and imports' }).waitFor();
  assert.doesNotMatch(await page.locator('.kr').innerText(), /\p{Script=Han}/u);
  await done();
});
