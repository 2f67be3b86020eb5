// Screening over HTTP from end to end: readings by three channels in one file per person, a batch that waited without network counted once, a table of an
// employer, the follow-up of the grid moved to its end, the figures, and the daily report that is given out as it was made.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kXlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const kNumber = '380102197103046112', kOther = '380104196805127732';
let server, data;
const tokens = {};
const kAccounts = {
  gate: ['--post', 'screener', '--area', '380102'], grid: ['--post', 'grid-worker', '--area', '380102'], elsewhere: ['--post', 'grid-worker', '--area', '380104'],
  cdc: ['--post', 'cdc-officer'], he: ['--kind', 'resident', '--record', 'Patient/he', '--post', 'resident'], works: ['--post', 'health-reporter', '--area', '380102', '--organization', 'Organization/works'],
};
before(async () => {
  data = freshFolder('screening');
  for (const [name, more] of Object.entries(kAccounts)) execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...more], { stdio: 'ignore' });
  server = await new Server(data).start();
  for (const who of ['admin', ...Object.keys(kAccounts)]) tokens[who] = await server.token(who);
  const put = async (resource) => {
    const made = await ask('admin', 'PUT', `/fhir/${resource.resourceType}/${resource.id}`, resource);
    assert.equal(made.status, 201, made.text);
  };
  await put({ resourceType: 'Location', id: 'area-380100000000', status: 'active', name: '安和市' });
  await put({ resourceType: 'Location', id: 'area-380102000000', status: 'active', name: '东城区', partOf: { reference: 'Location/area-380100000000' } });
  await put({ resourceType: 'Organization', id: 'works', name: '一厂' });
  await put({ resourceType: 'Patient', id: 'he', meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ family: '王', given: ['晓芳'] }], birthDate: '1971-03-04', identifier: [{ system: kCard, value: kNumber }] });
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});
const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });
const post = (who, target, body) => ask(who, 'POST', target, body, { 'content-type': 'application/json' });
const count = async (search) => (await ask('admin', 'GET', `/fhir/${search}&_summary=count`)).json.total;
// What was measured yesterday, by the clocks of the city.
const kYesterday = new Date(Date.now() + (8 - 24) * 3600_000).toISOString().slice(0, 10);
const entry = (id, who, temperature, time = '08:30:00') => ({ id, ...who, temperature, symptoms: [], when: `${kYesterday}T${time}+08:00` });

test('a batch that waited without network is sent until it is answered, and counts once', async () => {
  const batch = { entries: [entry('0d9c6b2e-1', { patient: 'Patient/he' }, 36.6), entry('0d9c6b2e-2', { person: { name: '李明', number: kOther } }, 36.7), entry('0d9c6b2e-3', { person: { name: '无名' } }, 36.7)] };
  const first = await post('gate', '/app/screening/entries', batch);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual([first.json.added, first.json.unchanged], [2, 0]);
  assert.equal(first.json.entries[2].element, 'person.number');
  // Its answer was lost: twice more, at the same time.
  const again = await Promise.all([1, 2].map(() => post('gate', '/app/screening/entries', batch)));
  for (const one of again) assert.deepEqual([one.status, one.json.added, one.json.changed, one.json.unchanged], [200, 0, 0, 2], one.text);
  assert.deepEqual(again[0].json.entries.slice(0, 2), first.json.entries.slice(0, 2));
  assert.equal(await count('Observation?code=8310-5'), 2);
});

test('a resident reports himself, an employer his staff: all in one file', async () => {
  const self = await post('he', '/app/screening/self', entry('7c1e5f00-1', {}, 36.5, '09:00:00'));
  assert.equal(self.status, 200, self.text);
  const template = await ask('works', 'GET', '/app/screening/import-template?format=csv');
  assert.equal(template.status, 200);
  const heads = template.text.replace('\ufeff', '').trim().split(',');
  const row = (cells) => heads.map((head) => cells[head] ?? '').join(',');
  const table = [heads.join(','), row({ 姓名: '王晓芳', 证件号码: kNumber, 测量时间: `${kYesterday} 07:00`, 体温: '37.5' }), row({ 姓名: '错', 证件号码: '380102197103046110', 测量时间: kYesterday, 体温: '36.5' })].join('\n');
  const report = async () => {
    const taken = await ask('works', 'POST', '/app/screening/import', table, { 'content-type': 'text/csv' });
    assert.equal(taken.status, 202, taken.text);
    for (;;) {
      const told = (await ask('works', 'GET', `/app/screening/imports/${taken.json.id}`)).json;
      if (told.state !== 'waiting' && told.state !== 'running') return told;
      await sleep(20);
    }
  };
  const first = await report();
  assert.deepEqual([first.state, first.added, first.refused, first.issues[0].line, first.issues[0].column], ['done', 1, 1, 3, 'number']);
  assert.equal(first.persons, undefined, 'who is known is told to posts of the whole city alone');
  const bad = await ask('works', 'GET', `/app/screening/imports/${first.id}/bad-rows`);
  assert.ok(bad.text.includes('380102197103046110'), 'as it came');
  assert.equal((await report()).unchanged, 1);
  assert.equal((await ask('gate', 'GET', '/app/screening/import-template')).status, 403);
  const his = (await ask('admin', 'GET', '/fhir/Observation?subject=Patient/he&_count=10')).json.entry.map((one) => one.resource.category[1].coding[0].code).sort();
  assert.deepEqual(his, ['organization', 'screener', 'self']);
});

