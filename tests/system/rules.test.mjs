// A rule on the real program: a fever makes one Flag and one Task, however it came in, however often it is said, and across restarts;
// and when the person is erased, what the rule wrote about him goes as well.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { filesWith } from '../lib/files.mjs';
import { freshFolder, hasPostgres, Postgres, program, request, Server, sleep } from '../lib/server.mjs';

// A person has one open follow-up a day, so each reading here is of a person of its own, where it is to be counted.
const kNow = new Date().toISOString();

// In the reading's unit, which the rule's Task repeats in its reason: so that the rule's own text can be searched for.
const kUnit = 'grad-of-the-wandering-heron', kFamily = 'Brambleworth';

function fever(id, person, value = 37.6, more = {}) {
  return { resourceType: 'Observation', ...(id ? { id } : {}), status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: `Patient/${person}` },
    effectiveDateTime: kNow, valueQuantity: { value, unit: kUnit, system: 'http://unitsofmeasure.org', code: 'Cel' }, ...more };
}
const person = (id) => ({ resourceType: 'Patient', id, name: [{ family: kFamily, given: [id] }], gender: 'male', birthDate: '1980-01-01' });
const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
const post = (resource, more = {}) => ({ fullUrl: `urn:uuid:${crypto.randomUUID()}`, request: { method: 'POST', url: resource.resourceType, ...more }, resource });

