// The operator's commands on the real program: what is missing, misspelt or half there is told in words, and nothing is made of it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, hasPostgres, Postgres, program, request, Server } from '../lib/server.mjs';

/** { rc, out, err } of one command. */
function tool(...args) {
  const { status, stdout, stderr } = spawnSync(program(), args, { encoding: 'utf8', timeout: 60000 });
  return { rc: status, out: stdout, err: stderr };
}
const serveOnce = (data) => tool('serve', '--data', data, '--listen', '127.0.0.1:0');

describe('the operator', () => {
  const place = freshFolder('operator');
  const at = (name) => path.join(place, name);
  const data = at('data'), backup = at('backup'), keys = at('keys');
  let server, token;
  const put = (id, on = server) => request(on.base, 'PUT', `/fhir/Patient/${id}`, { token, body: { resourceType: 'Patient', id, active: true } });

  before(async () => {
    fs.mkdirSync(data);
    assert.equal(tool('account', 'add', 'dr', '--data', data, '--post', 'doctor', '--no-password').rc, 0, 'before the first start, in an empty folder');
    server = await new Server(data).start();
    token = await server.token();
    assert.equal((await put('one')).status, 201);
    assert.equal((await put('two')).status, 201);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(place, { recursive: true, force: true });
  });

  test('a fresh data folder is its user\'s alone', async () => {
    const own = at('fresh-data');
    const fresh = await new Server(own).start();
    await fresh.stop();
    for (const name of fs.readdirSync(own, { recursive: true }).map((each) => path.join(own, each)).concat(own))
      assert.equal(fs.statSync(name).mode & 0o077, 0, name);
  });

  test('settings that cannot be meant are refused before anything is made', () => {
    const none = at('never-made');
    for (const [args, what] of [[['--config', place], /is a folder/], [['--public-url', 'foo'], /public-url/]]) {
      const { rc, err } = tool('serve', '--data', none, ...args);
      assert.notEqual(rc, 0);
      assert.match(err, what);
    }
    assert.ok(!fs.existsSync(none));
  });

  test('a folder that is no data folder stays as it is', () => {
    const nope = at('nope'), filled = at('filled');
    fs.mkdirSync(filled);
    fs.writeFileSync(path.join(filled, 'letter.txt'), 'not ours');
    for (const folder of [nope, filled]) {
      for (const args of [['token', '--account', 'admin'], ['account', 'list'], ['account', 'add', 'x', '--post', 'doctor', '--no-password'], ['account', 'set-password', 'admin'],
        ['account', 'revoke', 'admin'], ['verify'], ['rebuild'], ['backup', '--to', at('b0'), '--keys-to', at('k0')], ['erase', '--person', 'Patient/one', '--reason', 'unlawful'], ['audit', 'verify'],
        ['restore', '--from', at('no-backup')]]) {
        const { rc, err } = tool(...args, '--data', folder);
        assert.equal(rc, 1, args.join(' '));
        assert.match(err, /no data folder|no log at|is no backup/, args.join(' '));
      }
    }
    assert.ok(!fs.existsSync(nope));
    assert.deepEqual(fs.readdirSync(filled), ['letter.txt']);
    assert.ok(!fs.existsSync(at('b0')) && !fs.existsSync(at('k0')));
  });

  test('an unknown command is named, with those there are', () => {
    const foo = tool('foo');
    assert.equal(foo.rc, 2);
    assert.match(foo.err, /no command 'foo'.*serve.*verify/s);
    const nested = tool('account', 'foo', '--data', data);
    assert.equal(nested.rc, 2);
    assert.match(nested.err, /no command 'foo'.*set-password/s);
  });

  test('a backup that cannot be finished leaves nothing, and the next one works', () => {
    fs.mkdirSync(at('taken'));
    fs.writeFileSync(path.join(at('taken'), 'keys.db'), 'an older one');
    const failed = tool('backup', '--data', data, '--to', backup, '--keys-to', at('taken'));
    assert.equal(failed.rc, 1);
    assert.match(failed.err, /taken\/keys\.db exists/);
    assert.ok(!fs.existsSync(backup));
    assert.equal(fs.readFileSync(path.join(at('taken'), 'keys.db'), 'utf8'), 'an older one');
    const done = tool('backup', '--data', data, '--to', backup, '--keys-to', keys);
    assert.equal(done.rc, 0, done.err);
    assert.match(done.out, /master\.key/);
    assert.match(tool('verify', '--data', backup, '--without-keys').out, / 0 damaged places/);
  });

  test('of backups to one place at once one is made, and the others leave it alone', async () => {
    const started = (to, keysTo) => new Promise((resolve) => {
      const child = spawn(program(), ['backup', '--data', data, '--to', to, '--keys-to', keysTo], { stdio: ['ignore', 'ignore', 'pipe'] });
      let err = '';
      child.stderr.on('data', (text) => { err += text; });
      child.on('close', (rc) => resolve({ rc, err, to }));
    });
    for (const places of [[['same', 'same-keys'], ['same', 'same-keys'], ['same', 'same-keys']], [['x', 'shared-keys'], ['y', 'shared-keys'], ['z', 'shared-keys']]]) {
      const ended = await Promise.all(places.map(([to, keysTo]) => started(at(to), at(keysTo))));
      const made = ended.filter(({ rc }) => rc === 0);
      assert.equal(made.length, 1, JSON.stringify(ended));
      for (const { rc, err } of ended) if (rc !== 0) assert.match(err, /exists; every backup needs new places|Another backup to .* is being made/);
      assert.match(tool('verify', '--data', made[0].to, '--without-keys').out, / 0 damaged places/);
      assert.ok(fs.existsSync(path.join(at(places[0][1]), 'keys.db')));
      for (const [to] of places) if (at(to) !== made[0].to) assert.ok(!fs.existsSync(at(to)), 'nothing is left of the others');
      assert.deepEqual(fs.readdirSync(at('.')).filter((name) => name.endsWith('.lock') || name.endsWith('.partial')), []);
    }
  });

  test('the keys of a backup go neither into its folder nor around it, however that is written', () => {
    fs.symlinkSync(at('b-late'), at('link-late'));   // to what the backup itself makes
    fs.mkdirSync(at('there'));
    fs.symlinkSync(at('there'), at('link-there'));
    for (const [to, keysTo] of [['b', 'b'], ['b', 'there/../b/'], ['b', 'b/keys'], ['there/b', 'there'], ['there/b', 'link-there'], ['link-there/b', 'there/b'],
      ['b-late', 'link-late']]) {
      const refused = tool('backup', '--data', data, '--to', `${at('.')}/${to}`, '--keys-to', `${at('.')}/${keysTo}`);
      assert.equal(refused.rc, 1, `${to} ${keysTo}`);
      assert.match(refused.err, /same folder, or one lies in the other.*Give the keys a folder of their own/s, `${to} ${keysTo}`);
      assert.ok(!fs.existsSync(at(to)), `${to} ${keysTo} leaves nothing`);
    }
  });

  test('the demonstration does not take another program for its own', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await new Promise((done) => { other.once('listening', done); });
    const listen = `127.0.0.1:${other.address().port}`;
    const demo = spawnSync(new URL('../../tools/demo.sh', import.meta.url).pathname,
      ['/bin/false', 'no-pages', at('demo'), listen], { encoding: 'utf8' });
    other.close();
    assert.equal(demo.status, 1, demo.stderr);
    assert.ok(demo.stderr.includes(`another program has ${listen}`), demo.stderr);
    assert.ok(!fs.existsSync(at('demo')), 'nothing was begun');
  });

  test('restored by the words of the help alone, it serves the same to the same accounts', async () => {
    const fresh = at('restored');
    const without = tool('restore', '--data', fresh, '--from', backup, '--keys-from', keys);
    assert.equal(without.rc, 1);
    assert.match(without.err, /master\.key is missing/);
    assert.ok(!fs.existsSync(fresh));
    assert.match(tool('restore', '--help').out, /master\.key/);
    fs.mkdirSync(fresh, { mode: 0o700 });
    fs.copyFileSync(path.join(data, 'master.key'), path.join(fresh, 'master.key'));
    const before = fs.readdirSync(fresh);
    const early = tool('restore', '--data', fresh, '--from', backup, '--keys-from', keys, '--until', '2020-01-01');
    assert.equal(early.rc, 1);
    assert.match(early.err, /later time/);
    const nowhere = tool('restore', '--data', fresh, '--from', backup, '--keys-from', keys, '--log', 'postgresql://127.0.0.1:1/none');
    assert.equal(nowhere.rc, 1);
    assert.deepEqual(fs.readdirSync(fresh).filter((name) => !name.endsWith('.lock')), before.filter((name) => !name.endsWith('.lock')), 'a failure leaves the folder as it was');
    const empty = tool('restore', '--data', fresh, '--from', backup, '--keys-from', keys, '--until', '');
    assert.equal(empty.rc, 2, 'an empty variable is no time');
    assert.match(empty.err, /--until.*empty/);
    const restored = tool('restore', '--data', fresh, '--from', backup, '--keys-from', keys, '--until', '2999-01-01');
    assert.equal(restored.rc, 0, restored.err);
    assert.match(restored.out, /up to transaction \d+ of 20\d\d-\d\d-\d\dT.*The backup ends/s);
    assert.match(tool('account', 'list', '--data', fresh).out, /^dr /m);
    assert.equal(tool('audit', 'verify', '--data', fresh).rc, 0);
    const second = await new Server(fresh).start();
    try {
      assert.equal((await request(second.base, 'GET', '/fhir/Patient/one', { token })).status, 200, 'with the token from before');
    } finally {
      await second.stop();
    }
    assert.match(tool('verify', '--data', fresh).out, / 0 damaged places/);
  });

  test('lost keys stop everything, clearly, and a second life does not begin', async () => {
    assert.equal((await put('three')).status, 201);
    await server.stop();
    assert.match(tool('verify', '--data', data).out, / 0 damaged places/);
    const own = fs.readFileSync(path.join(data, 'keys.db'));
    fs.rmSync(path.join(data, 'keys.db'));
    const told = /keys\.db is missing.*--keys-to|keys\.db is missing.*tongkang verify/s;
    for (const result of [serveOnce(data), tool('backup', '--data', data, '--to', at('b1'), '--keys-to', at('k1')), tool('rebuild', '--data', data),
      tool('erase', '--data', data, '--person', 'Patient/one', '--reason', 'unlawful')]) {
      assert.equal(result.rc, 1);
      assert.match(result.err, told);
    }
    const verified = tool('verify', '--data', data);
    assert.equal(verified.rc, 3);
    assert.match(verified.out, told);
    assert.ok(!fs.existsSync(path.join(data, 'keys.db')) && !fs.existsSync(at('b1')) && !fs.existsSync(at('k1')));

    // The one of the backup is older: Patient/three is not in it.
    fs.copyFileSync(path.join(keys, 'keys.db'), path.join(data, 'keys.db'));
    const older = serveOnce(data);
    assert.equal(older.rc, 1);
    assert.match(older.err, /Keys are missing/);
    assert.match(tool('verify', '--data', data).out, /Keys are missing/);
    // Also without the mark of the last key.
    fs.rmSync(path.join(data, 'keys.head'));
    assert.match(serveOnce(data).err, /older than the log/);
    assert.match(tool('verify', '--data', data).out, /keys of 1 persons are missing/);

    fs.writeFileSync(path.join(data, 'keys.db'), own, { mode: 0o600 });
    server = await new Server(data).start();
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/three', { token })).status, 200);
  });

  test('a folder whose log is in PostgreSQL is not begun anew beside it', { skip: hasPostgres() ? false : 'PostgreSQL 15 is not installed' }, async () => {
    const postgres = await new Postgres().start();
    try {
      const log = await postgres.database('operator'), folder = at('postgres');
      const with_log = await new Server(folder, { log }).start();
      token = await with_log.token();
      assert.equal((await put('far', with_log)).status, 201);
      await with_log.stop();
      const told = /The log of .* is in PostgreSQL.*--log postgresql:\/\//s;
      for (const result of [serveOnce(folder), tool('verify', '--data', folder), tool('backup', '--data', folder, '--to', at('b2'), '--keys-to', at('k2')),
        tool('erase', '--data', folder, '--person', 'Patient/far', '--reason', 'unlawful')]) {
        assert.equal(result.rc, 1, result.out + result.err);
        assert.match(result.err, told);
      }
      assert.ok(!fs.existsSync(path.join(folder, 'log.db')) && !fs.existsSync(at('b2')));
      // Without the note, as a former program left it; and with the address of another database.
      fs.rmSync(path.join(folder, 'log.place'));
      assert.match(serveOnce(folder).err, /knows 1 persons, and there is no log\.db.*--log postgresql:\/\//s);
      assert.match(tool('serve', '--data', folder, '--listen', '127.0.0.1:0', '--log', await postgres.database('other')).err, /knows 1 persons.*is empty/s);
      assert.match(tool('verify', '--data', folder, '--log', log).out, / 0 damaged places/);
      const again = await new Server(folder, { log }).start();
      assert.equal((await request(again.base, 'GET', '/fhir/Patient/far', { token })).status, 200);
      await again.stop();
    } finally {
      await postgres.stop();
    }
  });
});
