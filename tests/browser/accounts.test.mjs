// The desk's page of accounts, against the real program (the test double keeps none): list and search, a new one, its first sign-in, locking, resetting, ending
// sessions, what is refused; by keyboard, by axe, on a phone, in both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Tab, totp } from '../lib/sign_in.mjs';
import { House, kPassword } from './house.mjs';
import { checkAxe, failing, kDesk, kPhone, openPage, until, untilCount } from './lib.mjs';

const kMany = 130, kDoor = '/ops/';
const house = new House('accounts', [
  ['sec', '--post', 'security-officer', '--display', '安全员老周'], ['sec2', '--post', 'security-officer', '--display', '安全员小吴'], ['li', '--post', 'doctor', '--area', '380102', '--display', '李医生', '--record', 'Practitioner/li'],
  ['ops', '--post', 'operator', '--display', '运维值班'], ['anna', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/a', '--display', '安娜'],
]);
const { real } = house;
const enter = (viewport, who = 'sec', where = kDoor) => house.enter(viewport, who, where);
const picture = (...what) => house.picture(...what);

before(() => house.open(() => {
  house.account(['add', 'meter', '--kind', 'device', '--post', 'screener', '--area', '380102', '--display', '体温门 3 号'], '');
  // More than one page of them, written as the program writes them: one by one each would take a hash.
  const file = path.join(house.data, 'accounts.toml'), hash = fs.readFileSync(file, 'utf8').match(/password = "(\$argon2id[^"]*)"/)[1];
  fs.appendFileSync(file, Array.from({ length: kMany }, (_, i) => `\n[[account]]\nname = "nurse${String(i).padStart(3, '0')}"\ndisplay = "护士 ${i} 号"\npassword = "${hash}"\npost = "screener"\narea = "380104"\ndisabled = ${i % 10 === 0}\ngeneration = 1\n`).join(''));
}));
after(() => house.close());

const rows = (page) => page.locator('.ac-table tbody tr');
const row = (page, text) => rows(page).filter({ hasText: text });
const detail = (page) => page.locator('.ac-detail');
async function deed(page, name) {
  await detail(page).getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

test('the door opens at the list: counted, narrowed, searched, read on, by keyboard', real, async () => {
  const { page, done } = await enter(kDesk);
  await page.waitForURL(/\/ops\/accounts$/);
  await row(page, '李医生').waitFor();
  await checkAxe(page, 'the list');
  await picture(page, 'list');
  await page.locator('.ac-foot', { hasText: `显示 50 个，共 ${kMany + 7} 个` }).waitFor();
  await page.getByRole('button', { name: '再读一些' }).click();
  await untilCount(rows(page), 100);
  // The counters are the filters, and the URL holds them.
  const counter = (name) => page.getByRole('group', { name: '按种类' }).getByRole('button', { name: new RegExp(`^${name}`) });
  assert.match(await counter('程序').innerText(), /0/);
  await counter('已停用').click();
  await untilCount(rows(page), kMany / 10);
  assert.match(page.url(), /show=disabled/);
  await counter('程序').click();
  await page.getByText('没有符合条件的账号').waitFor();
  await checkAxe(page, 'nothing fits');
  await picture(page, 'empty');
  await page.getByRole('button', { name: '看全部账号' }).click();
  await row(page, '李医生').waitFor();
  await page.getByRole('combobox', { name: '岗位' }).selectOption('doctor');
  await untilCount(rows(page), 1);
  await page.getByRole('combobox', { name: '岗位' }).selectOption('');
  // What is searched for is a name: not in the URL.
  await page.locator('.ac-table').focus().catch(() => undefined);
  await page.locator('h1').click();
  await page.keyboard.press('/');
  await page.keyboard.type('护士 12');
  await until('the nurses', async () => (await rows(page).count()) === 11);
  assert.ok(!decodeURIComponent(page.url()).includes('护士'));
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await detail(page).getByRole('heading', { name: '护士 120 号' }).waitFor();
  assert.match(page.url(), /account=nurse120/);
  await page.locator('h1').click();
  await page.keyboard.press('Escape');
  await page.getByText('从左边选一个账号').waitFor();
  await done();
});

test('a new account: errors at their fields, a password shown once, which is changed at the first sign-in', real, async () => {
  const { page, done } = await enter(kDesk);
  await row(page, '李医生').waitFor();
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: '新增账号' }).waitFor();
  await page.getByLabel('账号名', { exact: true }).fill('Wu Li');
  await page.getByLabel('区域').fill('38010');
  await detail(page).getByRole('button', { name: '新增账号' }).click();
  await page.getByText('只能用小写字母').waitFor();
  await page.getByText('请选择岗位').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'ac-name');
  await checkAxe(page, 'a new account with problems');
  await picture(page, 'add-wrong');
  // Nothing typed is lost by looking at another one.
  await row(page, '李医生').click();
  await detail(page).getByRole('heading', { name: '李医生' }).waitFor();
  await page.getByRole('button', { name: '新增账号' }).click();
  assert.equal(await page.getByLabel('账号名', { exact: true }).inputValue(), 'Wu Li');
  await page.getByLabel('账号名', { exact: true }).fill('li');
  await page.getByLabel('姓名或名称').fill('吴护士');
  await page.getByLabel('岗位').last().selectOption({ label: '筛查员' });
  await page.getByLabel('区域').fill('380102');
  await page.getByLabel('手机号').fill('199 0000 4321');
  await page.keyboard.press('Enter');
  await page.getByText('与别的账号冲突').waitFor();
  await picture(page, 'add-conflict');
  await page.getByLabel('账号名', { exact: true }).fill('wu');
  await page.keyboard.press('Enter');
  const key = page.locator('.ac-once .tk-key');
  await key.waitFor();
  const once = await key.innerText();
  assert.match(once, /^[a-z2-7]{5}-[a-z2-7]{5}-[a-z2-7]{5}$/);
  await checkAxe(page, 'a password shown once');
  await picture(page, 'once');
  // Kept while another one is looked at, gone when it was put away.
  await row(page, '李医生').click();
  await detail(page).getByRole('heading', { name: '李医生' }).waitFor();
  await untilCount(key, 0);
  await page.getByLabel('账号名或姓名').fill('吴护');
  await row(page, '吴护士').click();
  assert.equal(await key.innerText(), once);
  await page.getByRole('button', { name: '已交给本人，收起' }).click();
  await untilCount(key, 0);
  assert.ok(!(await page.content()).includes('19900004321'));
  await page.reload();
  await detail(page).getByText('待改密码').waitFor();
  await untilCount(key, 0);
  assert.equal((await new Tab(house.server).signIn('wu', once)).json.next, 'password');
  await done();
});

