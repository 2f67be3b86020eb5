// The thin path: a phone enters 37.6, and a desk page that is already open shows it, live and without reload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freshNumber, kDesk, kPhone, openBrowser, openPage, openServer, registerOrFind, signIn } from './lib.mjs';

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

test('37.6 on a phone is a follow-up task on an open desk page', async (t) => {
  const phone = await openPage(browser, kPhone);
  const desk = await openPage(browser, kDesk);
  await signIn(desk.page, server.base, '/work/' + 'screening', 'cdc');
  await desk.page.getByText('实时').first().waitFor();
  await desk.page.locator('.sw-counts b', { hasNotText: '–' }).first().waitFor();
  const before = await desk.page.locator('.sw-table tbody tr').count();
  // A reload would lose this mark and fail the test.
  await desk.page.evaluate(() => {
    globalThis.tkSame = true;
    globalThis.tkSeenAt = null;
    const had = new Set([...document.querySelectorAll('.sw-table tbody tr')].map((r) => r.dataset.id));
    new MutationObserver(() => {
      const row = [...document.querySelectorAll('.sw-table tbody tr')].find((r) => !had.has(r.dataset.id) && /37\.6/.test(r.textContent));
      if (row && globalThis.tkSeenAt === null) globalThis.tkSeenAt = Date.now();
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });

  await signIn(phone.page, server.base, '/m/', 'gate');
  await phone.page.getByText('查找下一位').waitFor();
  await registerOrFind(phone.page, freshNumber(20), '何思明');
  await phone.page.keyboard.type('376');
  const go = phone.page.getByRole('button', { name: '登记并转随访，查下一位', exact: true });
  await go.waitFor();
  await phone.page.evaluate(() => document.addEventListener('click', () => (globalThis.tkPressedAt = Date.now()), { capture: true }));
  await go.click();

  const row = desk.page.locator('.sw-table tbody tr', { hasText: '37.6 ℃' }).first();
  await row.waitFor();
  await phone.page.getByText('已上传，已转随访').waitFor();
  const pressed = await phone.page.evaluate(() => globalThis.tkPressedAt);
  const { same, seen } = await desk.page.evaluate(() => ({ same: globalThis.tkSame, seen: globalThis.tkSeenAt }));
  assert.equal(same, true, 'the desk page was not reloaded');
  assert.ok(seen !== null && pressed);
  t.diagnostic(`from the press on the phone to the row on the desk: ${seen - pressed} ms`);
  assert.equal(await desk.page.locator('.sw-table tbody tr').count(), before + 1);

  const text = await row.innerText();
  assert.match(text, /何\*\*/);
  assert.doesNotMatch(text, /何思明/);
  assert.match(text, /screening\.fever/);
  assert.match(text, /余 \d+:\d\d/);
  await row.click();
  await desk.page.getByText('体温 37.6 ℃，限值 37.3').waitFor();
  await phone.done();
  await desk.done();
});
