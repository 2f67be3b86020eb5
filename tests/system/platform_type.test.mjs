// A type that the platform adds by StructureDefinition behaves like any of R4: stored, refused, searched, versioned, owned, told of.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freshFolder, request, Server } from '../lib/server.mjs';

const kBase = 'http://tongkang.dev/test';
const element = (name, min, max, type, more = {}) => ({ id: name, path: name, min, max, ...(type ? { type } : {}), ...more });
const files = {
  'depot_item.json': {
    resourceType: 'StructureDefinition', url: `${kBase}/StructureDefinition/DepotItem`, name: 'DepotItem', status: 'active', fhirVersion: '4.0.1',
    kind: 'resource', abstract: false, type: 'DepotItem', baseDefinition: 'http://hl7.org/fhir/StructureDefinition/DomainResource', derivation: 'specialization',
    differential: { element: [
      element('DepotItem', 0, '*'),
      element('DepotItem.state', 1, '1', [{ code: 'code' }], { binding: { strength: 'required', valueSet: `${kBase}/ValueSet/stock-state` } }),
      element('DepotItem.name', 1, '1', [{ code: 'string' }]),
      element('DepotItem.holder', 0, '1', [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Organization', 'http://hl7.org/fhir/StructureDefinition/Patient'] }]),
      element('DepotItem.amount[x]', 0, '1', [{ code: 'integer' }, { code: 'Quantity' }]),
      element('DepotItem.counted', 0, '1', [{ code: 'dateTime' }]),
    ] },
  },
  'states.json': { resourceType: 'CodeSystem', url: `${kBase}/CodeSystem/stock-state`, status: 'active', content: 'complete', concept: [{ code: 'full' }, { code: 'low' }, { code: 'empty' }] },
  'state_set.json': { resourceType: 'ValueSet', url: `${kBase}/ValueSet/stock-state`, status: 'active', compose: { include: [{ system: `${kBase}/CodeSystem/stock-state` }] } },
  ...Object.fromEntries([['state', 'token'], ['name', 'string'], ['counted', 'date'], ['holder', 'reference']].map(([code, type]) => [`sp_${code}.json`, {
    resourceType: 'SearchParameter', url: `${kBase}/SearchParameter/DepotItem-${code}`, name: code, status: 'active', description: code, code, base: ['DepotItem'], type,
    expression: `DepotItem.${code}`, ...(type === 'reference' ? { target: ['Organization', 'Patient'] } : {}),
  }])),
};

let server, token, data;
before(async () => {
  data = freshFolder('types');
  fs.mkdirSync(path.join(data, 'types'));
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(data, 'types', name), JSON.stringify(content));
  server = await new Server(data).start();
  token = await server.token();
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});
const ask = (method, target, body, headers) => request(server.base, method, `/fhir${target}`, { token, body, headers });
const masks = (more = {}) => ({ resourceType: 'DepotItem', state: 'low', name: 'Masks', amountInteger: 400, counted: '2026-11-20', holder: { reference: 'Organization/o' }, ...more });

test('it is stored, versioned and read back the same', async () => {
  const made = await ask('POST', '/DepotItem', masks());
  assert.equal(made.status, 201, made.text);
  const { meta, id, ...rest } = made.json;
  assert.deepEqual(rest, masks());
  assert.equal((await ask('PUT', `/DepotItem/${id}`, masks({ id, state: 'empty' }))).json.meta.versionId, '2');
  assert.equal((await ask('GET', `/DepotItem/${id}/_history/1`)).json.state, 'low');
});

test('what its definition forbids is refused with the path', async () => {
  for (const [bad, where] of [
    [masks({ state: 'brimming' }), 'DepotItem.state'], [masks({ name: undefined }), 'DepotItem'], [masks({ amountQuantity: { value: 1 } }), 'DepotItem'],
    [masks({ colour: 'blue' }), 'DepotItem.colour'], [masks({ holder: { reference: 'Medication/m' } }), 'DepotItem.holder'], [masks({ counted: '2026-13-01' }), 'DepotItem.counted'],
  ]) {
    const answer = await ask('POST', '/DepotItem', bad);
    assert.equal(answer.status, 422, answer.text);
    assert.ok(JSON.stringify(answer.json.issue).includes(where), `${where}: ${answer.text}`);
  }
});

test('it is found by its own parameters, in transactions, and in the CapabilityStatement', async () => {
  await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [
    { fullUrl: 'urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000009', request: { method: 'POST', url: 'Organization' }, resource: { resourceType: 'Organization', name: 'Store' } },
    { request: { method: 'POST', url: 'DepotItem', ifNoneExist: 'name=Gowns' }, resource: masks({ name: 'Gowns', state: 'full', holder: { reference: 'urn:uuid:3f0e6c0a-9e4b-4d0e-8d1e-000000000009' } }) },
  ] });
  for (const query of ['name=gow', 'state=full', 'counted=ge2026-11-01&state=full', '_sort=-counted&state=full']) {
    const found = await ask('GET', `/DepotItem?${query}`);
    assert.equal(found.status, 200, found.text);
    assert.deepEqual(found.json.entry.map((e) => e.resource.name), ['Gowns'], query);
  }
  const holder = (await ask('GET', '/DepotItem?name=Gowns')).json.entry[0].resource.holder.reference;
  assert.match(holder, /^Organization\//);
  assert.equal((await ask('GET', `/DepotItem?holder=${holder}&_summary=count`)).json.total, 1);
  const statement = (await ask('GET', '/metadata')).json;
  const own = statement.rest[0].resource.find((r) => r.type === 'DepotItem');
  assert.ok(['state', 'name', 'counted', 'holder'].every((code) => own.searchParam.some((p) => p.name === code)));
});

