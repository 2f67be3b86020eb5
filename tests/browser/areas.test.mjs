// What an account of another area gets: no person, no reading, no task, no word on the live stream; and the cookie's guard.
// Against a program that run.mjs has started; the test double has no access rules.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addAccount } from './program.mjs';
import { freshNumber, kPhone, openBrowser, openPage, openServer, typeNumber, until } from './lib.mjs';

const skip = process.env.PROGRAM ? false : 'needs a program: run.mjs --program FILE';
const kHere = '380102';
const kElsewhere = '380104';
let server;
let patient;
let number;
const cookies = {};

/** A running program hears of a new account within a second or so. */
async function signIn(account, password) {
  return until(`${account} may sign in`, async () => {
    const answer = await fetch(`${server.base}/auth/sign-in`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Tongkang': '1' }, body: JSON.stringify({ account, password }) });
    if (answer.ok) return answer.headers.get('set-cookie');
    // Wrong tries are limited: some patience of our own.
    await new Promise((go) => setTimeout(go, 500));
    return null;
  });
}
const ask = (who, path, options = {}) => fetch(`${server.base}${path}`, { ...options, headers: { Cookie: cookies[who], 'X-Tongkang': '1', ...options.headers } });
async function found(who, type, criteria) {
  const answer = await ask(who, `/fhir/${type}/_search`, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: criteria });
  assert.equal(answer.status, 200);
  return ((await answer.json()).entry ?? []).length;
}

/** Reads /live into `seen.text`; `until(word)` waits for a word. */
async function listen(who) {
  const abort = new AbortController();
  const answer = await ask(who, '/live?types=Patient,Observation,Flag,Task', { signal: abort.signal, headers: { Accept: 'text/event-stream' } });
  assert.equal(answer.status, 200);
  const seen = { text: '', close: () => abort.abort() };
  (async () => {
    for await (const part of answer.body) seen.text += Buffer.from(part).toString();
  })().catch(() => undefined);
  seen.until = (word) => until(`${word} in the stream`, () => seen.text.includes(word));
  return seen;
}

before(async () => {
  if (skip) return;
  server = await openServer();
  number = freshNumber(40);
  await server.world.addPatient('area-own', freshNumber(42), '翠鸟', 'female', '1990-01-01', kHere);
  patient = await server.world.addPatient('area-here', number, '孔雀', 'female', '1990-01-01', kHere);
  for (const [who, post, area] of [['gate_here', 'screener', kHere], ['gate_there', 'screener', kElsewhere], ['cdc_here', 'cdc-officer', kHere], ['cdc_there', 'cdc-officer', kElsewhere]]) {
    const password = addAccount(process.env.PROGRAM, process.env.DATA, who, post, area, who);
    cookies[`${who}_password`] = password;
    cookies[who] = (await signIn(who, password)).split(';')[0];
  }
});
after(() => server?.close());

test('a person of another area is not found, not read, and not offered by a conditional create', { skip }, async () => {
  const identifier = `identifier=${encodeURIComponent(`http://tongkang.dev/fhir/sid/cn-resident-id|${number}`)}`;
  assert.equal(await found('gate_here', 'Patient', identifier), 1);
  assert.equal(await found('gate_there', 'Patient', identifier), 0);
  assert.equal((await ask('gate_here', `/fhir/Patient/${patient.id}`)).status, 200);
  assert.ok([403, 404].includes((await ask('gate_there', `/fhir/Patient/${patient.id}`)).status));
  const made = await ask('gate_there', '/fhir/Patient', {
    method: 'POST', headers: { 'Content-Type': 'application/fhir+json', 'If-None-Exist': identifier, 'Idempotency-Key': 'areas-1' },
    body: JSON.stringify({ resourceType: 'Patient', identifier: patient.identifier, meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: kElsewhere }] } }),
  });
  const text = await made.text();
  assert.ok(!text.includes(patient.name[0].text) && !text.includes(`"${patient.id}"`), 'nothing of the other one is in the answer');
});

test('a fever reaches the desk of its area only, on the stream and in searches', { skip }, async (t) => {
  const here = await listen('cdc_here');
  t.after(here.close);
  const there = await listen('cdc_there');
  t.after(there.close);
  const reading = await server.world.addReading(patient, 38.2);
  const task = await server.world.untilTask(reading.id);
  await here.until(task.id);
  // A change in the other area afterwards: when it has come, whatever came before it has come too.
  const other = await server.world.addPatient('area-there', freshNumber(41), '白鹭', 'male', '1991-01-01', kElsewhere);
  const mark = await server.world.untilTask((await server.world.addReading(other, 38.4)).id);
  await there.until(mark.id);
  for (const one of [task, reading, patient]) assert.ok(!there.text.includes(one.id), `a ${one.resourceType} of the other area in the stream`);
  assert.ok(!here.text.includes(mark.id));
  assert.equal(await found('cdc_here', 'Task', `focus=Observation/${reading.id}`), 1);
  assert.equal(await found('cdc_there', 'Task', `focus=Observation/${reading.id}`), 0);
  assert.equal(await found('cdc_there', 'Observation', `subject=Patient/${patient.id}`), 0);
  for (const path of [`Task/${task.id}`, `Observation/${reading.id}`]) assert.ok([403, 404].includes((await ask('cdc_there', `/fhir/${path}`)).status), path);
});

test('the phone of another area says that the number is not there', { skip }, async (t) => {
  const browser = await openBrowser();
  t.after(() => browser.close());
  const { page, done } = await openPage(browser, kPhone);
  await page.goto(`${server.base}/m/`);
  await page.getByLabel('账号').fill('gate_there');
  await page.getByLabel('密码', { exact: true }).fill(cookies.gate_there_password);
  await page.keyboard.press('Enter');
  await page.getByText('查找下一位').waitFor();
  await typeNumber(page, freshNumber(42));
  await page.getByText('系统里没有这个号码').waitFor();
  await done();
});

test('the session: a cookie for this site only, a header for changes, nothing after signing out', { skip }, async () => {
  const cookie = await signIn('gate_here', cookies.gate_here_password);
  for (const word of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.match(cookie, new RegExp(word));
  const mine = { Cookie: cookie.split(';')[0] };
  assert.equal((await fetch(`${server.base}/auth/me`, { headers: mine })).status, 200);
  const bare = await fetch(`${server.base}/fhir/Observation`, { method: 'POST', headers: { ...mine, 'Content-Type': 'application/fhir+json' }, body: '{"resourceType":"Observation"}' });
  assert.equal(bare.status, 403, 'without the header that a foreign page cannot send');
  const out = await fetch(`${server.base}/auth/sign-out`, { method: 'POST', headers: { ...mine, 'X-Tongkang': '1' } });
  assert.ok(out.ok);
  assert.match(out.headers.get('set-cookie') ?? '', /tk_session=;.*Max-Age=0/);
  assert.equal((await fetch(`${server.base}/auth/me`, { headers: mine })).status, 401, 'the old cookie is worth nothing');
});
