// Signing in with a second factor, and the page of one's own sign-on, against the real program (the test double knows neither): by keyboard, by axe, in
// both languages. PICTURES=DIR keeps a picture of each state.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freshFolder, program, Server } from '../lib/server.mjs';
import { textsOf, totp } from '../lib/sign_in.mjs';
import { checkAxe, kDesk, kPhone, openBrowser, openPage } from './lib.mjs';

const kPassword = 'bitter melon 77', kNext = 'winter gourd and rain', kNumber = '19900001234';
const built = (() => {
  try { return process.env.PROGRAM ?? program(); } catch { return null; }
})();
const real = { skip: built ? false : 'needs the program: ./tk build once' };

let browser, server, data;
const account = (args, input) => execFileSync(built, ['account', ...args, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
before(async () => {
  if (!built) return;
  process.env.TK_PROGRAM ??= built;
  data = freshFolder('account-pages');
  account(['add', 'li', '--post', 'doctor', '--area', '380102', '--display', '李医生'], kPassword);
  fs.writeFileSync(path.join(data, 'posts.toml'), '[keeper]\ntitle_zh = "值班主管"\ntitle_en = "Keeper"\nreads = ["Patient"]\nsource = "a test"\nsecond_factor = true\n');
  account(['add', 'wu', '--post', 'keeper', '--display', '吴主管'], kPassword);
  account(['add', 'chen', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/chen', '--display', '陈居民', '--no-password']);
  account(['set-phone', 'chen'], kNumber);
  browser = await openBrowser();
  server = await new Server(data, { args: ['--sms', 'simulated'], pages: path.resolve(import.meta.dirname, '../../ui/dist') }).start();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (data) fs.rmSync(data, { recursive: true, force: true });
});

async function picture(page, name) {
  if (process.env.PICTURES) await page.screenshot({ path: path.join(process.env.PICTURES, `${name}.png`), fullPage: true });
}

async function password(page, where, name, text = kPassword) {
  await page.goto(server.base + where);
  await page.getByLabel('账号').fill(name);
  await page.getByLabel('密码', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

const keyOf = async (page) => (await page.locator('.tk-enrol .tk-key').innerText()).replace(/\s/g, '');

test('a post that demands it: the app is enrolled at the first sign-in, the codes are shown once, by keyboard alone', real, async () => {
  const { page, done } = await openPage(browser, kPhone);
  await password(page, '/', 'wu');
  await page.getByRole('heading', { name: '绑定动态口令' }).waitFor();
  await page.getByRole('img', { name: '动态口令二维码' }).waitFor();
  assert.ok(await page.locator('.tk-qr').evaluate((img) => img.complete && img.naturalWidth > 0), 'the code is a picture that shows');
  await checkAxe(page, 'enrolment at sign-in');
  await picture(page, 'sign-in-enrol');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'tk-code');
  await page.keyboard.type('000000');
  await page.keyboard.press('Enter');
  await page.getByText('验证码不对').waitFor();
  assert.equal(await page.getByLabel('应用显示的 6 位数字').getAttribute('aria-invalid'), 'true');
  const secret = await keyOf(page);
  await page.keyboard.type(totp(secret));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '恢复码' }).waitFor();
  assert.equal(await page.locator('.tk-codes li').count(), 10);
  await checkAxe(page, 'recovery codes');
  await picture(page, 'sign-in-recovery');
  await page.getByRole('button', { name: '已保存，继续' }).press('Enter');
  await page.getByText('从哪个门进去').waitFor();
  await page.getByRole('button', { name: '退出登录' }).click();
  // The next time it is password, then code.
  await password(page, '/', 'wu');
  await page.getByRole('heading', { name: '输入动态口令' }).waitFor();
  await checkAxe(page, 'code at sign-in');
  await picture(page, 'sign-in-code');
  await page.keyboard.type(totp(secret, 1).replace(/(...)/, '$1 '));
  await page.keyboard.press('Enter');
  await page.getByText('从哪个门进去').waitFor();
  assert.ok(!page.url().includes('?'));
  await done();
});

test('my sign-on: an app set up, sessions ended, the password changed', real, async () => {
  const { page, done } = await openPage(browser, kDesk);
  const elsewhere = await openPage(browser, kPhone);
  await password(elsewhere.page, '/', 'li');
  await elsewhere.page.getByText('从哪个门进去').waitFor();
  await password(page, '/', 'li');
  await page.getByRole('link', { name: /我的登录/ }).click();
  await page.waitForURL(/\/account\/$/);
  await page.getByRole('heading', { name: '登录的设备' }).waitFor();
  await page.getByText('当前', { exact: true }).waitFor();
  assert.equal(await page.locator('.ta-list li').count(), 2);
  await checkAxe(page, 'my sign-on');
  await picture(page, 'account');
  // Another device.
  await page.getByRole('button', { name: /^结束 .* 的登录$/ }).click();
  await page.getByText('已结束。').waitFor();
  await elsewhere.page.reload();
  await elsewhere.page.getByRole('heading', { name: '登录' }).waitFor();
  await elsewhere.done();
  // An app.
  await page.getByRole('button', { name: '绑定动态口令应用' }).click();
  await page.getByLabel('请再输一次密码').fill('not my password');
  await page.keyboard.press('Enter');
  await page.getByText('密码不对。').waitFor();
  await page.getByLabel('请再输一次密码').fill(kPassword);
  await page.keyboard.press('Enter');
  await page.locator('.tk-qr').waitFor();
  await checkAxe(page, 'enrolment at my sign-on');
  await picture(page, 'account-enrol');
  await page.getByLabel('应用显示的 6 位数字').fill(totp(await keyOf(page)));
  await page.keyboard.press('Enter');
  await page.getByText('已绑定。其他设备上的登录已结束。').waitFor();
  assert.equal(await page.locator('.tk-codes li').count(), 10);
  await page.getByRole('button', { name: '已保存，继续' }).click();
  await page.getByText('剩余恢复码 10 个').waitFor();
  // The password.
  await page.getByRole('button', { name: '修改密码' }).click();
  await page.getByLabel('现在的密码').fill(kPassword);
  await page.getByLabel('新密码', { exact: true }).fill('1234567890');
  await page.getByLabel('再输一次新密码').fill('1234567890');
  await page.keyboard.press('Enter');
  await page.getByText('这个密码太容易猜到').waitFor();
  await page.getByLabel('新密码', { exact: true }).fill(kNext);
  await page.getByLabel('再输一次新密码').fill(kNext + 'x');
  await page.keyboard.press('Enter');
  await page.getByText('两次输入的不一样').waitFor();
  await checkAxe(page, 'the password form with problems');
  await page.getByLabel('再输一次新密码').fill(kNext);
  await page.keyboard.press('Enter');
  await page.getByText('密码已修改').waitFor();
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'My sign-on' }).waitFor();
  assert.doesNotMatch((await page.locator('main').innerText()).replace(/李医生|医生/g, ''), /\p{Script=Han}/u);
  await picture(page, 'account-en');
  await page.reload();
  await page.getByRole('heading', { name: 'My sign-on' }).waitFor();
  await done();
});

test('a resident signs in by a text to his phone', real, async () => {
  const { page, done } = await openPage(browser, kPhone);
  await page.goto(server.base + '/');
  await page.getByRole('button', { name: '短信验证码登录' }).click();
  await page.getByLabel('手机号').fill('123');
  await page.keyboard.press('Enter');
  await page.getByText('手机号应为 11 位数字').waitFor();
  await page.getByLabel('手机号').fill(kNumber);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '输入短信验证码' }).waitFor();
  await page.getByRole('button', { name: /秒后可重新发送/ }).waitFor();
  await checkAxe(page, 'the code of a text');
  await picture(page, 'sign-in-sms');
  await page.keyboard.type(textsOf(data).at(-1).code);
  await page.keyboard.press('Enter');
  await page.getByText('从哪个门进去').waitFor();
  await page.getByText('陈居民').waitFor();
  // His door is /me, and no other.
  assert.deepEqual(await page.locator('.tk-doors b').allInnerTexts(), ['居民端', '我的登录']);
  await page.getByRole('link', { name: /居民端/ }).click();
  await page.waitForURL(/\/me\/home$/);
  await page.getByText('没有未读通知').waitFor();
  await checkAxe(page, 'home of /me');
  await picture(page, 'me-home');
  await page.getByRole('link', { name: '健康卡' }).first().click();
  await page.waitForURL(/\/me\/health-card$/);
  await done();
});
