// Each fault once, with fixed seeds; at length by ./tk fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPostgres } from '../lib/server.mjs';
import { clockSteps, damagedViews, diskFull, diskFullWithAudit, killedWhileRebuilding, postgresKilled, tornTail, twoServers } from './faults.mjs';

const noPostgres = hasPostgres() ? false : 'PostgreSQL 15 is not installed';

function fault(name, play, skip = false) {
  test(name, { timeout: 300_000, skip }, async (t) => {
    const result = await play();
    if (result.skipped) return t.skip(result.skipped);
    assert.deepEqual(result.problems, []);
    assert.ok(result.figures.acknowledged > 0, JSON.stringify(result));
  });
}

fault('a full disk: writes are refused and say why, reads go on, nothing is lost', diskFull);
fault('a full disk with the audit on it: what is answered is audited, the rest is refused, and all goes on afterwards', diskFullWithAudit);
fault('a torn write-ahead file loses nothing that was acknowledged', () => tornTail(2));
fault('damaged views are told and rebuilt', damagedViews);
fault('killed while a view is rebuilt: it is whole, the old one or the new one', () => killedWhileRebuilding(2));
fault('a clock that steps does not turn time around', () => clockSteps(8));
fault('PostgreSQL killed under load: nothing is lost, writes go on', () => postgresKilled(1), noPostgres);
fault('of two servers on one log the older one is fenced and says so', twoServers, noPostgres);
