// What is lost takes nothing else with it, on the real program: types whose definitions were taken away, and attachments whose files are damaged or
// gone. The start comes up and tells in plain words, /ready names it, persons are erased, an erasure that a kill cut off is finished, and the
// backup is made and says what is not in it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const run = promisify(execFile);
const kReason = { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'consent-withdrawn' }] };
/** A command of the program: its exit code and all that it says. */
const tool = (...args) => run(program(), args).then(({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }), (e) => ({ code: e.code, text: e.stdout + e.stderr }));

function house(name) {
  const place = freshFolder(name);
  const data = path.join(place, 'data');
  const h = {
    place, data, server: null, token: null,
    ask: (method, target, body) => request(h.server.base, method, `/fhir${target}`, { token: h.token, body }),
    ready: async () => (await request(h.server.base, 'GET', '/ready')).json,
    put: async (resource) => {
      const answer = await h.ask('PUT', `/${resource.resourceType}/${resource.id}`, resource);
      assert.equal(answer.status, 201, answer.text);
    },
    start: async () => {
      h.server ??= new Server(data);
      h.server.output = '';
      await h.server.start();
      h.token ??= await h.server.token();
    },
    end: async () => {
      await h.server?.stop();
      fs.rmSync(place, { recursive: true, force: true });
    },
  };
  return h;
}

describe('a type whose definition was taken away', () => {
  const h = house('forgotten');
  const types = path.join(h.data, 'types');
  const away = path.join(h.place, 'types-away');
  before(async () => {
    fs.mkdirSync(types, { recursive: true });
    fs.chmodSync(h.data, 0o700);
    const element = (name, type, more = {}) => ({ id: name, path: name, min: 0, max: '1', ...(type ? { type: [{ code: type, ...more }] } : {}) });
    fs.writeFileSync(path.join(types, 'zed.json'), JSON.stringify({
      resourceType: 'StructureDefinition', url: 'http://tongkang.dev/test/StructureDefinition/Zed', name: 'Zed', status: 'active', fhirVersion: '4.0.1', kind: 'resource',
      abstract: false, type: 'Zed', baseDefinition: 'http://hl7.org/fhir/StructureDefinition/DomainResource', derivation: 'specialization',
      differential: { element: [element('Zed'), element('Zed.about', 'Reference', { targetProfile: ['http://hl7.org/fhir/StructureDefinition/Patient'] })] },
    }));
    fs.writeFileSync(path.join(types, 'sp.json'), JSON.stringify({
      resourceType: 'SearchParameter', url: 'http://tongkang.dev/test/SearchParameter/zed-patient', name: 'patient', status: 'active', description: 'patient', code: 'patient',
      base: ['Zed'], type: 'reference', expression: 'Zed.about', target: ['Patient'],
    }));
    await h.start();
    await h.put({ resourceType: 'Patient', id: 'a' });
    await h.put({ resourceType: 'Patient', id: 'b' });
    for (const [id, of] of [['1', 'a'], ['2', 'a'], ['3', 'b']]) await h.put({ resourceType: 'Zed', id, about: { reference: `Patient/${of}` } });
    await h.server.kill();
    fs.renameSync(types, away);
  });
  after(h.end);

  test('the start tells which and how many, in its log and in /ready; nothing is called damaged', async () => {
    await h.start();
    assert.match(h.server.output, /"event":"type-unknown","type":"Zed","records":3/);
    assert.doesNotMatch(h.server.output, /corrupt|damaged/);
    const now = await h.ready();
    assert.equal(now.ready, true);
    assert.match(now.reasons.join(), /^3 records of type Zed .*no definition/);
    await h.server.stop();
    await h.start();
    assert.match(h.server.output, /"event":"type-unknown","type":"Zed","records":3/);
    assert.doesNotMatch(h.server.output, /corrupt|damaged/, 'a start that loads its views');
    const read = await h.ask('GET', '/Zed/1');
    assert.equal(read.status, 404);
    assert.match(read.text, /Records of the type Zed are kept here.*no definition/);
    for (const target of ['/_history', '/Patient', '/Patient/a/$everything', '/?_id=1']) assert.equal((await h.ask('GET', target)).status, 200, target);
  });

  test('persons are erased by the API and by the command, and the types come back', async () => {
    assert.equal((await h.ask('POST', '/Patient/a/$erase', kReason)).status, 200);
    assert.match((await h.ready()).reasons.join(), /^1 records of type Zed/);
    await h.server.stop();
    const erased = await tool('erase', '--data', h.data, '--person', 'Patient/b', '--reason', 'consent-withdrawn');
    assert.equal(erased.code, 0, erased.text);
    await h.start();
    assert.deepEqual((await h.ready()).reasons, []);
    await h.server.stop();
    const verified = await tool('verify', '--data', h.data);
    assert.equal(verified.code, 0, verified.text);
    const saved = await tool('backup', '--data', h.data, '--to', path.join(h.place, 'backup'), '--keys-to', path.join(h.place, 'keys'));
    assert.equal(saved.code, 0, saved.text);
    fs.renameSync(away, types);
    await h.start();
    for (const id of ['1', '2', '3']) assert.equal((await h.ask('GET', `/Zed/${id}`)).status, 410);
    assert.equal((await h.ask('POST', '/Zed', { resourceType: 'Zed' })).status, 201);
  });
});

