// FHIR browser and audit behind /ops, against the real program (the test double knows too little FHIR): types, search with the server's own words, versions and what they
// changed, validation; the audit searched, as a table, verified; the shared list's pages, order, columns, views and keyboard; by axe, on a phone, in both languages.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, Server } from '../lib/server.mjs';
import { checkAxe, failing, kDesk, kPhone, openBrowser, openPage, until, untilCount } from './lib.mjs';

const kPassword = 'bitter melon 77', kMany = 120;
const built = (() => {
  try { return process.env.PROGRAM ?? program(); } catch { return null; }
})();
const real = { skip: built ? false : 'needs the program: ./tk build once' };

let browser, server, data, token;
const account = (...args) => execFileSync(built, ['account', ...args, '--data', data], { input: kPassword, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
const ask = async (method, target, body) => {
  const answer = await request(server.base, method, `/fhir/${target}`, { token, body });
  assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
  return answer.json;
};

before(async () => {
  if (!built) return;
  process.env.TK_PROGRAM ??= built;
  data = freshFolder('data-pages');
  account('add', 'boss', '--post', 'admin', '--display', '高志强');
  account('add', 'aud', '--post', 'auditor', '--display', '审计员小郑');
  browser = await openBrowser();
  server = await new Server(data, { pages: path.resolve(import.meta.dirname, '../../ui/dist') }).start();
  token = await server.token();
  const made = Array.from({ length: kMany }, (_, i) => ({ request: { method: 'PUT', url: `Organization/h${i}` }, resource: { resourceType: 'Organization', id: `h${i}`, active: i % 3 > 0, name: `安和市第 ${i} 卫生院` } }));
  await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: made });
  await ask('PUT', 'Organization/h7', { resourceType: 'Organization', id: 'h7', active: true, name: '安和市第七人民医院', alias: ['七院'] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (data) fs.rmSync(data, { recursive: true, force: true });
});

async function picture(page, name) {
  if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `data-${name}.png`) });
}
async function enter(viewport, who, where) {
  const opened = await openPage(browser, viewport);
  await opened.page.goto(server.base + where);
  await opened.page.getByLabel('账号').fill(who);
  await opened.page.getByLabel('密码', { exact: true }).fill(kPassword);
  await opened.page.keyboard.press('Enter');
  return opened;
}
const rows = (page) => page.locator('.ls-table tbody tr');

test('FHIR browser: a type, its pages, an order, a search in the server\'s words, one resource and what its versions changed', real, async () => {
  const { page, done } = await enter(kDesk, 'boss', '/ops/fhir');
  await page.getByText('从左边选一种资源').waitFor();
  await checkAxe(page, 'the types');
  await page.getByLabel('找类型').fill('organiz');
  await page.getByRole('button', { name: 'Organization', exact: true }).click();
  await page.getByText(`第 1–50 条，共 ${kMany} 条`).waitFor();
  await untilCount(rows(page), 50);
  await checkAxe(page, 'a list of resources');
  await picture(page, 'fhir-list');
  await page.getByRole('button', { name: '下一页' }).click();
  await page.getByText(`第 51–100 条，共 ${kMany} 条`).waitFor();
  await page.getByRole('button', { name: '上一页' }).click();
  // An order by the server, in the URL.
  await page.getByRole('button', { name: '编号' }).click();
  await until('h0 stands first', async () => (await rows(page).first().innerText()).startsWith('h0'));
  assert.match(page.url(), /sort=_id/);
  // Columns and views stay on the device.
  await page.locator('.ls-menu summary').filter({ hasText: '列' }).click();
  await page.getByRole('checkbox', { name: '版本' }).uncheck();
  await untilCount(page.getByRole('columnheader', { name: '版本' }), 0);
  await page.keyboard.press('Escape');
  await page.locator('.ls-menu summary').filter({ hasText: '我的视图' }).click();
  await page.getByLabel('把现在的筛选存为视图').fill('按编号');
  await checkAxe(page, 'views');
  await picture(page, 'views');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: '按编号', exact: true }).waitFor();
  await page.reload();
  await until('columns are kept', async () => (await rows(page).count()) === 50 && (await page.getByRole('columnheader', { name: '版本' }).count()) === 0);
  // A search: what is looked for is in no address.
  const asked = [];
  page.on('request', (r) => asked.push(decodeURIComponent(r.url())));
  await page.getByLabel('参数，如 status').fill('name');
  await page.locator('.fb-criteria p', { hasText: 'string' }).waitFor();
  await page.getByLabel('值', { exact: true }).fill('安和市第七');
  await page.getByRole('button', { name: '加上条件' }).click();
  await untilCount(rows(page), 1);
  assert.ok(!asked.some((url) => url.includes('第七')), 'what is searched for stands in no address');
  // By keyboard into the record.
  await page.locator('.ls-head h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const one = page.locator('.fb-one');
  await one.getByText('安和市第七人民医院').waitFor();
  await checkAxe(page, 'one resource');
  await one.getByRole('button', { name: '历史与差别' }).click();
  await one.getByRole('row').filter({ hasText: 'name' }).getByText('安和市第 7 卫生院').waitFor();
  await one.getByText('alias[0]').waitFor();
  await checkAxe(page, 'what a version changed');
  await picture(page, 'fhir-history');
  await one.getByRole('button', { name: '校验' }).click();
  await one.locator('.fb-issues li').first().waitFor();
  await picture(page, 'fhir-check');
  await one.getByRole('button', { name: 'JSON' }).click();
  await one.locator('pre').waitFor();
  await page.locator('.ls-head h1').click();
  await page.keyboard.press('Escape');
  await untilCount(one, 0);
  await page.getByLabel('去掉条件 name').click();
  await untilCount(rows(page), 50);
  await done();
});

