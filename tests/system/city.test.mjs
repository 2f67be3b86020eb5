// The synthetic city of Anhe goes into the real program whole, by its own door, and is found there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freshFolder, program, request, root, Server } from '../lib/server.mjs';

const run = promisify(execFile);
const generator = process.env.TK_CITY ?? path.join(path.dirname(program()), '../city/tongkang_city');
const sid = 'http://tongkang.dev/fhir/sid';
const linesOf = (file) => fs.readFileSync(file, 'utf8').trimEnd().split('\n');
const rowsOf = (file) => linesOf(file).slice(1).map((line) => line.split(','));

describe('a city of 1,000', () => {
  let server, token, folder, data;
  before(async () => {
    folder = freshFolder('city');
    data = freshFolder('city-data');
    await run(generator, ['--persons', '1000', '--seed', '20200123', '--out', folder, '--records', '--lives']);
    server = await new Server(data).start();
    token = await server.token();
    fs.writeFileSync(path.join(folder, 'token'), token);
    await run('python3', ['-B', path.join(root, 'tools/load_ndjson.py'), '--base', server.base, '--token-file', path.join(folder, 'token'), folder], { maxBuffer: 1 << 26 });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  });
  const search = async (type, form) => {
    const answer = await request(server.base, 'POST', `/fhir/${type}/_search`, { token, body: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };

  test('every resource was taken', async () => {
    for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.ndjson'))) {
      const found = await search(file.replace('.ndjson', ''), { _summary: 'count' });
      assert.equal(found.total, linesOf(path.join(folder, file)).length, file);
    }
  });

  test('a life that a source wrote is whole: what was found at a visit stands with the visit, and the server finds nothing wrong with any kind', async () => {
    const encounter = JSON.parse(linesOf(path.join(folder, 'Encounter.ndjson'))[0]);
    for (const type of ['Condition', 'Observation', 'MedicationRequest']) {
      const written = linesOf(path.join(folder, `${type}.ndjson`)).filter((line) => line.includes(`"Encounter/${encounter.id}"`)).length;
      assert.equal((await search(type, { encounter: `Encounter/${encounter.id}`, _summary: 'count' })).total, written, type);
    }
    for (const type of ['Encounter', 'Condition', 'Observation', 'MedicationRequest', 'Immunization']) {
      const lines = linesOf(path.join(folder, `${type}.ndjson`));
      for (let i = 0; i < lines.length; i += Math.ceil(lines.length / 150)) {
        const answer = await request(server.base, 'POST', `/fhir/${type}/$validate`, { token, body: lines[i], headers: { 'content-type': 'application/fhir+json' } });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.issue.filter((issue) => ['fatal', 'error', 'warning'].includes(issue.severity) && !issue.diagnostics.startsWith('dom-6')), [], lines[i]);
      }
    }
  });

  test('a resident number finds the records that bear it, those of the truth without a trap among them', async () => {
    const truth = rowsOf(path.join(folder, 'truth/truth.csv'));
    const persons = rowsOf(path.join(folder, 'truth/persons.csv')).filter((row) => row[9] === '1');
    let asked = 0;
    for (const person of persons.slice(0, 60)) {
      const clean = truth.filter((row) => row[1] === person[0] && row[3] === '').map((row) => `r${row[0]}`);
      const found = await search('Patient', { identifier: `${sid}/cn-resident-id|${person[8]}`, _count: '100' });
      const ids = (found.entry ?? []).map((entry) => entry.resource.id);
      for (const id of clean) assert.ok(ids.includes(id), `${id} of person ${person[0]}`);
      asked += clean.length;
    }
    assert.ok(asked > 30);
  });

  test('the tree of areas leads from a grid up to the city, and boundaries are polygons', async () => {
    const grid = rowsOf(path.join(folder, 'truth/persons.csv'))[0][1];
    let at = `Location/area-${grid}`, steps = 0;
    while (at !== undefined) {
      const area = (await request(server.base, 'GET', `/fhir/${at}`, { token })).json;
      const shape = JSON.parse(Buffer.from(area.extension[0].valueAttachment.data, 'base64').toString());
      assert.equal(shape.type, 'Polygon');
      assert.deepEqual(shape.coordinates[0][0], shape.coordinates[0].at(-1));
      at = area.partOf?.reference;
      steps++;
    }
    assert.equal(steps, 5);
  });

  test('a second city in the same folder is refused', async () => {
    await assert.rejects(run(generator, ['--out', folder]), /holds something already/);
  });
});
