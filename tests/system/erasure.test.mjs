// Erasure on the real program: after it no string of the person is found in any file: log, write-ahead files, views, dictionaries,
// contents, keys, audit, the database's folder, the program's output; nor in a log restored from an older backup.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { filesWith } from '../lib/files.mjs';
import { freshFolder, hasPostgres, Postgres, program, request, Server, sleep } from '../lib/server.mjs';

const run = promisify(execFile);
// Each is in some resource of the person, and in nothing else of this house.
const kPlanted = ['Quetzalcoatlus', 'Zyxwvutia', 'Kumquatgasse', '7788990011-XQ', 'wandering-otter-note', 'Brontomerus', 'pelican-text-of-a-document'];
const kOther = 'Unharmed-Neighbour';

function personOf(id, family, more) {
  const about = { reference: `Patient/${id}` };
  const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
  return { resourceType: 'Bundle', type: 'transaction', entry: [
    put({ resourceType: 'Patient', id, name: [{ family, given: [more.given] }], gender: 'male', birthDate: '1971-03-04',
      address: [{ line: [more.street], city: 'Tongkang' }], identifier: [{ system: 'http://tongkang.dev/test/card', value: more.card }],
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${family}</div>` } }),
    put({ resourceType: 'Observation', id: `${id}-obs`, status: 'final', subject: about, effectiveDateTime: '2026-11-20T08:00:00+08:00',
      code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, note: [{ text: more.note }],
      valueQuantity: { value: 38.4, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } }),
    put({ resourceType: 'Condition', id: `${id}-con`, subject: about, code: { text: more.condition } }),
    put({ resourceType: 'DocumentReference', id: `${id}-doc`, status: 'current', subject: about,
      content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(`${more.text} `.repeat(3000)).toString('base64') } }] }),
  ] };
}
const kErased = { given: kPlanted[1], street: `${kPlanted[2]} 12`, card: kPlanted[3], note: kPlanted[4], condition: kPlanted[5], text: kPlanted[6] };
const kNeighbour = { given: 'Ann', street: 'Harbour 1', card: 'N-1', note: 'neighbour note', condition: 'cough', text: 'neighbour text' };
const reasonOf = (code) => ({ resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: code }] });

function erasureOn(name, backend) {
  describe(`erasure on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, postgres, data, token, log, output = '', beforeErasure;
    const places = () => [data, ...(postgres ? [postgres.folder] : [])];
    const ask = (method, target, body, on = server) => request(on.base, method, target, { token, body });
    const backup = freshFolder('backup');
    const tool = (...args) => run(program(), args);
    const logArgs = () => (log ? ['--log', log] : []);

    before(async () => {
      data = freshFolder('erasure');
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('erasure');
      }
      server = await new Server(data, { log }).start();
      token = await server.token();
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      for (const folder of [data, backup]) fs.rmSync(folder, { recursive: true, force: true });
    });

    /** Nothing says anything of him, and the neighbour is whole. */
    async function checkGone(on) {
      const say = async (target, statuses) => {
        const answer = await ask('GET', `/fhir/${target}`, undefined, on);
        assert.ok(statuses.includes(answer.status), `${target}: ${answer.status} ${answer.text.slice(0, 200)}`);
        // The self link of a search repeats what was asked.
      const said = JSON.stringify({ ...answer.json, link: (answer.json.link ?? []).filter((link) => link.relation !== 'self') });
      for (const text of kPlanted) assert.ok(!said.includes(text), `${target} says ${text}`);
        return answer.json;
      };
      for (const id of ['Patient/gone', 'Observation/gone-obs', 'Condition/gone-con', 'DocumentReference/gone-doc', 'Patient/gone/_history/1']) await say(id, [404, 410]);
      await say('Patient/gone/$everything', [404, 410]);
      for (const [search, count] of [[`Patient?family=${kPlanted[0]}`, 0], [`Patient?family=${kOther}`, 1], [`Patient?identifier=${kPlanted[3]}`, 0],
        ['Patient?birthdate=1971-03-04', 1], ['Observation?subject=Patient/gone', 0], ['Observation?code=8310-5', 1], ['Patient', 1], ['Condition', 1], ['DocumentReference', 1],
        ['Flag?subject=Patient/gone', 0], ['Task?subject=Patient/gone', 0], ['Task?patient=Patient/gone', 0]]) {
        assert.equal((await say(`${search}${search.includes('?') ? '&' : '?'}_summary=count`, [200])).total, count, search);
        assert.equal((await say(search, [200])).entry?.length ?? 0, count, search);
      }
      for (const history of ['_history', 'Patient/_history', 'Observation/_history']) {
        const bundle = await say(`${history}?_count=1000`, [200]);
        assert.ok(!JSON.stringify(bundle).includes('/gone'), `${history} names him`);
        assert.ok(bundle.entry.length > 0);
      }
      const history = await say('Patient/gone/_history', [200, 404, 410]);
      assert.equal(history.entry?.length ?? 0, 0);
      const neighbour = await say('Patient/stays', [200]);
      assert.equal(neighbour.name[0].family, kOther);
      const all = await say('Patient/stays/$everything', [200]);
      assert.ok(all.entry.length >= 4);
      const text = await say('DocumentReference/stays-doc', [200]);
      assert.ok(Buffer.from(text.content[0].attachment.data, 'base64').toString().startsWith(kNeighbour.text));
    }
    function checkFiles(folders) {
      for (const folder of folders) assert.deepEqual(filesWith(folder, kPlanted), []);
    }

    test('persons with unmistakable strings are there, saved in views and backed up', async () => {
      for (const bundle of [personOf('gone', kPlanted[0], kErased), personOf('stays', kOther, kNeighbour)]) {
        const made = await ask('POST', '/fhir', bundle);
        assert.equal(made.status, 200, made.text.slice(0, 500));
      }
      const again = await ask('PUT', '/fhir/Patient/gone', { ...personOf('gone', kPlanted[0], kErased).entry[0].resource, gender: 'unknown' });
      assert.equal(again.status, 200);
      assert.equal((await ask('GET', `/fhir/Patient?family=${kPlanted[0].slice(0, 5)}&_summary=count`)).json.total, 1);
      await server.stop();   // saves the views
      output += server.output;
      server = await new Server(data, { log }).start();
      beforeErasure = new Date();
      await sleep(1100);   // a chosen time is a whole second
      await tool('backup', '--data', data, ...logArgs(), '--to', `${backup}/log`, '--keys-to', `${backup}/keys`);
    });

    test('an erasure asks for the right, a reason and an existing person', async () => {
      await tool('account', 'add', 'dr', '--data', data, '--post', 'doctor', '--no-password');
      const doctor = await server.token('dr');
      const asDoctor = await request(server.base, 'POST', '/fhir/Patient/gone/$erase', { token: doctor, body: reasonOf('unlawful') });
      assert.equal(asDoctor.status, 403);
      for (const body of [{ resourceType: 'Parameters' }, reasonOf('because'), { resourceType: 'Patient' }]) {
        const answer = await ask('POST', '/fhir/Patient/gone/$erase', body);
        assert.equal(answer.status, 400, answer.text);
      }
      assert.equal((await ask('POST', '/fhir/Patient/nobody/$erase', reasonOf('unlawful'))).status, 404);
      assert.equal((await ask('GET', '/fhir/Patient/gone/$erase')).status, 405);
      const batch = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch',
        entry: [{ request: { method: 'POST', url: 'Patient/gone/$erase' }, resource: reasonOf('unlawful') }] });
      assert.ok(!JSON.stringify(batch.json).includes('"200'), batch.text);
      assert.equal((await ask('GET', '/fhir/Patient/gone')).status, 200);
    });

    test('after it nobody and no file says anything of him', async () => {
      const erased = await ask('POST', '/fhir/Patient/gone/$erase', reasonOf('consent-withdrawn'));
      assert.equal(erased.status, 200, erased.text);
      const audit = fs.readdirSync(path.join(data, 'audit')).filter((f) => f.endsWith('.jsonl'))
        .map((f) => fs.readFileSync(path.join(data, 'audit', f), 'utf8')).join('');
      assert.match(audit, /"action":"erase-asked"[^\n]*"status":0,"reason":"consent-withdrawn"[^\n]*\n[^]*"action":"erase"/);
      assert.match(audit, /"action":"erase"[^\n]*"status":200,"reason":"consent-withdrawn"/);   // before the answer, and we have the answer
      await checkGone(server);
      const dead = await ask('PUT', '/fhir/Observation/late', { resourceType: 'Observation', id: 'late', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/gone' } });
      assert.ok([409, 410, 422].includes(dead.status), `${dead.status} ${dead.text}`);
      checkFiles(places());
    });

    test('a crash, a restart and a rebuild of the views keep it so', async () => {
      await server.kill();
      output += server.output;
      server = await new Server(data, { log }).start();
      await checkGone(server);
      await server.stop();
      fs.rmSync(path.join(data, 'views'), { recursive: true });
      server = await new Server(data, { log }).start();
      await checkGone(server);
      await server.stop();
      checkFiles(places());
      await tool('verify', '--data', data, ...logArgs());
    });

    for (const [what, until] of [['all of it', () => []], ['at a chosen time before the erasure', () => ['--until', beforeErasure.toISOString()]]]) {
      test(`a log restored from the older backup, ${what}, does not bring him back`, async () => {
        const restored = freshFolder('restored');
        for (const file of ['keys.db', 'master.key', 'accounts.toml', 'secret.key']) {
          if (fs.existsSync(path.join(data, file))) fs.cpSync(path.join(data, file), path.join(restored, file));
        }
        const database = log ? await postgres.database(`restored${until().length}`) : undefined;
        await tool('restore', '--data', restored, ...(database ? ['--log', database] : []), '--from', `${backup}/log`, ...until());
        const second = await new Server(restored, { log: database }).start();
        const own = await second.token();
        const keep = token;
        token = own;
        await checkGone(second);
        token = keep;
        await second.stop();
        output += second.output;
        checkFiles([restored, ...(postgres ? [postgres.folder] : [])]);
        fs.rmSync(restored, { recursive: true });
      });
    }

    test('with the keys of the backup and the newer ledger he stays away too', async () => {
      const restored = freshFolder('restored');
      fs.cpSync(path.join(data, 'master.key'), path.join(restored, 'master.key'));
      const database = log ? await postgres.database('ledger') : undefined;
      await assert.rejects(tool('restore', '--data', restored, ...(database ? ['--log', database] : []), '--from', `${backup}/log`), /keys\.db/);
      await tool('restore', '--data', restored, ...(database ? ['--log', database] : []), '--from', `${backup}/log`,
        '--keys-from', `${backup}/keys`, '--ledger-from', data);
      checkFiles([restored]);
      const second = await new Server(restored, { log: database }).start();
      const keep = token;
      token = await second.token();
      await checkGone(second);
      token = keep;
      await second.stop();
      fs.rmSync(restored, { recursive: true });
    });

    test('the offline command erases too, and the program never wrote a name', async () => {
      const erase = (...args) => tool('erase', '--data', data, ...logArgs(), '--person', 'Patient/stays', ...args);
      await assert.rejects(erase(), /--reason is required/);
      await assert.rejects(erase('--reason', 'because'), /one of: purpose-ended/);
      // An erasure that could not be recorded does not happen.
      const audit = path.join(data, 'audit');
      fs.renameSync(audit, `${audit}-aside`);
      fs.writeFileSync(audit, 'no folder');
      await assert.rejects(erase('--reason', 'retention-ended'), /audit/);
      fs.rmSync(audit);
      fs.renameSync(`${audit}-aside`, audit);
      assert.match((await erase('--reason', 'retention-ended')).stdout, /Erased: [1-9]/);
      const lines = fs.readdirSync(path.join(data, 'audit')).flatMap((f) => fs.readFileSync(path.join(data, 'audit', f), 'utf8').split('\n'));
      const told = lines.filter((line) => line.includes('command-line'));
      assert.deepEqual(told.map((line) => JSON.parse(line)).map(({ action, status, reason }) => [action, status, reason]),
        [['erase', 400, undefined], ['erase-asked', 0, 'retention-ended'], ['erase', 200, 'retention-ended']]);
      assert.ok(!told.some((line) => line.includes('because')), 'what was typed is no code');
      server = await new Server(data, { log }).start();
      assert.equal((await ask('GET', '/fhir/Patient?_summary=count')).json.total, 0);
      output += server.output;
      for (const text of [...kPlanted, kOther]) assert.ok(!output.includes(text), `the program's own output says ${text}`);
      await server.stop();
      assert.deepEqual(filesWith(data, [kOther]), []);
    });

    test('an erasure by the command that is killed has one end in the audit', async () => {
      const records = () => fs.readdirSync(path.join(data, 'audit')).filter((f) => f.endsWith('.jsonl'))
        .flatMap((f) => fs.readFileSync(path.join(data, 'audit', f), 'utf8').split('\n'))
        .filter((line) => line.endsWith('}') && line.includes('"action":"eras')).map((line) => JSON.parse(line));
      const ends = (mark) => records().filter((r) => r.erasure === mark && r.action !== 'erase-asked');
      for (const [round, wait] of [0, 15, 40, 80, 150, 400].entries()) {
        const id = `killed${round}`;
        const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
        server = await new Server(data, { log }).start();
        const made = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [put({ resourceType: 'Patient', id }),
          ...Array.from({ length: 600 }, (_, i) => put({ resourceType: 'Observation', id: `${id}-${i}`, status: 'final', code: { text: 'x' }, subject: { reference: `Patient/${id}` } }))] });
        assert.equal(made.status, 200, made.text.slice(0, 300));
        await server.stop();
        const before = records().length;
        const child = spawn(program(), ['erase', '--data', data, ...logArgs(), '--person', `Patient/${id}`, '--reason', 'unlawful'], { stdio: 'ignore' });
        const gone = new Promise((done) => { child.once('exit', done); });
        while (records().length === before && child.exitCode === null) await sleep(2);
        await sleep(wait);
        child.kill('SIGKILL');
        await gone;
        const asked = records()[before];
        assert.equal(asked.action, 'erase-asked');
        for (let start = 0; start < 2; ++start) {
          server = await new Server(data, { log }).start();
          const { status } = await ask('GET', `/fhir/Patient/${id}`);
          const left = (await ask('GET', `/fhir/Observation?subject=Patient/${id}&_summary=count`)).json.total;
          await server.stop();
          const [end, ...more] = ends(asked.erasure);
          assert.deepEqual(more, []);
          assert.ok(end, `killed after ${wait} ms: told by the start`);
          assert.deepEqual([status, left], end.action === 'erase-not-begun' ? [200, 600] : [410, 0], end.action);
          assert.deepEqual([end.reason, end.request, end.owner], ['unlawful', asked.request, asked.owner]);
        }
      }
      assert.ok(!fs.readdirSync(path.join(data, 'audit')).some((f) => f.startsWith('asked-')));
      assert.match((await tool('audit', 'verify', '--data', data)).stdout, /0 damaged/);
    });
  });
}

erasureOn('SQLite', 'sqlite');
erasureOn('PostgreSQL', 'postgres');