test('the list: a failure is said and keeps what was there; nothing fits; a table leaves', real, async () => {
  const { page, done } = await enter(kDesk, 'boss', '/ops/fhir?type=Organization');
  await untilCount(rows(page), 50);
  const mend = await failing(page, '**/fhir/Organization/_search', 'POST', 503);
  await page.getByRole('button', { name: '刷新' }).click();
  await page.locator('.ls-asof b').waitFor();
  await untilCount(rows(page), 50);
  await picture(page, 'stale');
  mend();
  await page.getByRole('button', { name: '刷新' }).click();
  await untilCount(page.locator('.ls-asof b'), 0);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: '导出表格' }).click();
  const file = await (await saved).path();
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(text.startsWith('\uFEFF编号,内容,'));
  assert.equal(text.trim().split('\r\n').length, kMany + 1);
  await done();
});

test('audit: who did what, narrowed, one event, the chain verified', real, async () => {
  const { page, done } = await enter(kDesk, 'aud', '/ops/');
  await page.waitForURL(/\/ops\/audit/);
  await rows(page).filter({ hasText: '高志强' }).first().waitFor();
  await checkAxe(page, 'the audit');
  await picture(page, 'audit');
  await page.getByRole('combobox', { name: '做了什么' }).selectOption('sign-in');
  await until('only sign-ins', async () => (await rows(page).count()) > 0 && (await rows(page).allInnerTexts()).every((text) => text.includes('登录')));
  await page.locator('.ls-head h1').click();
  await page.keyboard.press('/');
  await page.keyboard.type('boss');
  await until('of one account', async () => (await rows(page).count()) > 0 && (await rows(page).allInnerTexts()).every((text) => text.includes('boss')));
  await rows(page).first().click();
  await page.getByRole('dialog').getByText('登录', { exact: true }).waitFor();
  await checkAxe(page, 'one event');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '被拒' }).click();
  await page.getByText('没有符合条件的').or(rows(page).first()).waitFor();
  await page.getByRole('button', { name: '核验审计链' }).click();
  await page.getByRole('button', { name: '开始核验' }).click();
  await page.getByText(/完好：\d+ 个文件，\d+ 条记录/).waitFor();
  await page.getByRole('dialog').getByRole('link').first().waitFor();
  await checkAxe(page, 'the chain');
  await picture(page, 'verified');
  await done();
});

test('on a phone it fits, in English no Chinese is left, and another post is told that this is not for it', real, async () => {
  const { page, done } = await enter(kPhone, 'boss', '/ops/fhir?type=Organization&id=h7');
  await page.locator('.fb-one').getByText('七院').waitFor();
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await checkAxe(page, 'a resource on a phone');
  await picture(page, 'phone');
  await page.goto(server.base + '/ops/audit');
  await rows(page).first().waitFor();
  assert.ok(await fits());
  await checkAxe(page, 'the audit on a phone');
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Audit' }).waitFor();
  await until('English', async () => !/\p{Script=Han}/u.test((await page.locator('.au').innerText()).replaceAll(/高志强|审计员小郑|管理员/g, '')));
  await picture(page, 'audit-en');
  await done();
  const aud = await enter(kDesk, 'aud', '/ops/review');
  await aud.page.getByText('您的岗位不能看这一页').waitFor();
  await aud.done();
});
