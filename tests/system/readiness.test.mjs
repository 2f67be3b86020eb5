// /ready tells whether requests are answered, and why not: a load balancer must not keep sending people to a program that serves nobody.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, hasPostgres, Postgres, program, request, Server, sleep } from '../lib/server.mjs';

// A full disk is played by a limit of file sizes. Its signal would end the program, and is ignored from before its start.
function deafProgram(folder) {
  const file = path.join(folder, 'tongkang');
  fs.writeFileSync(file, `#!/bin/sh\ntrap '' XFSZ\nexec '${program()}' "$@"\n`, { mode: 0o755 });
  return file;
}

describe('readiness', () => {
  const place = freshFolder('readiness');
  const data = path.join(place, 'data');
  const given = process.env.TK_PROGRAM;
  let server, token;
  const ready = () => request(server.base, 'GET', '/ready');
  const until = async (status) => {
    for (let i = 0; i < 200 && (await ready()).status !== status; ++i) await sleep(100);
    return ready();
  };

  before(async () => {
    process.env.TK_PROGRAM = deafProgram(place);
    server = await new Server(data).start();
    token = await server.token();
  });
  after(async () => {
    await server?.stop();
    if (given === undefined) delete process.env.TK_PROGRAM;
    else process.env.TK_PROGRAM = given;
    fs.rmSync(place, { recursive: true, force: true });
  });

  test('no audit: not ready, with the reason; written again: ready', async () => {
    assert.deepEqual((await ready()).json.reasons, []);
    const limit = (text) => execFileSync('prlimit', ['--pid', String(server.child.pid), `--fsize=${text}`]);
    limit('1:unlimited');
    await request(server.base, 'GET', '/fhir/Patient/nobody', { token });
    const full = await until(503);
    assert.equal(full.status, 503);
    assert.equal(full.json.ready, false);
    assert.match(full.json.reasons[0], /audit cannot be written/);
    assert.equal((await request(server.base, 'GET', '/health/ready')).status, 503);
    assert.equal((await request(server.base, 'GET', '/health')).status, 200, 'it lives: a restart would mend nothing');
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/nobody', { token })).status, 503);
    limit('unlimited:unlimited');
    const again = await until(200);
    assert.deepEqual([again.status, again.json.ready, again.json.reasons], [200, true, []]);
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/nobody', { token })).status, 404);
  });

  test('accounts that cannot be read are told at once, and mended without a restart', async () => {
    const file = path.join(data, 'accounts.toml');
    const good = fs.readFileSync(file);
    const told = async (count) => {
      for (let i = 0; i < 100 && (await ready()).json.reasons.length !== count; ++i) await sleep(100);
      return (await ready()).json;
    };
    fs.writeFileSync(file, '[[account]\nname =');
    const broken = await told(1);
    assert.match(broken.reasons[0], /accounts.*cannot be read.*five minutes/);
    assert.equal(broken.ready, true, 'the state before is in force for a while');
    assert.doesNotMatch(JSON.stringify(broken), /toml|tk-readiness/, 'what is open to everybody names no places');
    fs.writeFileSync(file, good);
    assert.deepEqual((await told(0)).reasons, []);
  });

  test('a rebuild that fails is told while the old view answers; mended, it goes through', async () => {
    const rebuild = () => request(server.base, 'POST', '/admin/views/search/rebuild', { token });
    const views = path.join(data, 'views/search');
    const serving = Math.max(...fs.readdirSync(views).map(Number).filter(Number.isInteger));
    // Where the next generations would be made.
    const inTheWay = Array.from({ length: 20 }, (_, i) => path.join(views, String(serving + 1 + i)));
    for (const file of inTheWay) fs.writeFileSync(file, '');
    assert.equal((await rebuild()).status, 202);
    for (let i = 0; i < 200 && (await ready()).json.reasons.length === 0; ++i) await sleep(50);
    const failed = (await ready()).json;
    assert.match(failed.reasons.join(), /^the rebuild of the view 'search' failed, and is tried again/);
    assert.deepEqual([failed.ready, failed.views[1].state], [true, 'rebuilding']);
    for (const file of inTheWay) fs.rmSync(file, { force: true });
    for (let i = 0; i < 300 && (await ready()).json.reasons.length !== 0; ++i) await sleep(100);
    assert.deepEqual([(await ready()).json.reasons, (await ready()).json.views[1].state], [[], 'serving']);
  });
});

describe('readiness with the log in PostgreSQL', { skip: !hasPostgres() && 'no PostgreSQL here' }, () => {
  const place = freshFolder('readiness-pg');
  let postgres, server, token;
  const ready = () => request(server.base, 'GET', '/ready');
  const until = async (status) => {
    for (let i = 0; i < 300 && (await ready()).status !== status; ++i) await sleep(100);
    return ready();
  };

  before(async () => {
    postgres = await new Postgres().start();
    server = await new Server(path.join(place, 'data'), { log: await postgres.database('readiness') }).start();
    token = await server.token();
  });
  after(async () => {
    await server?.stop();
    await postgres?.stop();
    fs.rmSync(place, { recursive: true, force: true });
  });

  test('the database away: not ready within seconds, without a write; back: ready', async () => {
    assert.deepEqual((await ready()).json.reasons, []);
    await postgres.kill();
    const away = await until(503);
    assert.equal(away.status, 503);
    assert.equal(away.json.ready, false);
    assert.match(away.json.reasons.join(), /log cannot be reached/);
    assert.doesNotMatch(JSON.stringify(away.json), /postgresql|\.s\.PGSQL|\/tmp/, 'what is open to everybody names no places');
    assert.match(server.output, /"event":"log-away"/);
    await postgres.startAgain();
    assert.deepEqual([(await until(200)).json.reasons, (await ready()).status], [[], 200]);
    assert.match(server.output, /"event":"log-back"/);
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/nobody', { token })).status, 404);
  });
});
