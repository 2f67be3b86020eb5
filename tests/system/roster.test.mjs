// Two organizations keep their rosters and report over HTTP; each sees its own people alone. A fever in a table is a case on the township's list, until so many
// normal days are reported; and none of this is lost by a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, Server } from '../lib/server.mjs';

const kNumbers = ['380102198001020011', '380102198001020038', '380102198001020054'];
let server, data;
const tokens = {};
const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });
const table = (who, name, rows) => ask(who, 'POST', `/app/roster/${name}`, rows.join('\r\n'), { 'content-type': 'text/csv' });
/// 2026-11-23 of so many days ago, by the clocks of the city.
const day = (ago) => new Date(Date.now() + 8 * 3600e3 - ago * 86400e3).toISOString().slice(0, 10);
async function until(what, look) {
  for (let i = 0; i < 300; ++i) {
    if (await look()) return;
    await new Promise((go) => setTimeout(go, 100));
  }
  assert.fail(`never: ${what}`);
}
/// The check digit of GB 11643-1999.
const checked = (number) => {
  const sum = [...number.slice(0, 17)].reduce((all, digit, i) => all + Number(digit) * (2 ** (17 - i) % 11), 0);
  return number.slice(0, 17) + '10X98765432'[sum % 11];
};
const numbers = kNumbers.map(checked);

