// What whoever runs the platform asks of it: what is loaded, what works by itself and what went wrong, which post may what; of whom it answers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, root, Server, sleep } from '../lib/server.mjs';

const kRule = { id: 'ward.full', version: 3, title: { 'zh-CN': '满了', en: 'Full' }, source: { text: 'a test', edition: '1', date: '2026-11-24' }, on: { type: 'Basic', operations: ['create'] }, where: "code.text = 'full'",
  do: [{ create: { resourceType: 'Task', status: 'requested', intent: 'order', code: { text: '=code.text' } } }] };

describe('running the platform', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });

  before(async () => {
    data = freshFolder('operating');
    for (const [name, ...args] of [['ops', '--post', 'operator'], ['sec', '--post', 'security-officer'], ['doctor', '--post', 'doctor', '--area', '380102'], ['officer', '--post', 'cdc-officer']])
      execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
    const put = (name, value) => {
      fs.mkdirSync(path.dirname(path.join(data, 'packs', name)), { recursive: true });
      fs.writeFileSync(path.join(data, 'packs', name), JSON.stringify(value));
    };
    put('ward/manifest.json', { id: 'ward', version: '0.3.0', title: { 'zh-CN': '病区', en: 'Ward' }, reads: ['Basic'], writes: ['Task'], doors: [] });
    put('ward/rules/full.json', kRule);
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const who of ['ops', 'sec', 'doctor', 'officer']) tokens[who] = await server.token(who);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('what is loaded: each pack with its version, where it is from, and what it brings', async () => {
    const { apps } = (await ask('ops', 'GET', '/app')).json;
    const [ward, screening] = ['ward', 'screening'].map((id) => apps.find((app) => app.id === id));
    assert.deepEqual({ ...ward, parts: undefined }, { id: 'ward', version: '0.3.0', title: { 'zh-CN': '病区', en: 'Ward' }, from: 'folder', reads: ['Basic'], writes: ['Task'], parts: undefined });
    assert.deepEqual(ward.parts, [{ part: 'rules', name: 'full', id: 'ward.full', version: 3, title: kRule.title }]);
    assert.equal(screening.from, 'program');
    // Everything that is data of an installed app is told, and nothing else.
    const folders = ['types', 'terminology', 'forms', 'rules', 'workflows', 'schedules', 'indicators', 'lists', 'imports', 'prints', 'posts', 'seed', 'alerts'];
    for (const app of apps.filter(({ from }) => from === 'program')) {
      const there = folders.flatMap((part) => {
        const folder = path.join(root, 'apps', app.id, part);
        return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => `${part}/${name.slice(0, -5)}`) : [];
      });
      assert.deepEqual(app.parts.map(({ part, name }) => `${part}/${name}`).sort(), there.sort(), app.id);
    }
  });

  test('a file as it was written', async () => {
    const told = await ask('officer', 'GET', '/app/ward/files/rules/full');
    assert.deepEqual(told.json, kRule);
    for (const [who, method, target, status] of [
      ['doctor', 'GET', '/app', 403], ['doctor', 'GET', '/app/ward/files/rules/full', 403], ['city', 'GET', '/app/ward/files/rules/none', 404], ['city', 'GET', '/app/ward/files/rules', 404],
      ['city', 'GET', '/app/ward/files/rules/..%2Fmanifest', 404], ['city', 'POST', '/app', 405], ['city', 'PUT', '/app/ward/files/rules/full', 405]]) {
      assert.equal((await ask(who, method, target, method === 'GET' ? undefined : {})).status, status, `${who} ${method} ${target}`);
    }
  });

  test('what works by itself is told with what went wrong, and nothing of persons', async () => {
    const before = (await ask('ops', 'GET', '/admin/jobs')).json;
    assert.deepEqual(Object.keys(before), ['t', 'rules', 'limits', 'told']);
    assert.equal((await ask('city', 'PUT', '/fhir/Basic/one', { resourceType: 'Basic', id: 'one', code: { text: 'full' } })).status, 201);
    let now = before;
    for (let i = 0; i < 1000 && now.rules.fired === before.rules.fired; i++) {
      await sleep(10);
      now = (await ask('ops', 'GET', '/admin/jobs')).json;
    }
    assert.deepEqual([now.rules.fired - before.rules.fired, now.rules.failed], [1, 0]);
    // A warning of the program's own: the newest is the first.
    fs.writeFileSync(path.join(data, 'posts.toml'), 'this is no table\n');
    let line;
    for (let i = 0; i < 1000 && !line; i++) {  // the files are looked at once a second
      await sleep(10);
      line = (await ask('ops', 'GET', '/admin/jobs')).json?.told?.find(({ event }) => event === 'accounts-not-reloaded');
    }
    assert.ok(line && ['warning', 'error'].includes(line.level) && line.at, JSON.stringify(line));
    fs.rmSync(path.join(data, 'posts.toml'));
    assert.match((await ask('ops', 'GET', '/metrics')).text, /^tongkang_rules_fired_total [1-9]/m);
    assert.equal((await ask('sec', 'GET', '/admin/jobs')).status, 403);
    assert.equal((await ask('ops', 'GET', '/admin/jobs/one')).status, 404);
  });

  test('which post may what', async () => {
    const { posts } = (await ask('sec', 'GET', '/admin/posts')).json;
    const officer = posts.find(({ name }) => name === 'cdc-officer');
    assert.ok(officer.operations.includes('try-rule') && officer.reads.includes('Patient') && officer.source && officer.title_zh === '疾控人员');
    assert.equal(officer.accounts, 1);
    assert.equal((await ask('ops', 'GET', '/admin/posts')).status, 403);
    assert.equal((await ask('sec', 'POST', '/admin/posts', {})).status, 404);
  });

  test('tables that were sent are found again by who sent them; reports that are kept are listed', async () => {
    assert.deepEqual((await ask('city', 'GET', '/app/screening/imports')).json, { imports: [] });
    assert.equal((await ask('city', 'PUT', '/fhir/Organization/school', { resourceType: 'Organization', id: 'school', name: 'School' })).status, 201);
    const sent = await ask('city', 'POST', '/app/screening/import?organization=school&check=true', 'name,temperature\nNobody,36.5\n', { 'content-type': 'text/csv' });
    assert.equal(sent.status, 202, sent.text);
    const [own] = (await ask('city', 'GET', '/app/screening/imports')).json.imports;
    assert.deepEqual([own.id, own.kept], [sent.json.id, false]);
    assert.deepEqual((await ask('officer', 'GET', '/app/screening/imports')).json, { imports: [] });
    assert.deepEqual((await ask('city', 'GET', '/app/screening/daily')).json.reports, []);
    for (const day of ['2020-01-02', '2020-01-01']) assert.equal((await ask('city', 'POST', `/app/screening/daily?day=${day}`, {})).status, 200);
    const { reports } = (await ask('city', 'GET', '/app/screening/daily')).json;
    assert.deepEqual(reports.map(({ day }) => day), ['2020-01-02', '2020-01-01']);
    assert.equal((await ask('doctor', 'GET', '/app/screening/daily')).status, 403);
  });
});