test('changing, locking, resetting: each says what comes of it, and it does', real, async () => {
  const li = new Tab(house.server), other = new Tab(house.server, 'Mozilla/5.0 (iPhone) Safari/604.1');
  await li.signIn('li', kPassword);
  await other.signIn('li', kPassword);
  const { secret, ticket } = (await li.auth('factor', { password: kPassword })).json;
  assert.equal((await li.auth('factor-confirm', { ticket, code: totp(secret) })).status, 200);
  const { page, done } = await enter(kDesk, 'sec', `${kDoor}accounts?account=li`);
  await detail(page).getByText('密码 + 动态口令').waitFor();
  await detail(page).getByText('Chrome').waitFor();
  await checkAxe(page, 'one account');
  await picture(page, 'one');
  // One session ended, the account goes on.
  await detail(page).getByRole('button', { name: /^结束 Chrome/ }).click();
  await page.getByText('现在没有登录。').waitFor();
  assert.equal((await li.me()).status, 401);
  // Another area, told with what was changed alone.
  await detail(page).getByRole('button', { name: '修改', exact: true }).click();
  await page.getByLabel('区域').fill('380104');
  const sent = page.waitForRequest((r) => r.method() === 'PATCH');
  await detail(page).getByRole('button', { name: '保存' }).click();
  assert.deepEqual((await sent).postDataJSON(), { area: '380104' });
  await detail(page).getByText('380104').waitFor();
  // Locked: it says so first, and can be taken back.
  await detail(page).getByRole('button', { name: '停用' }).click();
  await page.getByRole('dialog').getByText('现有的登录和令牌立即结束').waitFor();
  await checkAxe(page, 'before it is disabled');
  await picture(page, 'confirm');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await deed(page, '停用');
  await detail(page).getByText('已停用').waitFor();
  assert.equal((await new Tab(house.server).signIn('li', kPassword)).status, 401);
  await deed(page, '恢复使用');
  await detail(page).getByRole('button', { name: '停用' }).waitFor();
  assert.equal((await new Tab(house.server).signIn('li', kPassword)).json.next, 'code');
  await deed(page, '重置第二种凭证');
  await untilCount(detail(page).getByRole('button', { name: '重置第二种凭证' }), 0);
  await deed(page, '重置密码');
  const once = await page.locator('.ac-once .tk-key').innerText();
  assert.equal((await new Tab(house.server).signIn('li', kPassword)).status, 401);
  assert.equal((await new Tab(house.server).signIn('li', once)).json.next, 'password');
  // A failure is said in the page's words, and the account stays as it was.
  const mend = await failing(page, '**/admin/accounts/li/disable', 'POST', 503);
  await detail(page).getByRole('button', { name: '停用' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '停用' }).click();
  await page.getByRole('dialog').getByText('服务器正忙').waitFor();
  mend();
  await page.keyboard.press('Escape');
  await done();
});

