// FHIR browser and audit behind /ops, against the real program (the test double knows too little FHIR): types, search with the server's own words, versions and what they
// changed, validation; the audit searched, as a table, verified; the shared list's pages, order, columns, views and keyboard; by axe, on a phone, in both languages.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { House } from './house.mjs';
import { checkAxe, failing, kDesk, kPhone, until, untilCount } from './lib.mjs';

const kMany = 120;
const house = new House('data', [['boss', '--post', 'admin', '--display', '高志强'], ['ops', '--post', 'operator', '--display', '运维值班'], ['aud', '--post', 'auditor', '--display', '审计员小郑']]);
const { real } = house;
const ask = (...what) => house.ask(...what);
const enter = (...how) => house.enter(...how);
const picture = (...what) => house.picture(...what);

before(() => house.open().then(async () => {
  if (!house.built) return;
  const made = Array.from({ length: kMany }, (_, i) => ({ request: { method: 'PUT', url: `Organization/h${i}` }, resource: { resourceType: 'Organization', id: `h${i}`, active: i % 3 > 0, name: `安和市第 ${i} 卫生院` } }));
  await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: made });
  const code = (one, display) => ({ valueCoding: { system: 'http://example.org/kind', code: one, display } });
  await ask('PUT', 'Questionnaire/visit', {
    resourceType: 'Questionnaire', id: 'visit', url: 'http://example.org/visit', version: '3', status: 'active', title: '上门随访', item: [
      { linkId: 'kind', text: '方式', type: 'choice', required: true, answerOption: [code('home', '上门'), code('phone', '电话')] },
      { linkId: 'fever', text: '体温 °C', type: 'decimal', required: true },
      { linkId: 'why', text: '为什么没有上门', type: 'string', required: true, enableWhen: [{ question: 'kind', operator: '=', answerCoding: code('phone').valueCoding }] },
      { linkId: 'met', text: '见过的人', type: 'group', repeats: true, item: [{ linkId: 'who', text: '称呼', type: 'string', maxLength: 10 }, { linkId: 'last', text: '最近一次', type: 'date' }] },
      { linkId: 'sum', text: '得分', type: 'decimal', readOnly: true }, { linkId: 'photo', text: '照片', type: 'attachment' }],
  });
  await ask('PUT', 'Organization/h7', { resourceType: 'Organization', id: 'h7', active: true, name: '安和市第七人民医院', alias: ['七院'] });
}));
after(() => house.close());

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

test('a pasted resource is validated, with the lines of what is wrong; nothing is kept', real, async () => {
  const { page, done } = await enter(kDesk, 'boss', '/ops/fhir');
  await page.getByRole('button', { name: '校验一段' }).click();
  const text = page.getByLabel('资源的 JSON');
  await text.fill('{}');
  await page.getByRole('button', { name: '校验', exact: true }).click();
  await page.getByText('没有 resourceType').waitFor();
  await text.fill('{\n  "resourceType": "Patient",\n  "gender": "none of these",\n  "birthDate": "yesterday"\n}');
  await page.getByRole('button', { name: '校验', exact: true }).click();
  await page.getByRole('button', { name: '第 4 行' }).first().click();
  assert.equal(await text.evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd)), '"birthDate": "yesterday"');
  await checkAxe(page, 'what is wrong with a pasted resource');
  await picture(page, 'pasted');
  await text.fill('{\n  "resourceType": "Patient",\n  "gender" "female"\n}');
  await page.getByRole('button', { name: '校验', exact: true }).click();
  await page.getByRole('button', { name: '第 3 行' }).waitFor();
  await text.fill('{"resourceType": "Patient", "name": [{"text": "何思明"}]}');
  await page.getByRole('button', { name: '校验', exact: true }).click();
  await page.getByText('没有错误').waitFor();
  assert.equal((await ask('GET', 'Patient?_summary=count')).total, 0);
  await page.setViewportSize(kPhone);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.locator('.fb-paste').getByRole('button', { name: '关闭' }).click();
  await page.getByText('从左边选一种资源').waitFor();
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

