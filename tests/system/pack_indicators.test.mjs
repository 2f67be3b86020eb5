// Indicators about persons, of a pack in the data folder: by area, as each may see, and a number of few tells the audit whose records it counts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, Server } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const kMany = 11;  // one more than tells of single persons
const patient = (id, area) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ family: 'Brindlemoor' }] });
const reading = (id, value) => ({ resourceType: 'Observation', id: `o-${id}`, status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: `Patient/${id}` }, effectiveDateTime: '2026-11-20T08:00:00+08:00', valueQuantity: { value } });
const titles = (zh, en) => ({ 'zh-CN': zh, en });
const kPack = {
  'manifest.json': { id: 'readings', title: titles('体温', 'Readings'), version: '1', reads: ['Observation'], writes: [] },
  'indicators/hot.json': { id: 'hot', version: 1, title: titles('发热数', 'Hot'), type: 'Observation', where: 'code=8310-5', numerator: 'value-quantity=ge37.3', period: 'date',
    dimensions: [{ id: 'area', title: titles('地区', 'Area'), area: 'county' }, { id: 'day', title: titles('日', 'Day'), value: 'effective', by: 'day', search: 'date' }] },
};

describe('indicators about persons', () => {
  let server, data;
  const tokens = {};
  const ask = async (who, query) => {
    const answer = await request(server.base, 'GET', `/app/readings/indicators/hot?${query}`, { token: tokens[who] });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  /** How often the audit has an indicator with this person. */
  const told = async (id) => (await request(server.base, 'GET', `/audit/events?action=indicator&patient=Patient/${id}`, { token: tokens.city })).json.entry?.length ?? 0;

  before(async () => {
    data = freshFolder('pack-indicators');
    for (const [name, content] of Object.entries(kPack)) {
      const file = path.join(data, 'packs/readings', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(content));
    }
    server = await new Server(data).start();
    execFileSync(program(), ['account', 'add', 'officer', '--data', data, '--no-password', '--post', 'cdc-officer', '--area', '380102'], { stdio: 'ignore' });
    tokens.city = await server.token();
    tokens.officer = await server.token('officer');
    const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
    const few = [['a1', 38], ['a2', 37.3], ['a3', 37.2]], many = Array.from({ length: kMany }, (_, i) => [`b${i}`, 38]);
    const entry = [...few.map(([id]) => patient(id, '380102001')), ...many.map(([id]) => patient(id, '380104001')), ...[...few, ...many].map(([id, value]) => reading(id, value))].map(put);
    assert.equal((await request(server.base, 'POST', '/fhir', { token: tokens.city, body: { resourceType: 'Bundle', type: 'transaction', entry } })).status, 200);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('in all it is a count; of many it tells of nobody', async () => {
    const { total } = await ask('city', '');
    assert.deepEqual([total.count, total.of], [kMany + 2, kMany + 3]);
    assert.equal((await request(server.base, 'GET', total.records, { token: tokens.city })).json.entry.length, kMany + 2);
    assert.equal((await ask('city', 'until=2026-11-20')).total.of, 0);
    assert.equal(await told('a1'), 0);
  });

  test('by area: each sees his own, and of few the audit is told', async () => {
    const { groups } = await ask('city', 'by=area');
    assert.deepEqual(groups.map((group) => [group.keys.area, group.count, group.of]), [['380102', 2, 3], ['380104', kMany, kMany]]);
    for (let i = 0; await told('a3') === 0; i++) assert.ok(i < 300, 'those who were counted among few are in the audit');
    assert.deepEqual([await told('a1'), await told('b0')], [1, 0]);
    const own = await ask('officer', 'by=area,day');
    assert.deepEqual(own.groups.map((group) => [group.keys, group.count, group.of]), [[{ area: '380102', day: '2026-11-20' }, 2, 3]]);
    for (let i = 0; await told('a1') < 2; i++) assert.ok(i < 300);
  });

  test('in all, of few, the audit is told as well', async () => {
    assert.equal((await ask('officer', '')).total.count, 2);
    for (let i = 0; await told('a1') < 3; i++) assert.ok(i < 300);
  });
});
