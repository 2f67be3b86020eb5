// ./tk bench: measures the marks on both back ends and leaves a table and its numbers. How to read it: bench/README.md.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasPostgres, root } from '../tests/lib/server.mjs';
import { House, kLoad, kProgram } from './house.mjs';
import { instructions } from './instructions.mjs';
import { describe, syncsPerSecond } from './machine.mjs';
import { summary, writeReport } from './report.mjs';
import { syntheaArchive, unpackSynthea } from './synthea.mjs';
import { writeTargets } from './targets.mjs';

const kResourcesPerPerson = 20.43;  // long records included
const kPhases = [
  { key: 'read', kind: 'list', connections: 32 },
  { key: 'read_half', kind: 'list', file: 'read', connections: 64, half: 'read' },
  { key: 'create', kind: 'list', connections: 128 },
  { key: 'crud', kind: 'lives', file: 'lives', connections: 128 },
  { key: 'mix', kind: 'list', connections: 32 },
  { key: 'q_identifier', kind: 'list', connections: 32 },
  { key: 'q_observations', kind: 'list', connections: 32 },
  { key: 'q_name', kind: 'list', connections: 32 },
  { key: 'q_encounters', kind: 'list', connections: 32 },
  { key: 'q_count', kind: 'list', connections: 32 },
  { key: 'everything', kind: 'list', connections: 4 },
];
const kIngestConnections = 8;
const kIngestSlices = 10;

function options() {
  const { values } = parseArgs({ options: {
    quick: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false },
    instructions: { type: 'boolean', default: false }, update: { type: 'boolean', default: false }, resources: { type: 'string' }, 'resources-postgres': { type: 'string' }, rounds: { type: 'string' },
    seconds: { type: 'string' }, backends: { type: 'string', default: 'sqlite,postgres' }, 'no-synthea': { type: 'boolean', default: false }, 'no-city': { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' }, help: { type: 'boolean', default: false },
  } });
  const backends = values.backends.split(',');
  const unknown = backends.find((backend) => !['sqlite', 'postgres'].includes(backend));
  if (unknown !== undefined) throw new Error(`--backends: '${unknown}' is none; there are sqlite and postgres`);
  const number = (given, usual, quick) => Number(given ?? (values.quick ? quick : usual));
  return { ...values, seed: Number(values.seed), rounds: number(values.rounds, 5, 1), seconds: number(values.seconds, 5, 1),
    resources: number(values.resources, 1_000_000, 20_000), resources_postgres: number(values['resources-postgres'] ?? values.resources, 1_000_000, 10_000),
    backends };
}

const say = (text) => console.error(`-- ${text}`);
const brief = (key, one) => say(`${key.padEnd(15)} ${Math.round(one.rate)}/s  p99 ${one.p99_ms} ms  ${one.cpu_us.toFixed(1)} µs CPU${one.errors ? `  ${one.errors} ERRORS: ${one.first_error}` : ''}`);

/** Rounds of all phases in turn, beginning one further each round, so that a slow minute does not hit one phase alone. */
async function readPhases(house, folder, { rounds, seconds, seed }) {
  const runs = Object.fromEntries(kPhases.map((phase) => [phase.key, []]));
  for (let round = 0; round < rounds; round++) {
    const start = (round * 3) % kPhases.length;
    for (const phase of [...kPhases.slice(start), ...kPhases.slice(0, start)]) {
      if (phase.half && runs[phase.half].length === 0) {
        const probe = await house.load('list', [path.join(folder, `${phase.half}.txt`)], { connections: 32, seconds: Math.min(seconds, 1) });
        runs[phase.half].rate_known = probe.rate;
      }
      const known = phase.half && (summary(runs[phase.half])?.rate.median ?? runs[phase.half].rate_known);
      const one = await house.load(phase.kind, [path.join(folder, `${phase.file ?? phase.key}.txt`)],
        { connections: phase.connections, seconds, rate: phase.half ? known / 2 : 0, seed: seed * 1000 + round });
      brief(phase.key, one);
      runs[phase.key].push(one);
    }
  }
  return runs;
}

/** The city, in slices: each slice is one run of the growing store. */
async function ingestCity(house, resources, seed) {
  const persons = Math.round(resources / kResourcesPerPerson);
  const runs = [];
  for (let slice = 0; slice < kIngestSlices; slice++) {
    const at = (part) => Math.round((persons * part) / kIngestSlices);
    const one = await house.load('city', ['--from', at(slice), '--to', at(slice + 1)], { account: 'admin', connections: kIngestConnections, seed });
    brief(`ingest ${slice + 1}/${kIngestSlices}`, one);
    runs.push(one);
  }
  return runs;
}

async function restarts(house, rounds) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    await house.stop();
    runs.push({ ms: await house.start() });
  }
  say(`restart to ready: ${runs.map((one) => Math.round(one.ms)).join(', ')} ms`);
  return runs;
}

