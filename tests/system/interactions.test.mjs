// A client written by others (npm fhir-kit-client) plays every interaction against the real program, on both back ends.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Client } from 'fhir-kit-client';
import { freshFolder, hasPostgres, Postgres, request, Server } from '../lib/server.mjs';

const kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const patient = (family, more = {}) => ({ resourceType: 'Patient', name: [{ family, given: ['Test'] }], gender: 'female', birthDate: '1980-02-29', ...more });
const temperature = (about, value, when) => ({
  resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] },
  subject: { reference: about }, effectiveDateTime: when,
  valueQuantity: { value, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' },
});

/** What fhir-kit-client throws for a refusal: its HTTP status, and that it is an OperationOutcome with words. */
async function refused(promise, status) {
  let thrown = null;
  await promise.catch((error) => { thrown = error; });
  assert.ok(thrown, `expected ${status}, was accepted`);
  assert.equal(thrown.response?.status, status, JSON.stringify(thrown.response?.data));
  assert.equal(thrown.response.data.resourceType, 'OperationOutcome');
  assert.ok((thrown.response.data.issue[0].diagnostics ?? thrown.response.data.issue[0].details?.text ?? '').length > 0);
  return thrown.response.data;
}

function allInteractions(name, backend) {
  describe(`every interaction on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, client, postgres, data, token;
    before(async () => {
      data = freshFolder('system');
      let log;
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('system');
      }
      server = await new Server(data, { log }).start();
      token = await server.token();
      client = new Client({ baseUrl: `${server.base}/fhir`, bearerToken: token });
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      fs.rmSync(data, { recursive: true, force: true });
    });
    const headersOf = (answer) => Client.httpFor(answer).response.headers;

    test('the CapabilityStatement is there without signing in, the rest is not', async () => {
      const open = new Client({ baseUrl: `${server.base}/fhir` });
      const statement = await open.capabilityStatement();
      assert.equal(statement.fhirVersion, '4.0.1');
      const observation = statement.rest[0].resource.find((r) => r.type === 'Observation');
      for (const code of ['read', 'vread', 'create', 'update', 'patch', 'delete', 'history-instance', 'history-type', 'search-type']) {
        assert.ok(observation.interaction.some((i) => i.code === code), code);
      }
      await refused(open.search({ resourceType: 'Patient', searchParams: {} }), 401);
      await refused(open.create({ resourceType: 'Patient', body: patient('X') }), 401);
    });

    test('create, read, vread, update, history, delete', async () => {
      const made = await client.create({ resourceType: 'Patient', body: patient('Lin') });
      assert.equal(headersOf(made).get('etag'), 'W/"1"');
      assert.match(headersOf(made).get('location'), new RegExp(`/fhir/Patient/${made.id}/_history/1$`));
      assert.equal(made.meta.versionId, '1');
      const read = await client.read({ resourceType: 'Patient', id: made.id });
      assert.deepEqual(read, made);
      const changed = await client.update({ resourceType: 'Patient', id: made.id, body: { ...read, gender: 'male' } });
      assert.equal(changed.meta.versionId, '2');
      assert.equal((await client.vread({ resourceType: 'Patient', id: made.id, version: '1' })).gender, 'female');
      const history = await client.resourceHistory({ resourceType: 'Patient', id: made.id });
      assert.deepEqual(history.entry.map((e) => e.resource.meta.versionId), ['2', '1']);
      await client.delete({ resourceType: 'Patient', id: made.id });
      await refused(client.read({ resourceType: 'Patient', id: made.id }), 410);
      assert.equal((await client.vread({ resourceType: 'Patient', id: made.id, version: '2' })).gender, 'male');
      const all = await client.resourceHistory({ resourceType: 'Patient', id: made.id });
      assert.equal(all.entry[0].request.method, 'DELETE');
      assert.equal(all.total, 3);
      await refused(client.read({ resourceType: 'Patient', id: 'never-was' }), 404);
      const again = await client.update({ resourceType: 'Patient', id: made.id, body: patient('Lin', { id: made.id }) });
      assert.equal(again.meta.versionId, '4');
    });

    test('type and system history', async () => {
      const made = await client.create({ resourceType: 'Location', body: { resourceType: 'Location', name: 'East gate' } });
      const type = await client.typeHistory({ resourceType: 'Location' });
      assert.equal(type.entry[0].resource.id, made.id);
      const system = await client.systemHistory();
      assert.equal(system.type, 'history');
      assert.equal(system.entry[0].resource.id, made.id);
    });

    test('If-Match: a stale editor is told', async () => {
      const made = await client.create({ resourceType: 'Patient', body: patient('Match') });
      const options = (version) => ({ headers: { 'If-Match': `W/"${version}"` } });
      await client.update({ resourceType: 'Patient', id: made.id, body: { ...made, gender: 'other' }, options: options(1) });
      await refused(client.update({ resourceType: 'Patient', id: made.id, body: { ...made, gender: 'male' }, options: options(1) }), 412);
    });

    test('JSON Patch', async () => {
      const made = await client.create({ resourceType: 'Patient', body: patient('Patch') });
      const patched = await client.patch({ resourceType: 'Patient', id: made.id,
        jsonPatch: [{ op: 'test', path: '/gender', value: 'female' }, { op: 'replace', path: '/gender', value: 'unknown' }, { op: 'add', path: '/name/0/given/-', value: 'Two' }] });
      assert.equal(patched.gender, 'unknown');
      assert.deepEqual(patched.name[0].given, ['Test', 'Two']);
      await refused(client.patch({ resourceType: 'Patient', id: made.id, jsonPatch: [{ op: 'replace', path: '/nothing/here', value: 1 }] }), 422);
      assert.equal((await client.read({ resourceType: 'Patient', id: made.id })).meta.versionId, '2');
    });

    test('conditional create, update, delete', async () => {
      const identifier = [{ system: kCard, value: '380102198002290029' }];
      const options = { headers: { 'If-None-Exist': `identifier=${kCard}|380102198002290029` } };
      const first = await client.create({ resourceType: 'Patient', body: patient('Cond', { identifier }), options });
      const second = await client.create({ resourceType: 'Patient', body: patient('Cond', { identifier }), options });
      assert.equal(Client.httpFor(first).response.status, 201);
      assert.equal(Client.httpFor(second).response.status, 200);
      assert.equal(second.id, first.id);
      const updated = await client.update({ resourceType: 'Patient', searchParams: { identifier: `${kCard}|380102198002290029` }, body: patient('Cond', { identifier, gender: 'male' }) });
      assert.equal(updated.id, first.id);
      assert.equal(updated.meta.versionId, '2');
      const removed = await request(server.base, 'DELETE', `/fhir/Patient?identifier=${encodeURIComponent(`${kCard}|380102198002290029`)}`, { token });
      assert.ok([200, 204].includes(removed.status), removed.text);
      await refused(client.read({ resourceType: 'Patient', id: first.id }), 410);
    });

    test('twenty creates under one condition at once make one', async () => {
      const identifier = [{ system: kCard, value: '380102199912310017' }];
      const options = { headers: { 'If-None-Exist': `identifier=${kCard}|380102199912310017` } };
      const made = await Promise.all(Array.from({ length: 20 }, () => client.create({ resourceType: 'Patient', body: patient('Once', { identifier }), options })));
      assert.equal(new Set(made.map((m) => m.id)).size, 1);
      assert.equal(made.filter((m) => Client.httpFor(m).response.status === 201).length, 1);
    });

    test('search by token, reference, date, string, _id, _lastUpdated, sorted and paged', async () => {
      const who = await client.create({ resourceType: 'Patient', body: patient('Ouyang', { name: [{ text: '欧阳小梅', family: '欧阳', given: ['小梅'] }] }) });
      const about = `Patient/${who.id}`;
      for (let day = 1; day <= 25; day++) {
        await client.create({ resourceType: 'Observation', body: temperature(about, 36 + day / 10, `2026-10-${String(day).padStart(2, '0')}T08:00:00+08:00`) });
      }
      const find = async (resourceType, searchParams, options) => client.search({ resourceType, searchParams, options });
      assert.equal((await find('Patient', { name: '欧阳' })).entry[0].resource.id, who.id);
      assert.equal((await find('Patient', { _id: who.id })).entry.length, 1);
      assert.equal((await find('Observation', { patient: who.id, code: 'http://loinc.org|8310-5', _summary: 'count' })).total, 25);
      assert.equal((await find('Observation', { subject: about, date: ['ge2026-10-10', 'lt2026-10-15'], _summary: 'count' })).total, 5);
      assert.equal((await find('Observation', { subject: about, _lastUpdated: 'gt2026-01-01', _summary: 'count' })).total, 25);
      let page = await find('Observation', { subject: about, _sort: '-date', _count: '10' }, { postSearch: true });
      const dates = [];
      for (let pages = 0; page && pages < 10; pages++) {
        dates.push(...page.entry.map((e) => e.resource.effectiveDateTime));
        if (pages === 0) await client.create({ resourceType: 'Observation', body: temperature(about, 36.6, '2026-10-31T08:00:00+08:00') });
        page = await client.nextPage({ bundle: page });
      }
      assert.equal(dates.length, 25, 'the pages stay at one position');
      assert.deepEqual(dates, [...dates].sort().reverse());
      const outcome = await refused(find('Patient', { nmae: 'x' }), 400);
      assert.match(JSON.stringify(outcome), /nmae/);
    });

    test('_summary and _elements', async () => {
      const made = await client.create({ resourceType: 'Patient', body: patient('Short', { communication: [{ language: { text: 'zh' } }] }) });
      const summary = (await client.search({ resourceType: 'Patient', searchParams: { _id: made.id, _summary: 'true' } })).entry[0].resource;
      assert.equal(summary.communication, undefined);
      assert.ok(summary.meta.tag.some((tag) => tag.code === 'SUBSETTED'));
      const elements = (await client.search({ resourceType: 'Patient', searchParams: { _id: made.id, _elements: 'birthDate' } })).entry[0].resource;
      assert.equal(elements.birthDate, '1980-02-29');
      assert.equal(elements.name, undefined);
    });

    test('transaction: references between entries, conditional references, all or nothing', async () => {
      const practitioner = await client.create({ resourceType: 'Practitioner', body: { resourceType: 'Practitioner', identifier: [{ system: 'urn:test:npi', value: '77' }] } });
      const about = 'urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000001';
      const body = {
        resourceType: 'Bundle', type: 'transaction',
        entry: [
          { fullUrl: 'urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000002', request: { method: 'POST', url: 'Observation' },
            resource: { ...temperature(about, 36.5, '2026-11-01'), performer: [{ reference: 'Practitioner?identifier=urn:test:npi|77' }] } },
          { fullUrl: about, request: { method: 'POST', url: 'Patient' }, resource: patient('Bundle') },
        ],
      };
      const answer = await client.transaction({ body });
      assert.deepEqual(answer.entry.map((e) => e.response.status.slice(0, 3)), ['201', '201']);
      const ids = answer.entry.map((e) => /([^/]+)\/_history/.exec(e.response.location)[1]);
      const observation = await client.read({ resourceType: 'Observation', id: ids[0] });
      assert.equal(observation.subject.reference, `Patient/${ids[1]}`);
      assert.equal(observation.performer[0].reference, `Practitioner/${practitioner.id}`);
      const before = (await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } })).total;
      body.entry[0].resource.performer[0].reference = 'Practitioner?identifier=urn:test:npi|nobody';
      await refused(client.transaction({ body }), 412);
      body.entry[0].resource = { resourceType: 'Observation', status: 'nonsense', code: { text: 'x' } };
      const outcome = await refused(client.transaction({ body }), 422);
      assert.match(JSON.stringify(outcome.issue), /status/);
      assert.equal((await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } })).total, before);
    });

    test('batch: each entry for itself', async () => {
      const answer = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: [
        { request: { method: 'POST', url: 'Patient' }, resource: patient('Batch') },
        { request: { method: 'GET', url: 'Patient/never-was' } },
        { request: { method: 'POST', url: 'Patient' }, resource: { resourceType: 'Patient', gender: 'nonsense' } },
      ] } });
      assert.deepEqual(answer.entry.map((e) => e.response.status.slice(0, 3)), ['201', '404', '422']);
    });

    test('Patient/$everything', async () => {
      const who = await client.create({ resourceType: 'Patient', body: patient('Everything') });
      await client.create({ resourceType: 'Observation', body: temperature(`Patient/${who.id}`, 36.5, '2026-11-01') });
      await client.create({ resourceType: 'Condition', body: { resourceType: 'Condition', code: { text: 'x' }, subject: { reference: `Patient/${who.id}` } } });
      const all = await client.operation({ name: 'everything', resourceType: 'Patient', id: who.id, method: 'GET' });
      assert.deepEqual(all.entry.map((e) => e.resource.resourceType).sort(), ['Condition', 'Observation', 'Patient']);
    });

    test('bad input says what and where, and keeps nothing', async () => {
      const outcome = await refused(client.create({ resourceType: 'Patient', body: patient('Bad', { contact: [{ name: { familly: 'typo' } }] }) }), 422);
      assert.match(JSON.stringify(outcome.issue[0].expression ?? outcome.issue[0].location), /Patient\.contact\[0\]\.name\.familly/);
      await refused(client.create({ resourceType: 'Patient', body: { resourceType: 'Observation' } }), 400).catch(() => refused(client.create({ resourceType: 'Patient', body: { resourceType: 'Observation' } }), 422));
      const broken = await request(server.base, 'POST', '/fhir/Patient', { token, body: '{"resourceType":"Patient",' });
      assert.equal(broken.status, 400);
      assert.match(broken.text, /line 1/);
      assert.equal((await request(server.base, 'GET', '/fhir/Nothing/1', { token })).status, 404);
      assert.equal((await request(server.base, 'GET', '/fhir/Patient/1', { token, headers: { accept: 'application/fhir+xml' } })).status, 406);
    });

    test('everything is there after a restart', async () => {
      const count = (await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } })).total;
      await server.stop();
      await server.start();
      assert.equal((await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } })).total, count);
    });
  });
}

allInteractions('SQLite', 'sqlite');
allInteractions('PostgreSQL', 'postgres');
