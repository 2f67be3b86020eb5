// A listed person registers, over HTTP and by post: the doctor's answer carries the alert, disease control hears of it on its stream, the clinician says that
// he has seen it; a resident learns nothing of it, and a doctor nothing of the list.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, residentId, root, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const kRelation = 'http://tongkang.dev/rel/alert';
let server, data;
const tokens = {};
before(async () => {
  data = freshFolder('point-of-care');
  const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
  add('doctor', '--post', 'doctor', '--area', '380102');
  add('elsewhere', '--post', 'doctor', '--area', '380104');
  add('cdc', '--post', 'cdc-officer');
  add('he', '--kind', 'resident', '--record', 'Patient/listed', '--post', 'resident');
  server = await new Server(data).start();
  for (const who of ['admin', 'doctor', 'elsewhere', 'cdc', 'he']) tokens[who] = await server.token(who);
  for (const id of ['listed', 'other']) {
    const made = await ask('admin', 'PUT', `/fhir/Patient/${id}`, { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ family: id }] });
    assert.equal(made.status, 201, made.text);
  }
  const list = await ask('cdc', 'PUT', '/fhir/WatchList/contacts', { resourceType: 'WatchList', id: 'contacts', status: 'active', name: 'contacts', title: '密切接触者', publisher: '疾控中心',
    level: 'critical', text: '在筛人员', instruction: '做好防护，询问流行病学史', show: ['source'] });
  assert.equal(list.status, 201, list.text);
  const entry = await ask('cdc', 'PUT', '/fhir/WatchEntry/e1', { resourceType: 'WatchEntry', id: 'e1', status: 'active', list: { reference: 'WatchList/contacts' }, subject: { reference: 'Patient/listed' }, reason: { text: '同乘一车' } });
  assert.equal(entry.status, 201, entry.text);
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});
const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });
const hook = (who, name, context, id = 'registration') => ask(who, 'POST', `/app/point-of-care/cds-services/${id}`, { hook: name, hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea', context }, { 'content-type': 'application/json' });
const visit = (patient) => ({ resourceType: 'Encounter', status: 'arrived', class: { code: 'AMB' }, subject: { reference: `Patient/${patient}` } });

let encounter, flag;
test('the answer to a registration names the alert', async () => {
  const none = await ask('doctor', 'POST', '/fhir/Encounter', visit('other'));
  assert.equal(none.status, 201);
  assert.equal(none.headers.link, undefined);
  const made = await ask('doctor', 'POST', '/fhir/Encounter', visit('listed'));
  assert.equal(made.status, 201, made.text);
  encounter = made.json.id;
  const [, url] = made.headers.link.match(/^<([^>]+)>; rel="([^"]+)"$/);
  assert.ok(made.headers.link.endsWith(`rel="${kRelation}"`));
  flag = new URL(url).pathname.split('/').pop();
  const read = await ask('doctor', 'GET', `/fhir/Flag/${flag}`);
  assert.equal(read.json.code.text, '在筛人员');
  assert.ok(!read.text.includes('同乘一车'), 'why he is listed is not shown');
});

test('Prefer: return=OperationOutcome and a transaction carry its text', async () => {
  const outcome = await ask('doctor', 'POST', '/fhir/Encounter', visit('listed'), { prefer: 'return=OperationOutcome' });
  assert.equal(outcome.json.issue[0].details.text, '在筛人员');
  assert.match(outcome.json.issue[0].diagnostics, /做好防护/);
  const bundle = await ask('doctor', 'POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: visit('listed'), request: { method: 'POST', url: 'Encounter' } }] });
  assert.equal(bundle.json.entry[0].response.outcome.issue[0].details.text, '在筛人员');
});

test('CDS Hooks: discovery, the card of a visit, and what is no call', async () => {
  const services = (await ask('doctor', 'GET', '/app/point-of-care/cds-services')).json.services;
  assert.deepEqual(services.map((s) => [s.hook, s.id]), [['encounter-start', 'registration'], ['patient-view', 'patient-view']]);
  const cards = (await hook('doctor', 'encounter-start', { userId: 'Practitioner/x', patientId: 'listed', encounterId: encounter })).json.cards;
  assert.equal(cards.length, 1);
  assert.equal(cards[0].summary, '在筛人员');
  assert.equal(cards[0].indicator, 'critical');
  assert.equal(cards[0].source.label, '疾控中心');
  assert.equal(`alert-${cards[0].uuid.replaceAll('-', '')}`, flag);
  assert.deepEqual((await hook('doctor', 'patient-view', { patientId: 'other' }, 'patient-view')).json.cards, []);
  assert.ok((await hook('doctor', 'patient-view', { patientId: 'listed' }, 'patient-view')).json.cards.length >= 1);
  for (const [context, name] of [[{ patientId: 'listed' }, 'encounter-start'], [{ patientId: '../x', encounterId: encounter }, 'encounter-start'], [{ patientId: 'listed', encounterId: encounter }, 'patient-view']]) {
    assert.equal((await hook('doctor', name, context)).status, 400);
  }
  assert.equal((await hook('doctor', 'encounter-start', { patientId: 'listed', encounterId: 'never-sent' })).status, 404, 'no card must not be taken for no alert');
  assert.equal((await ask('doctor', 'GET', '/app/point-of-care/cds-services/registration')).status, 405);
});

test('the clinician acknowledges it: by a feedback, or by itself; twice is once', async () => {
  const before = (await ask('cdc', 'GET', `/fhir/AlertReceipt?alert=Flag/${flag}`)).json.entry[0].resource;
  assert.equal(before.status, 'requested');
  assert.ok(before.due > before.authoredOn);
  const uuid = flag.slice('alert-'.length).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const feedback = await ask('doctor', 'POST', '/app/point-of-care/cds-services/registration/feedback',
    { feedback: [{ card: uuid, outcome: 'overridden', overrideReason: { userComment: '已隔离' }, outcomeTimestamp: '2026-11-23T08:00:00Z' }] }, { 'content-type': 'application/json' });
  assert.equal(feedback.status, 200, feedback.text);
  const after = (await ask('cdc', 'GET', `/fhir/AlertReceipt/${before.id}`)).json;
  assert.deepEqual([after.status, after.account, after.comment], ['acknowledged', 'doctor', '已隔离']);
  assert.ok(after.acknowledgedOn >= before.authoredOn);
  const again = await ask('doctor', 'POST', '/app/point-of-care/acknowledge', { alert: `Flag/${flag}` }, { 'content-type': 'application/json' });
  assert.equal(again.status, 200);
  assert.equal(again.json.meta.versionId, after.meta.versionId);
});

test('each role that is denied', async () => {
  assert.equal((await ask('doctor', 'GET', '/fhir/WatchEntry/e1')).status, 403);
  assert.equal((await ask('doctor', 'GET', '/fhir/WatchEntry')).status, 403);
  assert.equal((await ask('doctor', 'PUT', '/fhir/WatchEntry/e2', { resourceType: 'WatchEntry', id: 'e2', status: 'active', list: { reference: 'WatchList/contacts' }, subject: { reference: 'Patient/other' }, reason: { text: 'x' } })).status, 403);
  const everything = await ask('doctor', 'GET', '/fhir/Patient/listed/$everything');
  assert.ok(!everything.text.includes('WatchEntry"'), 'nor by the way of $everything');
  for (const type of ['Flag', 'AlertReceipt', 'WatchEntry']) assert.equal((await ask('he', 'GET', `/fhir/${type}`)).status, 403, type);
  assert.equal((await ask('he', 'GET', '/fhir/Task')).json.entry?.length ?? 0, 0, 'and no Task tells him');
  assert.equal((await ask('elsewhere', 'GET', `/fhir/Flag/${flag}`)).status, 404);
  assert.equal((await hook('elsewhere', 'encounter-start', { patientId: 'listed', encounterId: encounter })).status, 404);
  assert.equal((await ask('elsewhere', 'POST', '/app/point-of-care/acknowledge', { alert: `Flag/${flag}` }, { 'content-type': 'application/json' })).status, 404);
  assert.equal((await ask('he', 'POST', '/app/point-of-care/acknowledge', { alert: `Flag/${flag}` }, { 'content-type': 'application/json' })).status, 403);
  const cdcAcknowledges = await ask('cdc', 'POST', '/app/point-of-care/acknowledge', { alert: 'Flag/alert-x' }, { 'content-type': 'application/json' });
  assert.equal(cdcAcknowledges.status, 400);
});

test('restarted, the list is still there', async () => {
  await server.stop();
  await server.start();
  const made = await ask('doctor', 'POST', '/fhir/Encounter', visit('listed'));
  assert.equal(made.status, 201, made.text);
  assert.ok(made.headers.link.includes(kRelation));
});

const alertsOf = async (encounter) => (await ask('cdc', 'GET', `/fhir/Flag?encounter=Encounter/${encounter}`)).json.entry ?? [];
async function until(what, holds) {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return;
    await sleep(50);
  }
  assert.fail(what);
}
const patient = (id, more = {}) => ask('admin', 'PUT', `/fhir/Patient/${id}`, { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ text: id }], ...more });
const entry = (id, of, more = {}) => ask('cdc', 'PUT', `/fhir/WatchEntry/${id}`, { resourceType: 'WatchEntry', id, status: 'active', list: { reference: 'WatchList/contacts' }, subject: { reference: `Patient/${of}` }, reason: { text: '同住' }, ...more });