test('a patient’s item is seen where he is, and goes with him', async () => {
  const who = (await ask('POST', '/Patient', { resourceType: 'Patient' })).json.id;
  const changed = (await ask('POST', '/DepotItem', masks({ name: 'Insulin pen', holder: { reference: `Patient/${who}` } }))).json;
  assert.equal(changed.holder.reference, `Patient/${who}`);
  assert.equal((await ask('GET', `/DepotItem?holder=Patient/${who}&_summary=count`)).json.total, 1);
  const erased = await ask('POST', `/Patient/${who}/$erase`, { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'unlawful' }] });
  assert.equal(erased.status, 200, erased.text);
  assert.equal((await ask('GET', `/DepotItem/${changed.id}`)).status, 410);
  assert.equal((await ask('GET', '/DepotItem?name=Insulin&_summary=count')).json.total, 0);
});

test('all of it is there after a restart; a broken definition stops the start with its url', async () => {
  await server.stop();
  await server.start();
  assert.equal((await ask('GET', '/DepotItem?name=Gowns&_summary=count')).json.total, 1);
  const other = freshFolder('types-bad');
  fs.mkdirSync(path.join(other, 'types'));
  fs.writeFileSync(path.join(other, 'types', 'bad.json'), JSON.stringify({ ...files['depot_item.json'], kind: 'logical' }));
  await assert.rejects(new Server(other).start(), /StructureDefinition\/DepotItem/);
  fs.rmSync(path.join(other, 'types', 'bad.json'));
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(other, 'types', name), JSON.stringify(content));
  for (const [expression, why] of [['DepotItem.(', /sp_name\.json: .*column/], ['DepotItem.nothere', /sp_name\.json: .*nothere/]]) {
    fs.writeFileSync(path.join(other, 'types', 'sp_name.json'), JSON.stringify({ ...files['sp_name.json'], expression }));
    await assert.rejects(new Server(other).start(), why);
  }
  fs.writeFileSync(path.join(other, 'types', 'sp_name.json'), '{]');
  await assert.rejects(new Server(other).start(), /sp_name\.json: JSON, line 1, column 2/);
  fs.rmSync(other, { recursive: true, force: true });
});
