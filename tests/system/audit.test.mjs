// The audit on the real program: who looked at a person, also by searches, batches and transactions; exported and verified elsewhere; a duty of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, residentId, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const patient = (id) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ text: `病人${id}` }] });
const reading = (id, person) => ({ resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: `Patient/${person}` } });

describe('the audit is read', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body) => request(server.base, method, target, { token: tokens[who], body });
  /** What a search of the audit brings, all pages, as "account action". A record is on disk within half a second. */
  async function events(query, enough) {
    for (let i = 0; ; i++) {
      const seen = [];
      let url = `/audit/events?${query}`;
      while (url) {
        const page = await ask('auditor', 'GET', url);
        assert.equal(page.status, 200, page.text);
        for (const { resource } of page.json.entry ?? []) seen.push(`${resource.agent[0].who?.identifier.value} ${resource.subtype.at(-1).code}`);
        const next = page.json.link.find((link) => link.relation === 'next');
        url = next && next.url.slice(next.url.indexOf('/audit/'));
      }
      if (!enough || enough(seen) || i === 40) return seen;
      await sleep(100);
    }
  }

  before(async () => {
    data = freshFolder('audit');
    for (const post of ['doctor', 'auditor', 'operator'])
      execFileSync(program(), ['account', 'add', post, '--data', data, '--post', post, '--no-password'], { stdio: 'ignore' });
    execFileSync(program(), ['account', 'add', 'mr-a', '--data', data, '--kind', 'resident', '--record', 'Patient/a', '--post', 'resident', '--no-password'], { stdio: 'ignore' });
    const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
    add('tracer', '--post', 'contact-investigator', '--area', '380102');
    add('gate', '--post', 'screener', '--area', '380102');
    add('school', '--post', 'health-reporter', '--organization', 'Organization/school');
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const post of ['doctor', 'auditor', 'operator', 'mr-a', 'tracer', 'gate', 'school']) tokens[post] = await server.token(post);
    for (const id of ['a', 'b', 'c']) assert.equal((await ask('city', 'PUT', `/fhir/Patient/${id}`, patient(id))).status, 201);
    for (const [id, person] of [['o1', 'a'], ['o2', 'b'], ['o3', 'a']]) assert.equal((await ask('city', 'PUT', `/fhir/Observation/${id}`, reading(id, person))).status, 201);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('who looked at a person: reads, searches and includes that brought him, histories, everything, batches, counts of few; not those that did not', async () => {
    const looks = [
      ['GET', '/fhir/Patient/a'], ['GET', '/fhir/Observation/o1'], ['GET', '/fhir/Observation?_count=2'], ['GET', '/fhir/Observation?_id=o3&_include=Observation:subject'],
      ['GET', '/fhir/Patient/a/$everything'], ['GET', '/fhir/Patient/a/_history'],
      ['POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient/a' } }, { request: { method: 'GET', url: 'Patient/b' } }] }],
      ['GET', '/fhir/Patient/b'], ['GET', '/fhir/Observation?_id=o2'], ['GET', '/fhir/Patient?_summary=count'],
    ];
    for (const [method, target, body] of looks) {
      const answer = await ask('doctor', method, target, body);
      assert.equal(answer.status, 200, `${target} ${answer.text}`);
    }
    const ofA = (await events('patient=Patient/a&account=doctor', (seen) => seen.length >= 8)).toSorted();
    // The count is of so few that it tells of each.
    assert.deepEqual(ofA, ['batch', 'everything', 'history', 'read', 'read', 'search', 'search', 'search'].map((action) => `doctor ${action}`));
    assert.deepEqual((await events('patient=Patient/b&account=doctor', (seen) => seen.length >= 5)).toSorted(), ['batch', 'read', 'search', 'search', 'search'].map((action) => `doctor ${action}`));
    assert.deepEqual(await events('patient=Patient/c&account=doctor'), ['doctor search']);
    assert.deepEqual(await events('record=Observation/o1&account=doctor'), ['doctor read']);
  });

  test('a look is told to whom it was shown, also when the record is another\'s a moment later; who takes it from him is told to both', async () => {
    assert.equal((await ask('city', 'PUT', '/fhir/Observation/w1', reading('w1', 'a'))).status, 201);
    const before = { a: (await events('patient=Patient/a&account=doctor')).length, b: (await events('patient=Patient/b&account=doctor')).length };
    assert.equal((await ask('doctor', 'GET', '/fhir/Observation/w1')).status, 200);
    assert.equal((await ask('doctor', 'PUT', '/fhir/Observation/w1', reading('w1', 'b'))).status, 200);
    assert.equal((await ask('doctor', 'GET', '/fhir/Observation/w1/_history/1')).status, 200);
    const since = async (person, count) => (await events(`patient=Patient/${person}&account=doctor`, (seen) => seen.length >= before[person] + count));
    const counted = (list, action) => list.filter((each) => each === `doctor ${action}`).length;
    const all = await since('a', 3), other = await since('b', 1);
    assert.equal(all.length - before.a, 3, all.join());
    assert.ok(counted(all, 'update') >= 1, all.join());
    assert.equal(other.length - before.b, 1, other.join());
    assert.equal(counted(other, 'update'), 1, other.join());
  });

  test('whom a transaction wrote about', async () => {
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [['t1', 'b'], ['t2', 'c']].map(([id, person]) => ({ resource: reading(id, person), request: { method: 'PUT', url: `Observation/${id}` } })) };
    assert.equal((await ask('doctor', 'POST', '/fhir', bundle)).status, 200);
    assert.deepEqual(await events('patient=Patient/c&action=transaction', (seen) => seen.length), ['doctor transaction']);
  });

  test('whom an app names, enters or only looks up by his number', async () => {
    const number = residentId('19800101', 1), day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
    const named = { ...patient('named'), identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }], name: [{ text: '试一' }], birthDate: '1980-01-01', gender: 'male' };
    assert.equal((await ask('city', 'PUT', '/fhir/Organization/school', { resourceType: 'Organization', id: 'school', name: '一中' })).status, 201);
    assert.equal((await ask('city', 'PUT', '/fhir/Patient/named', named)).status, 201);
    const exposed = { event: '饭店', contacts: [{ name: '试一', number, kind: 'casual', last: day }] };
    const entry = { entries: [{ id: 'entry-0000001', person: { name: '试一', number }, temperature: 36.4, when: new Date().toISOString() }] };
    const table = (rows) => [rows.join('\r\n'), { 'content-type': 'text/csv' }];
    const members = table(['姓名,证件号码,学号', `试一,${number},1`]);
    const looks = [
      ['tracer', 'contacts/name', 'create', exposed], ['tracer', 'contacts/name', 'create', exposed], ['gate', 'screening/entries', 'create', entry],
      ['school', 'roster/members?check=true', 'import', ...members], ['school', 'roster/members', 'import', ...members],
      ['school', 'roster/reports', 'import', ...table(['学号,日期,体温', `1,${day},36.5`])],
    ];
    for (const [i, [who, target, action, body, headers]] of looks.entries()) {
      const of = `patient=Patient/named&account=${who}`;
      const before = await events(of);
      const sent = await request(server.base, 'POST', `/app/${target}`, { token: tokens[who], body, headers });
      assert.equal(sent.status, 200, `${target} ${sent.text}`);
      const seen = await events(of, (all) => all.length > before.length);
      assert.deepEqual([i, seen.length - before.length, seen.includes(`${who} ${action}`)], [i, 1, true], target);
    }
  });

  test('who was told by the live stream is in it, about those whom it told of and no others', async () => {
    const asked = http.get(`${server.base}/live?types=Observation`, { headers: { authorization: `Bearer ${tokens.doctor}` } });
    let told = '';
    const stream = await new Promise((done, failed) => { asked.on('response', done).on('error', failed); });
    stream.on('data', (part) => { told += part; }).on('error', () => {});
    const until = async (word) => { for (let i = 0; i < 400 && !told.includes(word); i++) await sleep(10); assert.ok(told.includes(word), told); };
    await until('event: hello');
    for (const [id, person] of [['l1', 'b'], ['l2', 'b']]) assert.equal((await ask('city', 'PUT', `/fhir/Observation/${id}`, reading(id, person))).status, 201);
    assert.equal((await ask('city', 'PUT', '/fhir/Patient/c', { ...patient('c'), active: true })).status, 200);
    await until('"l2"');
    assert.ok((await events('patient=Patient/b&action=live', (seen) => seen.length)).every((one) => one === 'doctor live'));
    asked.destroy();
    assert.ok((await events('patient=Patient/b&action=live')).length > 0);
    assert.deepEqual(await events('patient=Patient/c&action=live'), []);
    assert.deepEqual(await events('patient=Patient/a&action=live'), []);
  });

  test('pages of one record each bring what one page brings; bad questions say what is wrong', async () => {
    const whole = await events('patient=Patient/a&account=doctor');
    assert.ok(whole.length > 5);
    assert.deepEqual(await events('patient=Patient/a&account=doctor&_count=1'), whole);
    assert.deepEqual(await events('patient=Patient/a&date=lt2020-01-01'), []);
    for (const bad of ['patient=Observation/o1', 'patient=a', 'date=yesterday', 'outcome=maybe', 'colour=red', '_page=12']) {
      const answer = await ask('auditor', 'GET', `/audit/events?${bad}`);
      assert.equal(answer.status, 400, `${bad} ${answer.text}`);
    }
    assert.equal((await ask('auditor', 'GET', '/audit/events?patient=Patient/nobody')).status, 404);
  });

  test('a resident sees who looked at him, by post and not by account, and nothing of others; staff has no such page', async () => {
    assert.equal((await ask('doctor', 'GET', '/fhir/Patient/a')).status, 200);
    let mine;
    for (let i = 0; i < 40 && !mine?.json?.entry?.some(({ resource }) => resource.agent[0].role?.[0].coding[0].code === 'doctor'); i++) {
      await sleep(100);
      mine = await ask('mr-a', 'GET', '/audit/mine?action=read');
      assert.equal(mine.status, 200, mine.text);
    }
    const doctor = mine.json.entry.map(({ resource }) => resource).find((event) => event.agent[0].role?.[0].coding[0].code === 'doctor');
    assert.deepEqual([doctor.agent[0].role[0].text, doctor.agent[0].who, doctor.action], ['医生', undefined, 'R']);
    assert.ok(!mine.text.includes('"request"'));
    assert.equal((await ask('mr-a', 'GET', '/audit/mine?patient=Patient/b')).status, 403);
    assert.equal((await ask('mr-a', 'GET', '/audit/events')).status, 403);
    assert.equal((await ask('doctor', 'GET', '/audit/mine')).status, 403);
  });

  test('a duty of its own: an auditor reads the audit and nothing else, others do not read it; refusals and looks at the audit are in it', async () => {
    for (const who of ['doctor', 'operator']) assert.equal((await ask(who, 'GET', '/audit/events')).status, 403);
    assert.equal((await request(server.base, 'GET', '/audit/events')).status, 401);
    assert.equal((await ask('auditor', 'GET', '/fhir/Patient/a')).status, 403);
    assert.equal((await ask('auditor', 'GET', '/audit/mine')).status, 403);
    assert.equal((await ask('auditor', 'PUT', '/fhir/Patient/a', patient('a'))).status, 403);
    const refused = await events('account=auditor&outcome=refused', (seen) => seen.length >= 3);
    assert.ok(refused.length >= 3, refused.join());
    assert.ok((await events('account=auditor&action=audit-search')).length > 0);
  });

  test('exported files are verified elsewhere; a changed one is damage', async () => {
    const sound = await ask('auditor', 'GET', '/audit/verify');
    assert.equal(sound.json.sound, true, sound.text);
    const { files } = (await ask('auditor', 'GET', '/audit/files')).json;
    assert.ok(files.length >= 1);
    const elsewhere = freshFolder('audit-export');
    fs.mkdirSync(elsewhere, { recursive: true });
    for (const { name } of files) {
      const file = await ask('auditor', 'GET', `/audit/files/${name}`);
      assert.equal(file.status, 200);
      fs.writeFileSync(path.join(elsewhere, name), file.text);
    }
    const verify = () => execFileSync(program(), ['audit', 'verify', '--folder', elsewhere], { encoding: 'utf8' });
    assert.match(verify(), / 0 damaged places/);
    const first = path.join(elsewhere, files[0].name);
    fs.writeFileSync(first, fs.readFileSync(first, 'utf8').replace('"doctor"', '"dr"'));
    assert.throws(verify, /./);
    assert.equal((await ask('auditor', 'GET', '/audit/files/..%2Faccounts.toml')).status, 404);
    fs.rmSync(elsewhere, { recursive: true, force: true });
  });
});