test('a form from a Questionnaire: errors beside the field, conditions, copies of a group, a draft that outlives a reload', real, async () => {
  const { page, done } = await enter(kDesk, 'boss', '/ops/fhir?type=Questionnaire&id=visit&part=try');
  const form = page.locator('.qf');
  await form.getByText('方式').waitFor();
  await checkAxe(page, 'a form');
  await form.getByRole('button', { name: '看看会提交什么' }).click();
  await form.getByText('请填写').first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.closest('[data-path]')?.dataset.path), 'kind');
  await checkAxe(page, 'a form with problems');
  await picture(page, 'form-problems');
  assert.equal(await form.getByLabel('为什么没有上门').count(), 0);
  await form.getByLabel('电话').check();
  await form.getByLabel('为什么没有上门').fill('家里没人');
  await form.getByLabel('体温').fill('三十七');
  await form.getByText('请填数字').waitFor();
  await form.getByLabel('体温').fill('37.6');
  await form.getByLabel('称呼').fill('邻居');
  await form.getByRole('button', { name: /再加一个/ }).click();
  await form.getByLabel('称呼').nth(1).fill('同事');
  await page.reload();
  await until('the draft is there', async () => (await form.getByLabel('称呼').count()) === 2 && (await form.getByLabel('称呼').nth(1).inputValue()) === '同事');
  await form.getByRole('button', { name: /去掉 见过的人 1/ }).click();
  await form.getByRole('radio', { name: '上门' }).check();
  await form.getByRole('button', { name: '看看会提交什么' }).click();
  const told = JSON.parse(await page.locator('.fb-in pre').innerText());
  assert.equal(told.questionnaire, 'http://example.org/visit|3');
  assert.deepEqual(told.item.map((item) => [item.linkId, item.answer?.[0].valueCoding?.code ?? item.answer?.[0].valueDecimal ?? item.item?.[0].answer[0].valueString]), [['kind', 'home'], ['fever', 37.6], ['met', '同事']]);
  await picture(page, 'form');
  await done();
});

test('system health: served, each index, rebuilt when it is asked for, the metrics', real, async () => {
  const { page, done } = await enter(kDesk, 'ops', '/ops/');
  await page.waitForURL(/\/ops\/health/);
  await page.getByText('可以服务').waitFor();
  await page.locator('.he-metrics tbody tr').first().waitFor();
  await checkAxe(page, 'system health');
  await picture(page, 'health');
  await page.getByLabel('找指标').fill('no such metric');
  await untilCount(page.locator('.he-metrics'), 0);
  await page.getByLabel('找指标').fill('');
  await page.getByRole('button', { name: '重建索引：人员' }).click();
  await page.getByRole('dialog').getByText('旧的照样用').waitFor();
  await checkAxe(page, 'before an index is rebuilt');
  const asked = page.waitForResponse((r) => r.url().endsWith('/admin/views/person/rebuild'));
  await page.getByRole('button', { name: '开始重建' }).click();
  assert.equal((await asked).status(), 202);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.setViewportSize(kPhone);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await done();
});

test('on a phone it fits, in English no Chinese is left, and another post is told that this is not for it', real, async () => {
  const { page, done } = await enter(kPhone, 'boss', '/ops/fhir?type=Organization&id=h7');
  await page.locator('.fb-one').getByText('七院').waitFor();
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await checkAxe(page, 'a resource on a phone');
  await picture(page, 'phone');
  await page.goto(house.base + '/ops/audit');
  await rows(page).first().waitFor();
  assert.ok(await fits());
  await checkAxe(page, 'the audit on a phone');
  await page.setViewportSize(kDesk);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Audit' }).waitFor();
  await until('English', async () => !/\p{Script=Han}/u.test((await page.locator('.au').innerText()).replaceAll(/高志强|审计员小郑|管理员|运维值班/g, '')));
  await picture(page, 'audit-en');
  await done();
  const aud = await enter(kDesk, 'aud', '/ops/review');
  await aud.page.getByText('您的岗位不能看这一页').waitFor();
  await aud.done();
});
