// What the browser tests share: the browser, a server (the test double, or BASE), sign-in, axe.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { kAccounts } from '../../ui/tests/mock-server.mjs';
import { residentId, seedPeople } from './people.mjs';
import { openWorld } from './world.mjs';

const require = createRequire(new URL('../../ui/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const kAxe = require.resolve('axe-core/axe.min.js');

export const kReal = process.env.BASE ?? '';
const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const kPhone = { width: 390, height: 844 };
export const kDesk = { width: 1366, height: 768 };
// How long anything may take before it counts as not happening: far beyond what a slow, busy machine needs. Nothing waits this long that goes well.
export const kPatienceMs = Number(process.env.PATIENCE ?? 60_000);

export async function openBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags, timeout: 2 * kPatienceMs });
}

/** Whether tests may do things behind the pages' back: with the test double, or with a program that run.mjs has started. */
export const kCanSeed = !kReal || Boolean(process.env.ADMIN_TOKEN);
export const seeded = { skip: kCanSeed ? false : 'needs an administrator: let run.mjs start the program' };

/** A fresh test double with `people`, or the real program when BASE is set: { base, world, people, close }. */
export async function openServer(people = 0) {
  if (!kCanSeed) return { base: kReal.replace(/\/$/, ''), world: null, people: [], close: async () => undefined };
  const world = await openWorld(kReal);
  await world.clear();
  return { base: world.base, world, people: await seedPeople(world, people), close: () => world.close() };
}

/**
 * Lets requests end with `status` before they reach the server, until the answer is called. The route stays: taking it away while
 * the page is asking leaves that one request without any answer.
 */
export async function failing(page, url, method, status, headers = {}) {
  let broken = true;
  const told = { status, headers, contentType: 'application/fhir+json', body: '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient","diagnostics":"told to fail"}]}' };
  await page.route(url, async (route) => {
    const answered = broken && route.request().method() === method ? route.fulfill(told) : route.fallback();
    await answered.catch((e) => page.isClosed() || Promise.reject(e));
  });
  return () => { broken = false; };
}

export function accountFor(role) {
  // Against a program: GATE_ACCOUNT and CDC_ACCOUNT for the two roles, or ACCOUNT for both.
  const of = (name) => process.env[`${role.toUpperCase()}_${name}`] ?? process.env[name];
  if (kReal) return { account: of('ACCOUNT'), password: of('PASSWORD') };
  return { account: role, password: kAccounts[role].password };
}

/** SLOW=4 gives the pages a processor four times slower: what only works on a fast machine shows itself. */
async function slowDown(context, page) {
  const rate = Number(process.env.SLOW ?? 1);
  if (rate > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate });
}

/** Until `look` gives something true, which is returned; for what no locator can wait for. */
export async function until(what, look) {
  const end = Date.now() + kPatienceMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < end, `not within ${kPatienceMs / 1000} s: ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/** Until `locator` stands for exactly n elements. */
export const untilCount = (locator, n) => until(`${n} of ${locator}`, async () => (await locator.count()) === n);

/** A page of its own context; any script error or broken security policy fails the test at `done`. */
export async function openPage(browser, viewport, options = {}) {
  const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(kPatienceMs);
  const page = await context.newPage();
  await slowDown(context, page);
  const troubles = [];
  page.on('pageerror', (e) => troubles.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error' && /Content Security Policy|Uncaught/.test(m.text())) troubles.push(m.text());
  });
  return {
    page,
    context,
    done: async () => {
      await context.close();
      assert.deepEqual(troubles, []);
    },
  };
}

export async function signIn(page, base, path, role) {
  const { account, password } = accountFor(role);
  await page.goto(base + path);
  await page.getByLabel('账号').fill(account);
  await page.getByLabel('密码', { exact: true }).fill(password);
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByLabel('账号').waitFor({ state: 'detached' });
}

/** WCAG 2.2 A and AA by axe, no violation of any weight. */
export async function checkAxe(page, where) {
  // axe is put in by the test driver; the page's own policy stays as it is.
  const source = (await import('node:fs')).readFileSync(kAxe, 'utf8');
  await page.evaluate(source);
  const result = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const found = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`);
  assert.deepEqual(found, [], `axe at ${where}`);
}

export async function typeNumber(page, number) {
  await page.getByLabel('身份证号').first().waitFor();
  await page.keyboard.type(number);
}

const kRun = kReal ? Date.now() % 900 : 7;

/** A valid number that nobody has: the same in every run against the test double, another one against a real program. */
export function freshNumber(n) {
  const day = String(1 + ((n * 3 + kRun) % 28)).padStart(2, '0');
  return residentId('380102', `${1940 + (kRun % 60)}-${String(1 + (n % 12)).padStart(2, '0')}-${day}`, (kRun + n * 37) % 1000);
}

/** Ends at the measuring step, whether the number was known or not. */
export async function registerOrFind(page, number, name) {
  await typeNumber(page, number);
  const unknown = page.getByText('系统里没有这个号码');
  const known = page.getByText('问一句');
  await unknown.or(known).first().waitFor();
  if (await unknown.isVisible()) {
    await page.getByLabel('姓名').fill(name);
    await page.getByRole('button', { name: '建档并量体温' }).click();
  }
  await known.waitFor();
  await page.locator('.sm-last', { hasNotText: '正在读取' }).waitFor();
}