test('an entry that begins while the visit goes on alerts it then, by itself', async () => {
  await patient('later');
  const made = await ask('doctor', 'POST', '/fhir/Encounter', visit('later'));
  assert.equal((await entry('e-later', 'later', { period: { start: new Date(Date.now() + 3000).toISOString() } })).status, 201);
  assert.equal((await alertsOf(made.json.id)).length, 0);
  await until('the alert of an entry that has begun', async () => (await alertsOf(made.json.id)).length === 1);
});

test('a list that becomes active alerts the visits that go on', async () => {
  await patient('put-away');
  const list = (status) => ask('cdc', 'PUT', '/fhir/WatchList/away', { resourceType: 'WatchList', id: 'away', status, name: 'away', title: '已停用', publisher: '疾控中心', level: 'warning', text: '请询问', instruction: '请询问流行病学史' });
  assert.equal((await list('retired')).status, 201);
  assert.equal((await entry('e-away', 'put-away', { list: { reference: 'WatchList/away' } })).status, 201);
  const made = await ask('doctor', 'POST', '/fhir/Encounter', visit('put-away'));
  assert.equal(made.headers.link, undefined);
  assert.equal((await list('active')).status, 200);
  await until('the alert of a list that was put away', async () => (await alertsOf(made.json.id)).length === 1);
});