let task;
test('a fever is a follow-up of the grid, moved to its end by those who may', async () => {
  for (let tries = 0; tries < 200 && !task; tries++) {
    task = (await ask('grid', 'GET', '/fhir/Task?status=requested')).json.entry?.[0]?.resource;
    if (!task) await sleep(50);
  }
  assert.ok(task, 'the rule has made it');
  assert.equal((await ask('elsewhere', 'GET', '/fhir/Task?status=requested')).json.total ?? 0, 0);
  assert.equal((await ask('grid', 'GET', '/fhir/$inbox')).json.entry.length, 1);
  const move = (who, code, reason, outcome) => ask(who, 'POST', `/fhir/Task/${task.id}/$transition`, { resourceType: 'Parameters', parameter: [{ name: 'code', valueCode: code }, ...(reason ? [{ name: 'reason', valueString: reason }] : []), ...(outcome ? [{ name: 'inputs', part: [{ name: 'outcome', valueCode: outcome }] }] : [])] });
  assert.equal((await move('gate', 'accept')).status, 403);
  assert.equal((await move('elsewhere', 'accept')).status, 404);
  assert.equal((await move('grid', 'close', '居家', 'home')).status, 409, 'not before it is taken');
  const taken = await move('grid', 'accept');
  assert.equal(taken.json.status, 'accepted', taken.text);
  assert.equal((await ask('cdc', 'PUT', `/fhir/Task/${task.id}`, { ...taken.json, status: 'completed' })).status, 422, 'by its ways alone');
  const closed = await move('grid', 'close', '居家观察', 'home');
  assert.equal(closed.json.status, 'completed', closed.text);
  assert.equal(closed.json.statusReason.text, '居家观察');
});

test('figures by area and channel, for accounts of the whole city', async () => {
  assert.equal((await ask('grid', 'GET', `/app/screening/statistics?day=${kYesterday}`)).status, 403);
  const told = await ask('cdc', 'GET', `/app/screening/statistics?day=${kYesterday}`);
  assert.equal(told.status, 200, told.text);
  const city = told.json.areas.at(-1), east = told.json.areas.find((area) => area.name === '东城区');
  assert.deepEqual([city.screener, city.self, city.organization, city.fever], [2, 1, 1, 1]);
  assert.deepEqual([east.code, east.self, east.fever], ['380102', 1, 1]);
});

test('the daily report is made once and given out as it was made, over a restart too', async () => {
  const made = await ask('cdc', 'POST', `/app/screening/daily?day=${kYesterday}`);
  assert.equal(made.status, 200, made.text);
  const bytes = async (form) => {
    const got = await fetch(`${server.base}/app/screening/daily/${kYesterday}/${form}`, { headers: { authorization: `Bearer ${tokens.cdc}` } });
    assert.equal(got.status, 200);
    return { type: got.headers.get('content-type'), bytes: Buffer.from(await got.arrayBuffer()) };
  };
  const sheet = await bytes('xlsx'), paper = await bytes('pdf');
  assert.equal(sheet.type, kXlsx);
  assert.equal(sheet.bytes.subarray(0, 2).toString(), 'PK');
  assert.equal(paper.bytes.subarray(0, 5).toString(), '%PDF-');
  await post('gate', '/app/screening/entries', { entries: [entry('0d9c6b2e-9', { patient: 'Patient/he' }, 36.9, '21:00:00')] });
  await server.stop();
  server = await new Server(data).start();
  assert.equal((await ask('cdc', 'POST', `/app/screening/daily?day=${kYesterday}`)).json.made, made.json.made);
  assert.ok((await bytes('xlsx')).bytes.equals(sheet.bytes));
  assert.ok((await bytes('pdf')).bytes.equals(paper.bytes));
  assert.equal((await ask('grid', 'GET', `/app/screening/daily/${kYesterday}/pdf`)).status, 403);
});