before(async () => {
  data = freshFolder('roster');
  const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
  add('school', '--post', 'health-reporter', '--organization', 'Organization/school');
  add('works', '--post', 'health-reporter', '--organization', 'Organization/works');
  add('township', '--post', 'township-doctor', '--area', '380102001');
  add('elsewhere', '--post', 'township-doctor', '--area', '380104');
  add('cdc', '--post', 'cdc-officer');
  server = await new Server(data).start();
  for (const who of ['admin', 'school', 'works', 'township', 'elsewhere', 'cdc']) tokens[who] = await server.token(who);
  for (const [id, name] of [['school', '一中'], ['works', '一厂']]) {
    assert.equal((await ask('admin', 'PUT', `/fhir/Organization/${id}`, { resourceType: 'Organization', id, name })).status, 201);
  }
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

test('each keeps its own roster', async () => {
  const heads = '姓名,证件号码,班级,学号,网格代码,首日';
  const school = await table('school', 'members', [heads, `张一,${numbers[0]},一班,1,380102001001,${day(10)}`, `李二,${numbers[1]},一班,2,380102001001,${day(10)}`]);
  assert.deepEqual([school.status, school.json?.added, school.json?.refused], [200, 2, 0], school.text);
  const works = await table('works', 'members', [heads, `王三,${numbers[2]},车间,1,380102001001,${day(10)}`]);
  assert.equal(works.json.added, 1, works.text);
  assert.equal((await table('school', 'members', [heads, `张一,${numbers[0]},一班,1,380102001001,${day(10)}`])).json.unchanged, 1);
});

test('what a table says of a day; who is missing', async () => {
  const sent = await table('school', 'reports', ['学号,日期,体温,出勤', `1,${day(0)},36.5,在校`, `7,${day(0)},36.5,在校`]);
  assert.deepEqual([sent.json.added, sent.json.refused, sent.json.issues[0].line], [1, 1, 3], sent.text);
  const missing = await ask('school', 'GET', '/app/roster/missing');
  assert.deepEqual(missing.json.rows.map((row) => [row.name, row.patient]), [['李二', undefined]]);
  const figures = await ask('school', 'GET', '/app/roster/day');
  assert.deepEqual([figures.json.roster, figures.json.reported, figures.json.missing], [2, 1, 1]);
  const sheet = await ask('school', 'GET', '/app/roster/missing?format=xlsx');
  assert.match(sheet.headers['content-type'], /spreadsheetml/);
});

test('one organization never sees the other, nor anything beside its own operations', async () => {
  for (const name of ['day', 'missing', 'exceptions', 'return']) {
    const refused = await ask('works', 'GET', `/app/roster/${name}?organization=school`);
    assert.equal(refused.status, 403, name);
    assert.ok(!refused.text.includes('李二'));
    assert.ok(!(await ask('works', 'GET', `/app/roster/${name}`)).text.includes('李二'), name);
  }
  assert.equal((await ask('works', 'POST', '/app/roster/reports?organization=school', `学号,日期,体温\r\n1,${day(0)},39`, { 'content-type': 'text/csv' })).status, 403);
  assert.equal((await ask('works', 'GET', '/app/roster/organizations')).status, 403);
  for (const type of ['Patient', 'Observation', 'RosterMember', 'RosterReport', 'RosterCase']) assert.equal((await ask('works', 'GET', `/fhir/${type}`)).status, 403, type);
  assert.equal((await ask('works', 'GET', '/app/roster/lists/open')).status, 403);
});

test('a fever is a case for the township of his area, until he may come back by rule', async () => {
  const at = async (ago, warm) => assert.equal((await table('works', 'reports', ['学号,日期,体温,出勤', `1,${day(ago)},${warm},在岗`])).json.added, 1);
  await at(4, 38.4);
  await until('a case', async () => (await ask('township', 'GET', '/app/roster/lists/open')).json.rows.length === 1);
  assert.equal((await ask('elsewhere', 'GET', '/app/roster/lists/open')).json.rows.length, 0);
  assert.equal((await ask('works', 'GET', `/app/roster/exceptions?day=${day(4)}`)).json.rows[0].reasons, 'fever');
  const wait = (await ask('works', 'GET', '/app/roster/return')).json.rows[0];
  assert.deepEqual([wait.name, wait.state, wait.missingDays], ['王三', 'open', '3']);
  for (const ago of [3, 2, 1]) await at(ago, 36.5);
  await until('he may come back', async () => (await ask('works', 'GET', '/app/roster/return')).json.rows[0].state === 'cleared');
  const may = (await ask('works', 'GET', '/app/roster/return')).json.rows[0];
  assert.deepEqual([may.rule, may.from], ['roster.clear|2', day(0)]);
  await at(0, 36.4);
  await until('he is back', async () => (await ask('works', 'GET', '/app/roster/return')).json.rows.length === 0);
  const all = await ask('cdc', 'GET', `/app/roster/organizations?from=${day(4)}&until=${day(0)}`);
  assert.deepEqual(all.json.rows.map((row) => [row.name, row.expected, row.reported, row.exceptions]).toSorted(), [['一中', '10', '1', '0'], ['一厂', '5', '5', '1']].toSorted());
});

test('who denies it is not on his organization\'s lists and figures, and it reports nothing of him; disease control, which acts by law, sees him', async () => {
  const lists = async (who, more = '') => ({
    missing: (await ask(who, 'GET', `/app/roster/missing?day=${day(7)}${more}`)).json.total,
    exceptions: (await ask(who, 'GET', `/app/roster/exceptions?day=${day(7)}${more}`)).json.total,
    waiting: (await ask(who, 'GET', `/app/roster/return?${more.slice(1)}`)).json.total,
    roster: (await ask(who, 'GET', `/app/roster/day?day=${day(7)}${more}`)).json.roster,
  });
  const rows = ['学号,日期,体温', `1,${day(7)},38.7`];
  assert.equal((await table('works', 'reports', rows)).json.added, 1);
  await until('a case', async () => (await lists('works')).waiting === 1);
  const seen = { missing: 0, exceptions: 1, waiting: 1, roster: 1 };
  assert.deepEqual(await lists('works'), seen);
  const member = (await ask('admin', 'GET', '/fhir/RosterMember?organization=Organization/works')).json.entry[0].resource;
  const denied = await ask('admin', 'POST', '/fhir/Consent', { resourceType: 'Consent', status: 'active', scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }], policyRule: { text: 'x' }, patient: member.subject, provision: { type: 'deny' } });
  assert.equal(denied.status, 201, denied.text);
  const nothing = { missing: 0, exceptions: 0, waiting: 0, roster: 0 };
  await until('it is closed', async () => JSON.stringify(await lists('works')) === JSON.stringify(nothing));
  const again = await table('works', 'reports', rows);
  assert.deepEqual([again.json.added + again.json.changed + again.json.unchanged, again.json.issues[0]?.column], [0, 'code'], again.text);
  assert.deepEqual(await lists('cdc', '&organization=works'), seen);
  assert.equal((await ask('admin', 'DELETE', `/fhir/Consent/${denied.json.id}`)).status, 204);
  await until('it is open again', async () => JSON.stringify(await lists('works')) === JSON.stringify(seen));
});

test('restarted, it is as it was', async () => {
  await server.stop();
  await server.start();
  assert.deepEqual((await ask('school', 'GET', '/app/roster/missing')).json.rows.map((row) => row.name), ['李二']);
});