test('a program: its secret shown once and changed', real, async () => {
  const { page, done } = await enter(kDesk, 'sec', `${kDoor}accounts`);
  await page.getByRole('button', { name: '新增账号' }).click();
  await page.getByRole('radio', { name: '程序' }).check();
  await page.getByLabel('账号名', { exact: true }).fill('portal');
  await page.getByLabel('最多可授权的范围').fill('openid user/*.rs');
  await page.getByLabel('回答的去向').fill('https://portal.example.cn/back');
  await picture(page, 'add-program');
  await detail(page).getByRole('button', { name: '新增账号' }).click();
  const key = page.locator('.ac-once .tk-key');
  await key.waitFor();
  const first = await key.innerText();
  await detail(page).getByText('RS256').waitFor();
  await deed(page, '更换密钥');
  await until('another secret', async () => (await key.innerText()) !== first);
  await done();
});

test('what one may not is said, not offered: one\'s own account, the administrator\'s, another post', real, async () => {
  const { page, done } = await enter(kDesk, 'sec', `${kDoor}accounts?account=sec`);
  await page.getByText('这是您自己的账号，由别人修改。').waitFor();
  await untilCount(detail(page).getByRole('button', { name: /停用|重置|修改|结束/ }), 0);
  await row(page, '管理员').first().click();
  await page.getByText('管理员账号只在服务器上').waitFor();
  await checkAxe(page, 'locked');
  await page.goto(`${house.base}${kDoor}accounts?account=nobody`);
  await page.getByText('没有找到').waitFor();
  await done();
  const doctor = await enter(kDesk, 'ops', `${kDoor}accounts`);
  await doctor.page.getByText('您的岗位不管账号').waitFor();
  await untilCount(doctor.page.getByRole('link', { name: '账号', exact: true }), 0);
  await checkAxe(doctor.page, 'another post');
  await doctor.done();
});

test('a list that does not come says so, and comes when asked again', real, async () => {
  const opened = await openPage(house.browser, kDesk);
  const mend = await failing(opened.page, '**/admin/accounts?*', 'GET', 503);
  await opened.page.goto(`${house.base}${kDoor}accounts`);
  await opened.page.getByLabel('账号').fill('sec');
  await opened.page.getByLabel('密码', { exact: true }).fill(kPassword);
  await opened.page.keyboard.press('Enter');
  await opened.page.getByText('服务器正忙').waitFor();
  await picture(opened.page, 'failed');
  mend();
  await opened.page.getByRole('button', { name: '再试一次' }).click();
  await row(opened.page, '李医生').waitFor();
  await opened.done();
});

test('on a phone it fits, and in English there is no Chinese left but names', real, async () => {
  const { page, done } = await enter(kPhone, 'sec', `${kDoor}accounts`);
  await row(page, '李医生').waitFor();
  const fits = () => page.evaluate(() => document.querySelector('.ac').scrollWidth <= innerWidth && document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits(), 'nothing stands out at the side');
  await checkAxe(page, 'the list on a phone');
  await picture(page, 'phone-list');
  await row(page, '李医生').click();
  await detail(page).getByRole('button', { name: '停用' }).waitFor();
  assert.ok(await fits());
  await checkAxe(page, 'one account on a phone');
  await picture(page, 'phone-one');
  await detail(page).getByRole('button', { name: '关闭' }).click();
  await page.getByRole('button', { name: /新增账号/ }).click();
  assert.ok(await fits());
  await picture(page, 'phone-add');
  await detail(page).getByRole('button', { name: '关闭' }).click();
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('button', { name: /Add account/ }).click();
  const noHan = async (where) => assert.doesNotMatch((await page.locator(where).innerText()).replaceAll(/李医生|安全员老周|安全员小吴|运维值班|安娜|体温门 3 号|护士 \d+ 号|吴护士|管理员/g, ''), /\p{Script=Han}/u);
  await noHan('.ac-detail');
  await detail(page).getByRole('button', { name: 'Close' }).click();
  await row(page, '李医生').click();
  await detail(page).getByRole('button', { name: 'Disable' }).waitFor();
  await noHan('.ac');
  await picture(page, 'phone-en');
  await done();
});
