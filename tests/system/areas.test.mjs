// The tree of areas over HTTP: a city's divisions and institutions go in as tables, and paths, subtrees and points are asked for.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freshFolder, program, request, Server } from '../lib/server.mjs';

const run = promisify(execFile);
const generator = process.env.TK_CITY ?? path.join(path.dirname(program()), '../city/tongkang_city');
const csv = { 'content-type': 'text/csv' };

const valueOf = (part) => Object.entries(part).find(([key]) => key.startsWith('value'))?.[1] ?? part.part ?? part.resource;
const partsOf = (parts) => Object.fromEntries(parts.filter((part) => part.name !== 'child').map((part) => [part.name, valueOf(part)]));
const childrenOf = (area) => area.part.filter((part) => part.name === 'child');
const areaOf = (answer) => answer.json.parameter.find((part) => part.name === 'area');

describe('the areas of a city of 1,000', () => {
  let server, token, folder, data, rows;
  before(async () => {
    folder = freshFolder('areas');
    data = freshFolder('areas-data');
    await run(generator, ['--persons', '1000', '--seed', '7', '--out', path.join(folder, 'city')]);
    server = await new Server(data).start();
    token = await server.token();
    // Of a row only its code, name and parent are looked at; what holds commas comes behind them.
    rows = fs.readFileSync(path.join(folder, 'city/areas.csv'), 'utf8').trimEnd().split('\n').slice(1)
      .map((line) => { const [code, name, parent, level, lon, lat] = line.split(','); return { code, name, parent, level, lon, lat }; });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const table = (name) => fs.readFileSync(path.join(folder, `city/${name}.csv`), 'utf8');
  const send = (operation, body, options = {}) => request(server.base, 'POST', `/fhir/$import-${operation}`, { token, body, headers: csv, ...options });
  const tree = (query) => request(server.base, 'GET', `/fhir/Location/$tree?${query}`, { token });
  const counts = (answer) => {
    assert.equal(answer.status, 200, answer.text);
    const { rows: all, added, changed, unchanged, refused } = partsOf(answer.json.parameter);
    return { all, added, changed, unchanged, refused };
  };
  const pathOf = (code) => {
    const row = rows.find((each) => each.code === code);
    return row.parent === '' ? row.name : `${pathOf(row.parent)}/${row.name}`;
  };

  test('the tables go in, and a second time nothing changes', async () => {
    assert.deepEqual(counts(await send('areas', table('areas'))), { all: rows.length, added: rows.length, changed: 0, unchanged: 0, refused: 0 });
    const institutions = table('organizations').trimEnd().split('\n').length - 1;
    assert.deepEqual(counts(await send('organizations', table('organizations'))), { all: institutions, added: institutions, changed: 0, unchanged: 0, refused: 0 });
    const before = (await request(server.base, 'GET', '/fhir/_history?_count=1', { token })).json.entry[0].resource;
    assert.deepEqual(counts(await send('areas', table('areas'))), { all: rows.length, added: 0, changed: 0, unchanged: rows.length, refused: 0 });
    assert.equal(counts(await send('organizations', table('organizations'))).unchanged, institutions);
    const after = (await request(server.base, 'GET', '/fhir/_history?_count=1', { token })).json.entry[0].resource;
    assert.equal(`${after.id} ${after.meta.versionId}`, `${before.id} ${before.meta.versionId}`);
  });

  test('every area has the path that its table says', async () => {
    for (const { code } of rows) {
      const answer = await tree(`code=${code}&depth=0`);
      assert.equal(partsOf(areaOf(answer).part).path, pathOf(code));
    }
  });

  test('the subtree of a township is what its codes say, and what the standard way finds', async () => {
    const township = rows.find((row) => row.level === 'township').code;
    const found = [];
    const walk = (area) => { for (const child of childrenOf(area)) { found.push(partsOf(child.part).code); walk(child); } };
    walk(areaOf(await tree(`code=${township}&depth=5`)));
    const expected = rows.map((row) => row.code).filter((code) => code.startsWith(township) && code !== township);
    assert.deepEqual(found.sort(), expected.sort());
    assert.ok(expected.length > 1);
    const standard = await request(server.base, 'GET', `/fhir/Location?partof:below=Location/area-${township}&_count=1000`, { token });
    assert.deepEqual(standard.json.entry.map((entry) => entry.resource.id).sort(), expected.map((code) => `area-${code}`).sort());
  });

  test('the middle of every grid is in that grid, and the sea is in none', async () => {
    const grids = rows.filter((row) => row.level === 'grid');
    assert.ok(grids.length > 0);
    for (const { code, lon, lat } of grids)
      assert.equal(partsOf(areaOf(await tree(`point=${lon},${lat}&depth=0`)).part).code, code);
    assert.equal((await tree('point=10,10')).status, 404);
  });

  test('an institution leads to the area that it serves', async () => {
    const [id, , , , area] = table('organizations').trimEnd().split('\n')[1].split(',');
    const answer = await tree(`organization=${id}&depth=0`);
    assert.equal(partsOf(areaOf(answer).part).code, area);
    const issues = (await tree('issues=true')).json;
    assert.equal(partsOf(issues.parameter).issues, 0, JSON.stringify(issues));
  });

  test('posts of staff go in by table, are checked by stored profiles, and only who may sends them', async () => {
    const ask = (method, target, body) => request(server.base, method, `/fhir/${target}`, { token, body });
    const { id } = (await ask('GET', 'Organization?_count=1')).json.entry[0].resource;
    const posts = `工号,姓名,机构,岗位,启用日期\n7001,李一,${id},doctor,2024-01-01\n7002,王二,${id},nurse,\n7003,张三,nowhere,nurse,\n`;
    const checked = await request(server.base, 'POST', '/fhir/$import-posts?check=true', { token, body: posts, headers: csv });
    assert.deepEqual(counts(checked), { all: 3, added: 4, changed: 0, unchanged: 0, refused: 1 });
    assert.equal((await ask('GET', 'Practitioner/staff-7001')).status, 404, 'a check writes nothing');
    assert.deepEqual(counts(await send('posts', posts)), { all: 3, added: 4, changed: 0, unchanged: 0, refused: 1 });
    const found = await ask('GET', `PractitionerRole?organization=${id}&practitioner.identifier=7001`);
    assert.deepEqual(found.json.entry.map(({ resource }) => [resource.practitioner.reference, resource.code[0].coding[0].code]), [['Practitioner/staff-7001', 'doctor']]);
    assert.equal((await request(server.base, 'POST', '/fhir/$import-posts', { body: posts, headers: csv })).status, 401);
    // An extension of one's own is checked in what an import writes, too: here what the record had before the table came.
    const kept = (await ask('GET', 'Practitioner/staff-7002')).json;
    const url = 'http://city.example/StructureDefinition/badge';
    const profile = { resourceType: 'StructureDefinition', id: 'badge', url, name: 'Badge', status: 'active', fhirVersion: '4.0.1', kind: 'complex-type', abstract: false, type: 'Extension',
      context: [{ type: 'element', expression: 'Practitioner' }], baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension', derivation: 'constraint',
      differential: { element: [{ id: 'Extension.value[x]', path: 'Extension.value[x]', min: 1, type: [{ code: 'integer' }] }] } };
    assert.equal((await ask('PUT', 'Practitioner/staff-7002', { ...kept, extension: [{ url, valueString: 'seven' }] })).status, 200);
    assert.equal((await ask('PUT', 'StructureDefinition/badge', profile)).status, 201);
    const renamed = await send('posts', `number,name,organization\n7002,王二二,${id}\n`);
    assert.deepEqual(counts(renamed), { all: 1, added: 0, changed: 0, unchanged: 1, refused: 1 });
    assert.equal((await ask('GET', 'Practitioner/staff-7002')).json.name[0].text, '王二');
  });

  test('bad rows are told and only they are left out; nothing is kept of all or nothing', async () => {
    const city = rows[0].code;
    const bad = `code,name\n${city}77,New\nxx,Bad\n`;
    const whole = await send('areas', bad, {});
    assert.equal(counts(await request(server.base, 'POST', '/fhir/$import-areas?all-or-nothing=true', { token, body: bad, headers: csv })).refused, 1);
    assert.deepEqual(counts(whole), { all: 2, added: 1, changed: 0, unchanged: 0, refused: 1 });
    assert.match(whole.json.parameter.find((part) => part.name === 'outcome').resource.issue[0].diagnostics, /^Line 3, code: /);
  });

  test('GB 18030 is understood', async () => {
    const chinese = Buffer.from(`code,name\n${rows[0].code}78,`, 'latin1').toString('latin1');
    const body = Buffer.concat([Buffer.from(chinese, 'latin1'), Buffer.from([0xb6, 0xab, 0xb3, 0xc7, 0xc7, 0xf8, 0x0a])]);
    const answer = await new Promise((resolve, reject) => {
      fetch(`${server.base}/fhir/$import-areas`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' }, body }).then(async (got) => resolve({ status: got.status, json: await got.json() }), reject);
    });
    assert.equal(partsOf(answer.json.parameter).charset, 'gb18030');
    assert.equal(partsOf(areaOf(await tree(`code=${rows[0].code}78`)).part).name, '东城区');
  });

  test('only posts of the whole city with the right import; whoever reads Locations asks', async () => {
    const township = rows.find((row) => row.level === 'township').code;
    const add = (account, post, area) => run(program(), ['account', 'add', '--data', data, account, '--post', post, '--no-password', ...(area ? ['--area', area] : [])]);
    const told = await add('local', 'admin', township);
    assert.ok(told.stderr.includes(pathOf(township)), told.stderr);
    await assert.rejects(add('nowhere', 'doctor', '380199'), /there is no area 380199/);
    await add('doctor', 'doctor');
    for (const account of ['local', 'doctor']) {
      const theirs = await server.token(account);
      assert.equal((await send('areas', 'code,name\n380177,New\n', { token: theirs })).status, 403, account);
      assert.equal((await request(server.base, 'GET', `/fhir/Location/$tree?code=${township}`, { token: theirs })).status, 200, account);
    }
    assert.equal((await send('areas', 'code,name\n', { token: undefined })).status, 401);
  });

  test('a restart knows the tree, and the command loads into a folder without a server', async () => {
    await server.stop();
    await server.start();
    assert.equal(partsOf(areaOf(await tree(`code=${rows.at(-1).code}`)).part).path, pathOf(rows.at(-1).code));
    await server.stop();
    const { stdout } = await run(program(), ['import', 'areas', path.join(folder, 'city/areas.csv'), '--data', data]);
    assert.match(stdout, new RegExp(`${rows.length} rows: 0 added, 0 changed, ${rows.length} unchanged, 0 refused`));
    await server.start();
  });
});
