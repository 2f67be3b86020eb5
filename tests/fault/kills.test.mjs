// 50 kills on SQLite and some on PostgreSQL; a thousand by ./tk fault.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { freshFolder, hasPostgres, Postgres, Server } from '../lib/server.mjs';
import { KillTest } from './kills.mjs';

test('50 kills under load on SQLite lose nothing', { timeout: 900_000 }, async () => {
  const data = freshFolder('kills');
  const server = new Server(data);
  try {
    const summary = await new KillTest(server, 1).play(50);
    assert.deepEqual(summary.problems, []);
    assert.equal(summary.kills, 50);
    assert.ok(summary.checked.transactions > 100, JSON.stringify(summary));
  } finally {
    await server.kill();
    fs.rmSync(data, { recursive: true, force: true });
  }
});

test('10 kills under load on PostgreSQL lose nothing', { timeout: 900_000, skip: hasPostgres() ? false : 'PostgreSQL 15 is not installed' }, async () => {
  const postgres = await new Postgres().start();
  const data = freshFolder('kills-pg');
  const server = new Server(data, { log: await postgres.database('kills') });
  try {
    const summary = await new KillTest(server, 2).play(10);
    assert.deepEqual(summary.problems, []);
    assert.ok(summary.checked.transactions > 20, JSON.stringify(summary));
  } finally {
    await server.kill();
    await postgres.stop();
    fs.rmSync(data, { recursive: true, force: true });
  }
});
