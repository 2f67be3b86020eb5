// The program is killed while a reading is on its way: the phone keeps it, and it is there once after the restart.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startProgram } from './program.mjs';

const skip = process.env.PROGRAM ? false : 'needs a program to kill: run.mjs --program FILE';
const own = {};
before(async () => {
  if (skip) return;
  // A program of its own, on SQLite: the others must not notice.
  own.program = await startProgram(process.env.PROGRAM);
  Object.assign(process.env, own.program.env);
  own.lib = await import('./lib.mjs');
  own.browser = await own.lib.openBrowser();
});
after(async () => {
  await own.browser?.close();
  await own.program?.stop();
});

test('a killed program loses nothing and doubles nothing', { skip }, async () => {
  const { lib, program, browser } = own;
  const phone = await lib.openPage(browser, lib.kPhone);
  const desk = await lib.openPage(browser, lib.kDesk);
  await lib.signIn(phone.page, program.base, '/m/', 'gate');
  await lib.signIn(desk.page, program.base, '/work/' + 'screening', 'cdc');
  await desk.page.locator('.tk-live[data-state="live"]').waitFor();
  await lib.registerOrFind(phone.page, lib.freshNumber(30), '沈舟');
  await phone.page.keyboard.type('381');
  await program.kill();
  await phone.page.getByRole('button', { name: '登记并转随访，查下一位', exact: true }).click();
  await phone.page.getByText('离线·1 条待传').waitFor();
  await desk.page.locator('.tk-live[data-state="lost"]').waitFor();
  await program.restart();
  // Nobody touches the pages: they find their way back, and the desk gets its task.
  await desk.page.locator('.sw-table tbody tr', { hasText: '38.1 ℃' }).waitFor({ timeout: 2 * lib.kPatienceMs });
  await phone.page.getByText('已上传，已转随访').waitFor();
  assert.equal(await desk.page.locator('.sw-table tbody tr').count(), 1);
  await phone.done();
  await desk.done();
});
