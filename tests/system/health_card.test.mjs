// The health card on the real program: issued, shown, verified once and never again, also after kill -9; lost and re-issued; rights; nothing of it in logs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, hasPostgres, Postgres, program, request, Server } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const checked = (body) => body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i], 0) % 11];
const kAda = checked('38010219900307123');

function cardOn(name, backend, suite) {
  describe(`the health card on ${name}, ${suite}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, postgres, data, output = '';
    const tokens = {};
    const post = (what, body, who = 'admin') => request(server.base, 'POST', `/app/health-card/${what}`, { token: tokens[who], body, headers: { 'content-type': 'application/json' } });
    const show = async (what = 'present') => (await post(what, { patient: 'Patient/ada' })).json;
    const verify = async (code, purpose = 'registration', who = 'gate') => (await post('verify', { code, purpose }, who)).json;

    before(async () => {
      data = freshFolder('card');
      let log;
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('card');
      }
      const account = (which, what, area) => execFileSync(program(), ['account', 'add', which, '--data', data, '--post', what, '--no-password', ...(area ? ['--area', area] : [])]);
      account('gate', 'screener', '380104');
      account('desk', 'card-desk', '380102');
      account('machines', 'operator', '');
      fs.mkdirSync(path.join(data, 'apps/health-card'), { recursive: true });
      const own = JSON.parse(fs.readFileSync(new URL('../../apps/health-card/settings.json', import.meta.url), 'utf8'));
      fs.writeFileSync(path.join(data, 'apps/health-card/settings.json'), JSON.stringify({ ...own, suite }));
      server = await new Server(data, { log, outputMax: 1e7 }).start();
      for (const who of ['admin', 'gate', 'desk', 'machines']) tokens[who] = await server.token(who);
      const made = await request(server.base, 'PUT', '/fhir/Patient/ada', { token: tokens.admin, body: {
        resourceType: 'Patient', id: 'ada', name: [{ text: 'Quillfeather' }], identifier: [{ system: kCard, value: kAda }], meta: { tag: [{ system: kArea, code: '380102' }] } } });
      assert.equal(made.status, 201, made.text + server.output);
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      fs.rmSync(data, { recursive: true, force: true });
    });

    test('the desk issues it once, to whoever shows the document', async () => {
      const ask = { patient: 'Patient/ada', identity: kAda };
      assert.equal((await post('issue', ask, 'gate')).status, 403);
      assert.equal((await post('issue', { ...ask, identity: checked('38010219900307999') }, 'desk')).status, 422);
      const issued = await post('issue', ask, 'desk');
      assert.equal(issued.status, 201, issued.text);
      assert.match(issued.json.card.number, /^380100\d{12}[\dX]$/);
      const again = await post('issue', ask, 'desk');
      assert.equal(again.status, 200);
      assert.deepEqual(again.json.card, issued.json.card);
      const kept = await request(server.base, 'GET', `/fhir/HealthCard/${issued.json.card.id}`, { token: tokens.desk });
      assert.equal(kept.json.status, 'active');
      assert.equal(kept.json.holder.reference, 'Patient/ada');
      for (const method of ['PUT', 'DELETE'])
        assert.equal((await request(server.base, method, `/fhir/HealthCard/${kept.json.id}`, { token: tokens.desk, body: method === 'PUT' ? kept.json : undefined })).status, 403);
    });

    test('a code is taken once, and not after kill -9', async () => {
      const shown = await show();
      assert.equal(shown.qr.version, 6);
      assert.ok(shown.seconds <= 60);
      const first = await verify(shown.code);
      assert.match(first.use, /^HealthCardUse\//);
      assert.deepEqual({ ...first, checked: '', use: '' }, { verdict: 'valid', accepted: true, kind: 'dynamic', purpose: 'registration', name: 'Q***', checked: '', use: '' });
      assert.equal((await verify(shown.code)).verdict, 'used-before');
      const crash = (await show()).code;
      assert.equal((await verify(crash, 'record', 'admin')).patient, 'Patient/ada');
      output += server.output;
      await server.kill();
      server.output = '';
      await server.start();
      assert.equal((await verify(crash, 'record', 'admin')).verdict, 'used-before');
    });

    test('twenty scans at once: one is taken', async () => {
      const { code } = await show();
      const verdicts = (await Promise.all(Array.from({ length: 20 }, () => verify(code)))).map((each) => each.verdict);
      assert.equal(verdicts.filter((each) => each === 'valid').length, 1, verdicts.join());
      assert.equal(verdicts.filter((each) => each === 'used-before').length, 19);
    });

    test('of a merged record the card shows nothing, and is what it was when the merge is taken back', async () => {
      const kBea = checked('38010219900307444');
      const ask = (method, target, body) => request(server.base, method, `/fhir/${target}`, { token: tokens.admin, body });
      assert.equal((await ask('PUT', 'Patient/bea', { resourceType: 'Patient', id: 'bea', name: [{ text: 'Quillfeather' }], identifier: [{ system: kCard, value: kBea }], meta: { tag: [{ system: kArea, code: '380102' }] } })).status, 201);
      const { card } = (await post('issue', { patient: 'Patient/bea', identity: kBea }, 'desk')).json;
      const printed = { bea: (await post('print', { patient: 'Patient/bea' })).json.code, ada: (await show('print')).code };
      assert.equal((await verify(printed.bea)).verdict, 'valid');
      const before = (await ask('GET', `HealthCard/${card.id}`)).text;
      const sides = { resourceType: 'Parameters', parameter: [{ name: 'source-patient', valueReference: { reference: 'Patient/bea' } }, { name: 'target-patient', valueReference: { reference: 'Patient/ada' } }] };
      assert.equal((await ask('POST', 'Patient/$merge', sides)).status, 200);
      assert.equal((await verify(printed.bea)).verdict, 'closed');
      assert.equal((await post('present', { patient: 'Patient/bea' })).status, 409);
      assert.equal((await verify(printed.ada)).verdict, 'valid', 'the one that stays');
      assert.equal((await ask('POST', 'Patient/$unmerge', sides)).status, 200);
      assert.equal((await verify(printed.bea)).verdict, 'valid');
      assert.equal((await verify(printed.ada)).verdict, 'valid');
      assert.equal((await ask('GET', `HealthCard/${card.id}`)).text, before, 'nothing was written into it');
      assert.equal((await ask('POST', 'Patient/bea/$erase', { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'unlawful' }] })).status, 200);
    });

    test('a printed code does only what the policy says', async () => {
      const printed = await show('print');
      assert.equal((await verify(printed.code)).verdict, 'valid');
      assert.equal((await verify(printed.code)).verdict, 'valid');
      assert.equal((await verify(printed.code, 'record')).verdict, 'not-allowed');
      assert.equal((await verify(printed.code.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')))).accepted, false);
    });

    test('an older card leads to it', async () => {
      const older = { system: 'http://hospital-1.example/cards', value: 'JZK-00017' };
      assert.equal((await post('link', { patient: 'Patient/ada', ...older }, 'desk')).status, 200);
      const found = await post('verify', { number: older.value, system: older.system, purpose: 'registration' }, 'gate');
      assert.equal(found.json.verdict, 'valid', found.text);
      assert.equal(found.json.kind, 'linked');
      const search = await request(server.base, 'POST', '/fhir/HealthCard/_search', { token: tokens.desk, body: 'identifier=JZK00017', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
      assert.equal(search.json.entry?.length, 1, search.text);
    });

    test('lost is dead at once; the new card is another; the list for offline tells', async () => {
      const { code } = await show();
      assert.equal((await post('offline', {}, 'gate')).json.cards, 0);
      assert.equal((await post('report-loss', { patient: 'Patient/ada' })).json.card.status, 'lost');
      assert.equal((await verify(code)).verdict, 'lost');
      assert.equal((await post('present', { patient: 'Patient/ada' })).status, 409);
      const again = await post('reissue', { patient: 'Patient/ada', reason: 'lost' }, 'desk');
      assert.equal(again.status, 201, again.text);
      assert.equal(again.json.card.linked[0].value, 'JZK00017');
      assert.equal((await verify(code)).verdict, 'replaced');
      assert.equal((await verify((await show()).code)).verdict, 'valid');
      await post('rotate-key', {});
      const list = (await post('offline', {}, 'gate')).json;
      assert.equal(list.cards, 1);
      assert.equal(list.keys.length, 2);
      assert.ok(list.keys.every((key) => key.suite === suite));
    });

    test('who may nothing learns nothing', async () => {
      for (const what of ['verify', 'present', 'issue', 'offline', 'rotate-key', 'uses']) {
        assert.equal((await post(what, { patient: 'Patient/ada' }, 'machines')).status, 403, what);
        assert.equal((await request(server.base, 'POST', `/app/health-card/${what}`, { body: '{}' })).status, 401, what);
      }
      assert.equal((await request(server.base, 'GET', '/app/health-card/verify', { token: tokens.gate })).status, 405);
      const settings = await request(server.base, 'GET', '/app/health-card/settings', { token: tokens.gate });
      assert.equal(settings.json.dynamic_seconds, 60);
    });

    test('the person sees where it was shown; erased, nothing of it is left', async () => {
      const uses = (await post('uses', { patient: 'Patient/ada' })).json.uses;
      assert.ok(uses.length >= 6 && uses.some((use) => use.verifier === 'gate' && use.kind === 'dynamic'));
      const { code } = await show();
      const erased = await request(server.base, 'POST', '/fhir/Patient/ada/$erase', { token: tokens.admin, body: { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'unlawful' }] } });
      assert.equal(erased.status, 200, erased.text);
      assert.equal((await verify(code)).verdict, 'unknown-card');
      for (const type of ['HealthCard', 'HealthCardUse'])
        assert.equal((await request(server.base, 'GET', `/fhir/${type}?_summary=count`, { token: tokens.admin })).json.total, 0);
    });

    test('no name, number or code in logs and audit; every verification is audited with its verdict', async () => {
      await server.stop();
      output += server.output;
      const audit = fs.readdirSync(path.join(data, 'audit')).filter((file) => file.endsWith('.jsonl'))
        .map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
      for (const secret of ['Quillfeather', kAda, 'TK:', 'JZK-00017', 'JZK00017', 'Patient/ada']) {
        assert.ok(!output.includes(secret), `log: ${secret}`);
        assert.ok(!audit.includes(secret), `audit: ${secret}`);
      }
      const records = audit.trim().split('\n').map((line) => JSON.parse(line));
      for (const reason of ['valid', 'used-before', 'lost', 'replaced', 'not-allowed', 'unknown-card'])
        assert.ok(records.some((record) => record.action === 'health-card-verify' && record.reason === reason), reason);
      assert.ok(records.some((record) => record.action === 'health-card-issue' && record.account === 'desk' && record.type === 'Patient'));
    });
  });
}

cardOn('SQLite', 'sqlite', 'international');
cardOn('SQLite', 'sqlite', 'national');
cardOn('PostgreSQL', 'postgres', 'international');