test('what de-duplication joins while the server stands still is alerted at its start', async () => {
  await server.stop();
  server = await new Server(data, { args: ['--live-matching=false'] }).start();
  const known = { identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: residentId('19650607', 99) }], name: [{ text: '郑秀英' }], gender: 'male', birthDate: '1965-06-07' };
  await patient('twice-a', known);
  await patient('twice-b', known);
  await entry('e-twice', 'twice-a');
  const made = await ask('doctor', 'POST', '/fhir/Encounter', visit('twice-b'));
  assert.equal(made.headers.link, undefined, 'two records that nobody has joined');
  await server.stop();
  const told = JSON.parse(execFileSync(program(), ['deduplicate', '--data', data], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  assert.equal(told.joined, 1);
  server = await new Server(data).start();
  await until('the alert of one person with two records', async () => (await alertsOf(made.json.id)).length === 1);
});

test('alert rules are reloaded with their pack: for registrations from then on, and for the visits that go on', async () => {
  await server.stop();
  const pack = `${data}/packs/point-of-care`;
  fs.cpSync(`${root}/apps/point-of-care`, pack, { recursive: true, filter: (from) => !/\.(cpp|h|txt)$|\/ui$/.test(from) });
  const manifest = JSON.parse(fs.readFileSync(`${pack}/manifest.json`, 'utf8'));
  fs.writeFileSync(`${pack}/manifest.json`, JSON.stringify({ ...manifest, doors: [] }));
  const file = `${pack}/alerts/registration.json`, rule = fs.readFileSync(file, 'utf8');
  fs.rmSync(file);
  server = await new Server(data, { args: ['--packs-reload=true'] }).start();
  await patient('reloaded');
  await entry('e-reloaded', 'reloaded');
  const before = await ask('doctor', 'POST', '/fhir/Encounter', visit('reloaded'));
  assert.equal(before.headers.link, undefined, before.text);
  fs.writeFileSync(file, '{"id": ');
  await until('the mistake is told', async () => server.output.includes('packs-not-reloaded'));
  fs.writeFileSync(file, rule);
  await until('the alert of the visit that goes on', async () => (await alertsOf(before.json.id)).length === 1);
  assert.ok((await ask('doctor', 'POST', '/fhir/Encounter', visit('reloaded'))).headers.link.includes(kRelation));
});

test('the live stream tells a doctor nothing of a record that is joined, as it is written, to one who is closed to him', async (t) => {
  const known = { identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: residentId('19710304', 21) }], name: [{ text: '何小明' }], gender: 'male', birthDate: '1971-03-04' };
  await patient('denies', known);
  const denied = await ask('admin', 'POST', '/fhir/Consent', { resourceType: 'Consent', status: 'active', scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }], policyRule: { text: 'by word' }, patient: { reference: 'Patient/denies' }, provision: { type: 'deny' } });
  assert.equal(denied.status, 201, denied.text);
  await until('he is closed', async () => (await ask('doctor', 'GET', '/fhir/Patient/denies')).status === 404);
  const asked = http.get(`${server.base}/live`, { headers: { authorization: `Bearer ${tokens.doctor}`, accept: 'text/event-stream' } });
  t.after(() => asked.destroy());
  asked.on('error', () => {});
  const stream = await new Promise((resolve) => { asked.on('response', resolve); });
  assert.equal(stream.statusCode, 200);
  let text = '';
  stream.on('data', (part) => { text += part; });
  await until('hello', async () => text.includes('event: hello'));
  for (let i = 0; i < 20; i++) {
    assert.equal((await patient(`joined-${i}`, known)).status, 201);
    assert.equal((await patient(`open-${i}`)).status, 201);
  }
  await until('what is open to him', async () => text.includes('open-19'));
  assert.ok(!text.includes('joined-'), text.match(/.*joined-\d+.*/)?.[0]);
  assert.equal((await ask('doctor', 'GET', '/fhir/Patient/joined-0')).status, 404);
});
