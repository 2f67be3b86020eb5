// Sign-in: errors in plain words, languages, the session, and what a page may not put into a URL.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAxe, failing, kDesk, kPhone, openBrowser, openPage, openServer, seeded, signIn, accountFor } from './lib.mjs';

/** Holds back every module script until the answer is called: what a slow line does for seconds. */
async function slowScripts(page) {
  let go;
  const come = new Promise((done) => (go = done));
  await page.route(/\/assets\/(?!boot-).*\.js$/, async (route) => {
    await come;
    await route.continue().catch(() => undefined); // the page may be gone
  });
  return go;
}

let browser;
let server;
before(async () => {
  browser = await openBrowser();
  server = await openServer();
});
after(async () => {
  await browser.close();
  await server.close();
});

test('empty fields are named, and the focus goes to the first', async () => {
  const { page, done } = await openPage(browser, kPhone);
  await page.goto(server.base + '/m/');
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('请填账号').waitFor();
  await page.getByText('请填密码').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'username');
  assert.equal(await page.getByLabel('账号').getAttribute('aria-invalid'), 'true');
  await checkAxe(page, 'sign-in with problems');
  await done();
});

test('a wrong password is said in plain words and keeps the account', async () => {
  const { page, done } = await openPage(browser, kDesk);
  const { account } = accountFor('cdc');
  await page.goto(server.base + '/work/');
  await page.getByLabel('账号').fill(account);
  await page.getByLabel('密码', { exact: true }).fill('surely not this one');
  await page.keyboard.press('Enter');
  await page.getByText('账号或密码不对').waitFor();
  assert.equal(await page.getByLabel('账号').inputValue(), account);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'password');
  await checkAxe(page, 'sign-in refused');
  await done();
});

test('a server that cannot be reached is said so, and the way on works', seeded, async () => {
  const { page, done } = await openPage(browser, kPhone);
  await page.goto(server.base + '/m/');
  await page.getByLabel('账号').fill(accountFor('gate').account);
  await page.getByLabel('密码', { exact: true }).fill(accountFor('gate').password);
  // The page's own scripts are in: only the sign-in is to meet the cut line.
  await page.waitForLoadState('networkidle');
  server.world.setDown(true);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('连不上服务器').waitFor();
  server.world.setDown(false);
  const mend = await failing(page, '**/auth/sign-in', 'POST', 429, { 'Retry-After': '30' });
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('请等 30 秒再试').waitFor();
  await mend();
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByText('查找下一位').waitFor();
  await done();
});

test('the form can be typed into and sent before the scripts have come, and nothing of it gets into a URL', async () => {
  const { page, done } = await openPage(browser, kPhone);
  const urls = [];
  page.on('request', (r) => urls.push(r.url()));
  const go = await slowScripts(page);
  await page.goto(server.base + '/m/', { waitUntil: 'commit' });
  const { account, password } = accountFor('gate');
  await page.getByLabel('账号').fill(account);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await checkAxe(page, 'sign-in before the scripts');
  await page.keyboard.press('Enter');
  assert.equal(await page.getByLabel('账号').inputValue(), account);
  go();
  await page.getByText('查找下一位').waitFor();
  assert.equal(urls.filter((u) => u.endsWith('/auth/me')).length, 1, 'who is signed in is asked once');
  assert.equal(urls.some((u) => u.includes(password) || u.includes('?')), false);
  await done();
});

test('the form that came with the page is taken over: what was typed and the focus stay', async () => {
  const { page, done } = await openPage(browser, kPhone);
  const go = await slowScripts(page);
  await page.goto(server.base + '/m/', { waitUntil: 'commit' });
  await page.getByLabel('账号').fill('some body');
  await page.getByLabel('密码', { exact: true }).fill('half a pass');
  const form = await page.locator('form').elementHandle();
  go();
  await page.waitForLoadState('networkidle');
  await page.getByRole('button', { name: '显示密码' }).click();
  await page.getByRole('button', { name: '隐藏密码' }).waitFor();
  assert.equal(await form.evaluate((f) => f.isConnected), true);
  assert.equal(await page.getByLabel('账号').inputValue(), 'some body');
  assert.equal(await page.getByLabel('密码', { exact: true }).inputValue(), 'half a pass');
  await done();
});

test('who was signed in sees bars and no sign-in form while the scripts come; so does who reads English', async () => {
  const { page, done } = await openPage(browser, kPhone);
  await signIn(page, server.base, '/m/', 'gate');
  await page.getByText('查找下一位').waitFor();
  await slowScripts(page);
  await page.reload({ waitUntil: 'commit' });
  await page.locator('#root > .tk-wait').waitFor();
  assert.equal(await page.getByLabel('账号').isVisible(), false);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.goto(server.base + '/m/');
  await page.getByText('查找下一位').waitFor();
  await page.getByRole('button', { name: '已全部上传' }).click();
  await page.getByRole('button', { name: '退出登录' }).click();
  await page.getByRole('heading', { name: '登录' }).waitFor();
  await page.evaluate(() => localStorage.setItem('tk.language', 'en'));
  const go = await slowScripts(page);
  await page.reload({ waitUntil: 'commit' });
  await page.locator('#root > .tk-wait').waitFor();
  assert.equal(await page.locator('form').isVisible(), false);
  go();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.locator('.tk-wait').count(), 0);
  await done();
});

test('Chinese and English switch on the page and are remembered', async () => {
  const { page, done } = await openPage(browser, kPhone);
  await page.goto(server.base + '/');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  assert.doesNotMatch(await page.locator('main').innerText(), /\p{Script=Han}/u);
  await done();
});

test('the front page leads to the doors, and signing out ends the session', async () => {
  const { page, done } = await openPage(browser, kDesk);
  await signIn(page, server.base, '/', 'cdc');
  await page.getByText('从哪个门进去').waitFor();
  await checkAxe(page, 'doors');
  await page.getByRole('link', { name: /业务端/ }).click();
  await page.waitForURL(/\/work\/today$/);
  await page.getByRole('button', { name: '退出登录' }).click();
  await page.getByRole('heading', { name: '登录' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '登录' }).waitFor();
  await done();
});

test('the account is not in the cookie that scripts can read', async () => {
  const { page, context, done } = await openPage(browser, kDesk);
  await signIn(page, server.base, '/', 'cdc');
  assert.equal(await page.evaluate(() => document.cookie), '');
  const cookie = (await context.cookies()).find((c) => c.name === 'tk_session');
  assert.equal(cookie?.httpOnly, true);
  await done();
});