function rulesOn(name, backend) {
  describe(`rules on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, postgres, data, token, log;
    const ask = (method, target, body, headers = {}) => request(server.base, method, `/fhir${target}`, { token, body, headers });
    const all = async (query) => {
      const answer = await ask('GET', `/${query}${query.includes('?') ? '&' : '?'}_count=500`);
      assert.equal(answer.status, 200, answer.text);
      return (answer.json.entry ?? []).map((e) => e.resource);
    };
    /** The rule works behind the answers. This says when it has worked through all that was written: a marker of its own comes last. */
    let markers = 0;
    async function settled() {
      const id = `marker-${++markers}`;
      assert.equal((await ask('PUT', `/Patient/${id}`, person(id))).status, 201);
      assert.equal((await ask('PUT', `/Observation/${id}`, fever(id, id, 40))).status, 201);
      for (let i = 0; i < 3000; i++) {
        if ((await all(`Task?focus=Observation/${id}`)).length > 0) return;
        await sleep(10);
      }
      assert.fail('the rule does not work any more');
    }
    /** Exactly one Flag and one Task about a reading, belonging to its person and naming it. */
    async function checkOne(reading, who, count = 1) {
      const tasks = await all(`Task?focus=Observation/${reading}`);
      assert.equal(tasks.length, count, `${tasks.length} tasks for ${reading}`);
      for (const task of tasks) {
        assert.equal(task.for.reference, `Patient/${who}`);
        assert.equal(task.reasonReference.reference, `Observation/${reading}`);
        assert.match(task.reasonCode.text, new RegExp(kUnit));
        const flag = await ask('GET', `/${task.basedOn[0].reference}`);
        assert.equal(flag.status, 200);
        assert.equal(flag.json.subject.reference, `Patient/${who}`);
      }
      const flags = (await all(`Flag?patient=Patient/${who}`)).filter((flag) => flag.extension.some((e) => e.valueReference?.reference === `Observation/${reading}`));
      assert.equal(flags.length, count, `${flags.length} flags for ${reading}`);
    }
    const counts = async () => [(await all('Task?code=http://tongkang.dev/fhir/CodeSystem/screening-task|fever-follow-up')).length, (await all('Flag')).length];

    before(async () => {
      data = freshFolder('rules');
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('rules');
      }
      server = await new Server(data, { log }).start();
      token = await server.token();
      const entry = ['a', 'a2', 'b', 'c', 'c2', 'd', 'e', 'e2', 'e3', 'k0', 'k1', 'k2', 'gone', 'stays'].map((id) => put(person(id)));
      assert.equal((await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      fs.rmSync(data, { recursive: true, force: true });
    });

    test('a fever that is created, put, corrected into one, or part of a transaction or batch makes one Flag and one Task', async () => {
      const created = (await ask('POST', '/Observation', fever(null, 'a'))).json.id;
      assert.equal((await ask('PUT', '/Observation/put', fever('put', 'a2'))).status, 201);
      // First well, then corrected.
      assert.equal((await ask('PUT', '/Observation/later', fever('later', 'b', 36.4))).status, 201);
      await settled();
      await checkOne('later', 'b', 0);
      assert.equal((await ask('PUT', '/Observation/later', fever('later', 'b', 37.6, { status: 'corrected' }))).status, 200);
      // Several in one transaction, with a new person whom a reading names by its fullUrl, and one that is well.
      const newcomer = post({ ...person('x'), id: undefined });
      const sick = post({ ...fever(null, 'x'), subject: { reference: newcomer.fullUrl } });
      const bundle = await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [sick, newcomer, put(fever('in-transaction', 'c')), post(fever(null, 'c', 36.9))] });
      assert.equal(bundle.status, 200, bundle.text);
      const idAt = (i) => bundle.json.entry[i].response.location.match(/\/([^/]+)\/_history/)[1];
      assert.equal((await ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry: [put(fever('in-batch', 'c2'))] })).status, 200);
      const patched = await ask('PUT', '/Observation/patched', fever('patched', 'd', 37.2));
      assert.equal(patched.status, 201);
      assert.equal((await ask('PATCH', '/Observation/patched', [{ op: 'replace', path: '/valueQuantity/value', value: 37.6 }], { 'content-type': 'application/json-patch+json' })).status, 200);
      await settled();
      for (const [reading, who] of [[created, 'a'], ['put', 'a2'], ['later', 'b'], [idAt(0), idAt(1)], ['in-transaction', 'c'], ['in-batch', 'c2'], ['patched', 'd']]) await checkOne(reading, who);
      await checkOne(idAt(3), 'c', 0);
    });

    test('said again it makes no second: the same key, the same bundle, a change that leaves it true; half a transaction makes none', async () => {
      const key = { 'idempotency-key': 'fever-1' };
      const first = await ask('POST', '/Observation', fever(null, 'e', 38.1), key);
      const again = await Promise.all(Array.from({ length: 5 }, () => ask('POST', '/Observation', fever(null, 'e', 38.1), key)));
      for (const answer of again) assert.deepEqual([answer.status, answer.json.id], [201, first.json.id], answer.text);
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [post(fever(null, 'e2', 38.3)), put(fever('again', 'e3', 38.2))] };
      const sent = await ask('POST', '', bundle, { 'idempotency-key': 'bundle-1' });
      const resent = await ask('POST', '', bundle, { 'idempotency-key': 'bundle-1' });
      assert.deepEqual(resent.json.entry.map((e) => e.response.location), sent.json.entry.map((e) => e.response.location), resent.text);
      await settled();
      for (const value of [38.4, 38.5]) assert.equal((await ask('PUT', '/Observation/again', fever('again', 'e3', value, { status: 'amended' }))).status, 200);
      const half = await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [put(fever('half', 'd')), put({ ...fever('wrong', 'd'), status: 'nonsense' })] });
      assert.ok(half.status >= 400, half.text);
      await settled();
      await checkOne(first.json.id, 'e');
      await checkOne('again', 'e3');
      await checkOne(sent.json.entry[0].response.location.match(/\/([^/]+)\/_history/)[1], 'e2');
      await checkOne('half', 'd', 0);
    });

    test('after an orderly end, a kill and a loss of all views nothing fires twice and nothing is forgotten', async () => {
      await settled();
      const was = await counts();
      await server.stop();
      server = await new Server(data, { log }).start();
      await settled();
      assert.deepEqual(await counts(), was.map((n) => n + 1));
      // Killed between a reading and its rule, perhaps: it fires once afterwards.
      for (let round = 0; round < 3; round++) {
        assert.equal((await ask('PUT', `/Observation/killed-${round}`, fever(`killed-${round}`, `k${round}`))).status, 201);
        await server.kill();
        if (round === 2) fs.rmSync(path.join(data, 'views'), { recursive: true, force: true });
        server = await new Server(data, { log }).start();
        await settled();
        await checkOne(`killed-${round}`, `k${round}`);
      }
      assert.deepEqual(await counts(), was.map((n) => n + 1 + 2 * 3));
    });

    test('an erased person leaves nothing behind that the rule has written, and what comes late about him fires nothing', async () => {
      for (const who of ['gone', 'stays']) {
        const entry = [put(fever(`${who}-1`, who)), put(fever(`${who}-2`, who, 39))].map((e) => JSON.parse(JSON.stringify(e).replaceAll(kUnit, who === 'gone' ? `${kUnit}-erased` : kUnit)));
        assert.equal((await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
      }
      await settled();
      const his = await all('Task?patient=Patient/gone');
      assert.equal(his.length, 1);
      assert.match(his[0].reasonCode.text, /-erased/);
      const flags = await all('Flag?patient=Patient/gone');
      assert.equal(flags.length, 2);
      await server.stop();       // the views are saved with him in them
      server = await new Server(data, { log }).start();
      const reason = { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'consent-withdrawn' }] };
      const erased = await ask('POST', '/Patient/gone/$erase', reason);
      assert.equal(erased.status, 200, erased.text);
      const late = await ask('PUT', '/Observation/gone-late', fever('gone-late', 'gone'));
      assert.ok([409, 410, 422].includes(late.status), late.text);
      const look = async () => {
        await settled();
        for (const one of [...his, ...flags]) assert.ok([404, 410].includes((await ask('GET', `/${one.resourceType}/${one.id}`)).status), `${one.resourceType}/${one.id}`);
        for (const query of ['Task?patient=Patient/gone', 'Task?focus=Observation/gone-1', 'Flag?patient=Patient/gone', 'Observation?patient=Patient/gone']) assert.equal((await all(query)).length, 0, query);
        assert.equal((await all('Task?patient=Patient/stays')).length, 1);
        const history = await ask('GET', '/Task/_history?_count=1000');
        for (const one of his) assert.ok(!history.text.includes(one.id));
        for (const folder of [data, ...(postgres ? [postgres.folder] : [])]) assert.deepEqual(filesWith(folder, [`${kUnit}-erased`]), []);
      };
      await look();
      await server.kill();
      server = await new Server(data, { log }).start();
      await look();
      await server.stop();
      fs.rmSync(path.join(data, 'views'), { recursive: true });
      server = await new Server(data, { log }).start();
      await look();
      await server.stop();
      execFileSync(program(), ['verify', '--data', data, ...(log ? ['--log', log] : [])], { stdio: 'ignore' });
      server = await new Server(data, { log }).start();
    });
  });
}

rulesOn('SQLite', 'sqlite');
rulesOn('PostgreSQL', 'postgres');
