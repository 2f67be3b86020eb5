// The service has a user of its own, and the operator types as root: nothing that his commands leave may shut the service out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kService = 65534, kOther = 65533;

/** { rc, out, err } of one command, as `uid`. */
function toolAs(uid, file, ...args) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 60000, uid, gid: uid, cwd: '/' });
  return { rc: status, out: stdout, err: stderr };
}
const tool = (...args) => toolAs(0, program(), ...args);

function everything(folder) {
  return fs.readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name)).concat(folder);
}
function assertAllOf(folder, uid) {
  const others = everything(folder).filter((file) => fs.lstatSync(file).uid !== uid || fs.lstatSync(file).gid !== uid);
  assert.deepEqual(others, []);
}

describe('a data folder of another user', { skip: process.getuid() !== 0 && 'only root can give a folder away' }, () => {
  const place = freshFolder('owner');
  const at = (name) => path.join(place, name);
  const data = at('data');
  let server;
  const own = (folder) => {
    fs.mkdirSync(folder, { mode: 0o700 });
    fs.chownSync(folder, kService, kService);
  };
  const read = async (token) => (await request(server.base, 'GET', '/fhir/Patient?_summary=count', { token })).status;
  const until = async (status, token) => {
    for (let i = 0; i < 100 && await read(token) !== status; ++i) await sleep(100);
    return read(token);
  };

  before(async () => {
    fs.chmodSync(place, 0o755);
    own(data);
    own(at('backups'));
    server = await new Server(data).start();
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(place, { recursive: true, force: true });
  });

  test('accounts that root adds, revokes and disables count, and stay readable', async () => {
    assert.equal(tool('account', 'add', 'new', '--data', data, '--post', 'doctor', '--no-password').rc, 0);
    const token = await server.token('new');
    assert.equal(await until(200, token), 200, 'added as root');
    assert.equal(tool('account', 'revoke', 'new', '--data', data).rc, 0);
    assert.equal(await until(401, token), 401, 'revoked as root');
    assert.equal(tool('account', 'disable', 'new', '--data', data).rc, 0);
    assertAllOf(data, kService);
  });

  test('backup, rebuild, erase and restore as root leave nothing of root’s', async () => {
    const token = await server.token();
    for (const id of ['one', 'two']) {
      assert.equal((await request(server.base, 'PUT', `/fhir/Patient/${id}`, { token, body: { resourceType: 'Patient', id } })).status, 201);
    }
    const backup = tool('backup', '--data', data, '--to', at('backups/b'), '--keys-to', at('backups/k'));
    assert.equal(backup.rc, 0, backup.err);
    await server.stop();
    assert.equal(tool('rebuild', '--data', data, '--view', 'all').rc, 0);
    const erased = tool('erase', '--data', data, '--person', 'Patient/one', '--reason', 'unlawful');
    assert.equal(erased.rc, 0, erased.err);
    assertAllOf(data, kService);
    const back = at('back');
    own(back);
    fs.copyFileSync(path.join(data, 'master.key'), path.join(back, 'master.key'));
    fs.chownSync(path.join(back, 'master.key'), kService, kService);
    const restored = tool('restore', '--data', back, '--from', at('backups/b'), '--keys-from', at('backups/k'));
    assert.equal(restored.rc, 0, restored.err);
    assertAllOf(back, kService);
    await server.start();
    assert.equal(await until(200, await server.token()), 200, 'it starts again');
    assertAllOf(data, kService);
  });

  test('somebody else is refused and told who may', () => {
    const copy = at('tongkang');
    fs.copyFileSync(program(), copy);
    fs.chmodSync(copy, 0o755);
    for (const args of [['account', 'list'], ['account', 'revoke', 'admin'], ['verify']]) {
      const { rc, err } = toolAs(kOther, copy, ...args, '--data', data);
      assert.equal(rc, 1, args.join(' '));
      assert.match(err, /belongs to .* or as root/, args.join(' '));
    }
  });
});