/** Everything on one back end with a city of its own. */
async function measureCity(backend, asked) {
  const resources = backend === 'postgres' ? asked.resources_postgres : asked.resources;
  say(`${backend}: a city of ${resources} resources`);
  const house = await new House(backend).open();
  try {
    const result = { backend, syncs_per_second: syncsPerSecond(house.data), runs: {} };
    result.runs.ingest = await ingestCity(house, resources, asked.seed);
    result.resources = result.runs.ingest.reduce((sum, one) => sum + one.things, 0);
    result.memory_after_ingest = house.memory();
    result.runs.restart = await restarts(house, asked.quick ? 1 : 5);
    // After a stop the views are saved and their merges done: that is what stays.
    result.disk = house.disk();
    result.bytes_per_resource = Object.fromEntries(Object.entries(result.disk).map(([part, bytes]) => [part, bytes / result.resources]));
    const folder = path.join(house.data, '../', `${path.basename(house.data)}-requests`);
    result.targets = await writeTargets(house, folder, asked.seed);
    Object.assign(result.runs, await readPhases(house, folder, asked));
    result.memory = house.memory();
    fs.rmSync(folder, { recursive: true });
    return result;
  } finally {
    await house.close(asked.keep);
  }
}

/** Synthea's bundles into fresh stores, back ends in turn; the last one of each is also read. */
async function measureSynthea(archive, asked) {
  const bundles = unpackSynthea(archive, asked.quick ? 12 : Infinity);
  say(`Synthea: ${bundles.bundles} bundles, ${bundles.resources} resources, ${Math.round(bundles.bytes / 1e6)} MB minified`);
  const results = Object.fromEntries(asked.backends.map((backend) => [backend, { backend, runs: { ingest: [] }, resources: bundles.resources }]));
  for (let round = 0; round < asked.rounds; round++) {
    for (const backend of asked.backends) {
      const house = await new House(backend).open();
      try {
        if (fs.readdirSync(bundles.first).length > 0) await house.load('bundles', [bundles.first], { account: 'admin', connections: 1 });
        const one = await house.load('bundles', [bundles.rest], { account: 'admin', connections: kIngestConnections });
        brief(`synthea ${backend}`, one);
        results[backend].runs.ingest.push(one);
        if (round + 1 === asked.rounds) await readSynthea(house, results[backend], asked);
      } finally {
        await house.close();
      }
    }
  }
  fs.rmSync(bundles.folder, { recursive: true });
  return { bundles: bundles.bundles, resources: bundles.resources, bytes: bundles.bytes, backends: Object.values(results) };
}

async function readSynthea(house, result, asked) {
  result.runs.restart = await restarts(house, 1);
  result.disk = house.disk();
  result.bytes_per_resource = Object.fromEntries(Object.entries(result.disk).map(([part, bytes]) => [part, bytes / result.resources]));
  const folder = path.join(house.data, '../', `${path.basename(house.data)}-requests`);
  result.targets = await writeTargets(house, folder, asked.seed);
  Object.assign(result.runs, await readPhases(house, folder, asked));
  result.memory = house.memory();
  fs.rmSync(folder, { recursive: true });
}

async function main() {
  const asked = options();
  const report = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'tongkang-bench.md');
  if (asked.help) { console.log(fs.readFileSync(path.join(root, 'bench/README.md'), 'utf8')); return 0; }
  if (asked.instructions) return instructions(report, asked.update);
  for (const file of [kProgram, kLoad]) if (!fs.existsSync(file)) throw new Error(`${file} is not built: ./tk bench builds it`);
  const all = { machine: describe(), asked, cities: [], notes: [] };
  if (!hasPostgres() && asked.backends.includes('postgres')) {
    asked.backends = asked.backends.filter((one) => one !== 'postgres');
    all.notes.push('PostgreSQL 15 is not on this machine: not measured.');
  }
  if (asked['no-city']) all.notes.push('Only Synthea\'s bundles were measured (--no-city).');
  else if (asked.resources_postgres < asked.resources && asked.backends.includes('postgres')) {
    all.notes.push(`On PostgreSQL the city has ${asked.resources_postgres} resources, fewer than on SQLite (--resources-postgres).`);
  }
  // Written after every part: a bench that is broken off has still measured something.
  const save = () => writeReport(report, all);
  for (const backend of asked['no-city'] ? [] : asked.backends) { all.cities.push(await measureCity(backend, asked)); save(); }
  const archive = asked['no-synthea'] ? '' : syntheaArchive();
  if (archive === '') all.notes.push('Synthea\'s bundles were not measured (not asked for, or not in $TK_SHARED/corpora/synthea).');
  else all.synthea = await measureSynthea(archive, asked);
  all.machine.load_after = os.loadavg().map((one) => Number(one.toFixed(2)));
  save();
  console.log(fs.readFileSync(report, 'utf8'));
  return 0;
}

process.exitCode = await main();