for (const how of ['damaged', 'missing']) {
  describe(`an attachment that is ${how}`, () => {
    const h = house(`attachment-${how}`);
    let file, whole;
    const lose = () => {
      if (how === 'missing') return fs.rmSync(file);
      const bytes = Buffer.from(whole);
      bytes[bytes.length - 20] ^= 1;
      fs.writeFileSync(file, bytes);
    };
    before(async () => {
      await h.start();
      const photo = [{ contentType: 'image/png', data: Buffer.alloc(120_000, 7).toString('base64') }];
      await h.put({ resourceType: 'Patient', id: 'p', name: [{ family: 'Xiangliu' }], photo });
      await h.put({ resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/p' } });
      await h.put({ resourceType: 'Patient', id: 'q', name: [{ family: 'Xie' }] });
      await h.server.kill();
      const contents = path.join(h.data, 'contents');
      file = fs.readdirSync(contents, { recursive: true }).map((f) => path.join(contents, f)).find((f) => fs.statSync(f).isFile());
      whole = fs.readFileSync(file);
      lose();
    });
    after(h.end);

    test('a start that reads the log comes up, tells where it is and nothing of the person; pages have all else', async () => {
      fs.rmSync(path.join(h.data, 'views'), { recursive: true, force: true });
      await h.start();
      assert.match(h.server.output, new RegExp(`"event":"attachment-lost","type":"Patient","place":"${path.relative(h.data, file)}"`));
      assert.doesNotMatch(h.server.output, /Xiangliu/);
      const now = await h.ready();
      assert.equal(now.ready, true);
      assert.match(now.reasons.join(), /^1 attachments are missing or damaged/);
      assert.doesNotMatch(JSON.stringify(now), /contents\//, 'what is open to everybody names no places');
      const page = await h.ask('GET', '/Patient?name=xi&_total=accurate');
      assert.equal(page.status, 200);
      assert.equal(page.json.total, 2);
      assert.deepEqual(page.json.entry.map((e) => `${e.search.mode} ${e.resource.id ?? ''}`), ['match q', 'outcome ']);
      assert.match(page.text, /Patient\/p \(version 1\) cannot be read/);
      assert.equal((await h.ask('GET', '/Patient/p')).status, 500);
      const rebuild = await request(h.server.base, 'POST', '/admin/views/search/rebuild', { token: h.token });
      assert.equal(rebuild.status, 202, rebuild.text);
      for (let i = 0; i < 200 && (await h.ready()).views.some((v) => v.state !== 'serving'); ++i) await sleep(50);
      const views = (await h.ready()).views;
      assert.ok(views.length >= 4 && views.every((v) => v.state === 'serving'), JSON.stringify(views));
    });

    test('verify and backup name its place and end with 3; the backup has all else', async () => {
      const place = path.relative(h.data, file);
      const verified = await tool('verify', '--data', h.data);
      assert.deepEqual([verified.code, verified.text.includes(place)], [3, true], verified.text);
      const to = path.join(h.place, 'backup'), keys = path.join(h.place, 'backup-keys');
      const saved = await tool('backup', '--data', h.data, '--to', to, '--keys-to', keys);
      assert.deepEqual([saved.code, saved.text.includes(`DAMAGE: ${place}`)], [3, true], saved.text);
      assert.ok(fs.existsSync(path.join(to, 'log.db')) && fs.existsSync(path.join(keys, 'keys.db')));
      fs.writeFileSync(file, whole);
      for (let i = 0; i < 200 && !h.server.output.includes('"event":"attachment-back"'); ++i) await sleep(50);
      assert.match(h.server.output, /"event":"attachment-back"/, 'no restart is needed');
      assert.deepEqual((await h.ready()).reasons, []);
      assert.equal((await h.ask('GET', '/Patient/p')).status, 200);
      const good = await tool('backup', '--data', h.data, '--to', `${to}-2`, '--keys-to', `${keys}-2`);
      assert.equal(good.code, 0, good.text);
    });

    test('the person is erased by the command and by the API, and a kill meanwhile stops no start', async () => {
      lose();
      await h.server.stop();
      const living = fs.readdirSync(h.data);
      assert.ok(living.includes('log.db'));
      const copy = path.join(h.place, 'by-command');
      fs.cpSync(h.data, copy, { recursive: true });
      const erased = await tool('erase', '--data', copy, '--person', 'Patient/p', '--reason', 'consent-withdrawn');
      assert.equal(erased.code, 0, erased.text);
      await h.start();
      const asked = h.ask('POST', '/Patient/p/$erase', kReason);
      await sleep(20);
      await h.server.kill();
      await asked;
      await h.start();
      // Not begun, or finished by the start: never half.
      const now = (await h.ask('GET', '/Patient/p')).status;
      assert.ok(now === 410 || now === 500, String(now));
      assert.equal((await h.ask('GET', '/Observation/o')).status, now === 410 ? 410 : 200);
      const answer = await h.ask('POST', '/Patient/p/$erase', kReason);
      assert.equal(answer.status, 200, answer.text);
      for (const target of ['/Patient/p', '/Patient/p/_history/1', '/Observation/o']) assert.equal((await h.ask('GET', target)).status, 410, target);
      await h.server.kill();
      await h.start();
      assert.equal((await h.ask('GET', '/Patient/p')).status, 410);
      assert.deepEqual((await h.ask('GET', '/Patient')).json.entry.map((e) => e.resource.id), ['q']);
      assert.ok(!fs.existsSync(path.dirname(file)));
      const verified = await tool('verify', '--data', h.data);
      assert.equal(verified.code, 0, verified.text);
    });
  });
}
