// What metadata tells of operations and definitions on the real program: each is served where it is told, and read at its url; what is served beside is told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { freshFolder, request, Server } from '../lib/server.mjs';

const kBase = 'http://tongkang.dev/fhir/';

describe('metadata tells all', () => {
  let server, data, token, rest;
  const ask = (method, target, body) => request(server.base, method, target, { token, body });
  /** The definition behind a canonical url, read at its part behind the base. */
  async function definition(url) {
    assert.ok(url.startsWith(kBase), url);
    const answer = await ask('GET', `/fhir/${url.slice(kBase.length)}`);
    assert.equal(answer.status, 200, `${url} ${answer.text}`);
    assert.equal(answer.json.url, url);
    return answer.json;
  }
  /** Whether anything is served there, by GET or by POST: a record that is not there is 404 too, but says something else. */
  async function isServed(target) {
    const answers = [await ask('GET', target), await ask('POST', target, {})];
    return answers.some(({ status, text }) => status !== 405 && !/nothing at this|no such resource type|there are GET \/audit|the health card offers/.test(text));
  }

  before(async () => {
    data = freshFolder('metadata');
    server = await new Server(data).start();
    token = await server.token();
    rest = (await request(server.base, 'GET', '/fhir/metadata')).json.rest[0];
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('every operation has a definition that is read at its url, and is served where it stands', async () => {
    const types = ['Patient', 'Task', 'Location', 'Basic'];
    const lists = [['', rest.operation], ...types.map((type) => [type, rest.resource.find((one) => one.type === type).operation])];
    for (const [type, operations] of lists) {
      for (const { name, definition: url } of operations) {
        const told = await definition(url);
        assert.equal(told.code, name);
        if (type === '') { assert.ok(told.system && await isServed(`/fhir/$${name}`), name); continue; }
        assert.ok(told.resource.some((one) => [type, 'Resource'].includes(one)), `${type} ${name}`);
        if (told.type) assert.ok(await isServed(`/fhir/${type}/$${name}`), `${type} ${name}`);
        if (told.instance) assert.ok(await isServed(`/fhir/${type}/none/$${name}`), `${type} ${name}`);
      }
    }
    assert.equal(await isServed('/fhir/$nothing'), false, 'the test can fail');
  });

  test('what is served beside the FHIR base is told, all of it', async () => {
    const beside = [];
    for (const { url, valueCanonical } of rest.extension) {
      const told = await definition(valueCanonical);
      if (url !== `${kBase}StructureDefinition/operation-beside`) continue;
      const served = told.extension.find((one) => one.url === `${kBase}StructureDefinition/served-at`).valueUrl;
      assert.ok(await isServed(served), served);
      beside.push(served);
    }
    const offered = async (target, words) => ((await ask('POST', target, {})).json ?? (await ask('GET', target)).json).issue[0].diagnostics.match(words) ?? [];
    const apps = [];
    for (const app of ['health-card', 'point-of-care', 'screening', 'roster', 'health-code', 'contacts', 'exchange'])
      apps.push(...(await offered(`/app/${app}/nothing`, /settings, (.*)$/))[1].split(', ').map((name) => `/app/${app}/${name}`));
    const audit = await offered('/audit/nothing', /\/audit\/[a-z]+/g);
    const every = ['/app', '/app/{app}/rules/{rule}/try'];  // of whatever app
    assert.deepEqual(beside.toSorted(), [...every, ...apps, ...new Set(audit)].toSorted());
  });

  test('a search by url finds a definition that is not stored, and what is stored goes before it', async () => {
    const url = `${kBase}CodeSystem/area-level`;
    const found = await ask('GET', `/fhir/CodeSystem?url=${encodeURIComponent(url)}`);
    assert.deepEqual([found.json.entry.length, found.json.entry[0].resource.url], [1, url]);
    const own = { ...found.json.entry[0].resource, title: 'ours' };
    assert.equal((await ask('PUT', '/fhir/CodeSystem/area-level', own)).status, 201);
    const again = await ask('GET', `/fhir/CodeSystem?url=${encodeURIComponent(url)}`);
    assert.deepEqual([again.json.entry.length, again.json.entry[0].resource.title], [1, 'ours']);
  });
});
