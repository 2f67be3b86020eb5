// Schedules on the real program: what falls due while it is killed (kill -9) is done once when it is back, and says how late; what was done is not done again.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, hasPostgres, Postgres, request, Server, sleep } from '../lib/server.mjs';

const kRecords = 12;
const source = { text: 'a test', edition: '1', date: '2026-11-23' }, title = { 'zh-CN': '提醒', en: 'Reminder' };
const pack = {
  'manifest.json': { id: 'reminders', title, version: '0.1.0', reads: ['Task', 'Flag'], writes: ['Task', 'Flag'], doors: [] },
  'schedules/once.json': {
    id: 'reminders.once', version: 1, title, source, for: { type: 'Task', where: "code.text = 'remind'" }, from: 'restriction.period.end', first: { value: 0, unit: 'minutes' },
    do: [{ create: { resourceType: 'Flag', status: 'active', code: { text: "='of ' + id" }, subject: '=for' } }],
  },
};

function schedulesOn(name, backend) {
  describe(`schedules on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, postgres, data, packs, token;
    const ask = (method, target, body) => request(server.base, method, `/fhir/${target}`, { token, body });
    const task = (id, dueMs) => ({ resourceType: 'Task', id, status: 'requested', intent: 'order', code: { text: 'remind' }, for: { reference: 'Patient/p' },
      restriction: { period: { end: new Date(Date.now() + dueMs).toISOString() } } });
    const reminded = async () => ((await ask('GET', 'Flag?_count=500')).json.entry ?? []).map((entry) => entry.resource.code.text).sort();
    const turnOf = async (id) => (await ask('GET', `Task/${id}`)).json.extension.find((each) => each.url.endsWith('/schedule')).extension;
    const wanted = (count) => Array.from({ length: count }, (_, i) => `of t${i}`).sort();
    async function until(count) {
      for (let i = 0; i < 3000; i++) {
        if ((await reminded()).length >= count) return;
        await sleep(10);
      }
      assert.fail(`there are ${(await reminded()).length} of ${count}: ${server.output}`);
    }

    before(async () => {
      data = freshFolder('schedules');
      packs = freshFolder('schedules-packs');
      for (const [file, content] of Object.entries(pack)) {
        const at = path.join(packs, 'reminders', file);
        fs.mkdirSync(path.dirname(at), { recursive: true });
        fs.writeFileSync(at, JSON.stringify(content));
      }
      let log;
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('schedules');
      }
      server = await new Server(data, { log, args: ['--packs', packs] }).start();
      token = await server.token();
      assert.equal((await ask('PUT', 'Patient/p', { resourceType: 'Patient', id: 'p' })).status, 201);
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      for (const folder of [data, packs]) fs.rmSync(folder, { recursive: true, force: true });
    });

    test('what falls due while it is dead is done once when it is back, and says how late', async () => {
      for (let i = 0; i < kRecords; i++) assert.equal((await ask('PUT', `Task/t${i}`, task(`t${i}`, 3_600_000))).status, 201);
      // Their times are brought near, all at once, and the program is killed before the first.
      const entry = Array.from({ length: kRecords }, (_, i) => ({ request: { method: 'PUT', url: `Task/s${i}` }, resource: task(`s${i}`, 2500) }));
      assert.equal((await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
      await server.kill();
      await sleep(4000);
      await server.start();
      await until(kRecords);
      assert.deepEqual(await reminded(), wanted(kRecords).map((text) => text.replace('of t', 'of s')));
      const turn = await turnOf('s0');
      assert.equal(turn.find((each) => each.url === 'done').valueInteger, 1);
      assert.ok(turn.find((each) => each.url === 'late').valueInteger >= 1);
      assert.equal(turn.find((each) => each.url === 'due'), undefined);
    });

    test('killed in the midst of them, and again, each is done once', async () => {
      for (let round = 0; round < 3; round++) {
        const entry = Array.from({ length: kRecords }, (_, i) => ({ request: { method: 'PUT', url: `Task/r${round}x${i}` }, resource: task(`r${round}x${i}`, 300 + 40 * i) }));
        assert.equal((await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
        await sleep(450 + 100 * round);
        await server.kill();
        await server.start();
        await until(kRecords * (round + 2));
      }
      await server.kill();
      await server.start();
      await sleep(600);
      const all = await reminded();
      assert.equal(all.length, kRecords * 4);
      assert.equal(new Set(all).size, all.length);
    });
  });
}

schedulesOn('SQLite', 'sqlite');
schedulesOn('PostgreSQL', 'postgres');
