// By hand, on a quiet machine, never in CI: does the time of an answer tell what lies elsewhere from what never was? Asks both ways in turn, by chance, and compares
// the medians and how often one is slower: `node tests/system/timing.mjs [ROUNDS]`. Exits with 1 when the medians differ by more than 5 % and 20 µs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { freshFolder, program, request, seeded, Server } from '../lib/server.mjs';

const rounds = Number(process.argv[2] ?? 20000);
const kArea = 'http://tongkang.dev/fhir/sid/area';
const data = freshFolder('timing');
execFileSync(program(), ['account', 'add', 'doctor', '--data', data, '--post', 'doctor', '--area', '380102', '--no-password'], { stdio: 'ignore' });
const server = await new Server(data).start();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let failed = false;
try {
  const city = await server.token(), doctor = await server.token('doctor');
  const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
  const ids = Array.from({ length: 200 }, (_, i) => `t${i}`);
  const made = await request(server.base, 'POST', '/fhir', { token: city, body: { resourceType: 'Bundle', type: 'transaction', entry: ids.flatMap((id) => [put({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380104' }] }, name: [{ family: 'Elsewhere' }] }),
    put({ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, subject: { reference: `Patient/${id}` } })]) } });
  if (made.status !== 200) throw new Error(made.text);
  const chance = seeded(7);
  const ways = { read: (id) => ['GET', `/fhir/Patient/${id}`], vread: (id) => ['GET', `/fhir/Patient/${id}/_history/1`], history: (id) => ['GET', `/fhir/Patient/${id}/_history`], search: (id) => ['GET', `/fhir/Patient?_id=${id}`],
    'search about': (id) => ['GET', `/fhir/Observation?subject=Patient/${id}`], count: (id) => ['GET', `/fhir/Observation?subject=Patient/${id}&_summary=count`], everything: (id) => ['GET', `/fhir/Patient/${id}/$everything`], why: (id) => ['GET', `/fhir/Patient/${id}/$why`],
    patch: (id) => ['PATCH', `/fhir/Patient/${id}`, '[]', { 'content-type': 'application/json-patch+json' }] };
  for (const [name, way] of Object.entries(ways)) {
    const times = { elsewhere: [], never: [] };
    for (let i = 0; i < rounds; i++) {
      const which = chance(2) ? 'elsewhere' : 'never';
      const id = (which === 'elsewhere' ? 't' : 'n') + chance(200);
      const [method, target, body, headers] = way(id);
      const begin = process.hrtime.bigint();
      await request(server.base, method, target, { token: doctor, body, headers, agent });
      times[which].push(Number(process.hrtime.bigint() - begin) / 1000);
    }
    const of = (list, part) => list.sort((a, b) => a - b)[Math.floor(list.length * part)];
    const [there, none] = [of(times.elsewhere, 0.5), of(times.never, 0.5)];
    // How often one drawn from the one is slower than one drawn from the other: a half if nothing can be told.
    let slower = 0;
    for (let i = 0; i < 20000; i++) slower += times.elsewhere[chance(times.elsewhere.length)] > times.never[chance(times.never.length)];
    const tells = Math.abs(there - none) > 20 && Math.abs(there - none) / none > 0.05;
    failed ||= tells;
    console.log(`${name.padEnd(13)} elsewhere ${there.toFixed(0)} µs, never ${none.toFixed(0)} µs (p10 ${of(times.elsewhere, 0.1).toFixed(0)} and ${of(times.never, 0.1).toFixed(0)}), slower in ${(slower / 200).toFixed(1)} %${tells ? '  TELLS' : ''}`);
  }
} finally {
  agent.destroy();
  await server.stop();
  fs.rmSync(data, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
