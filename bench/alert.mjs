// ./tk bench alert: registrations with the look-up of the watch-list, and with an alert, on a running server with a city's source records.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { freshFolder, request, root } from '../tests/lib/server.mjs';
import { House, kProgram } from './house.mjs';
import { describe, memoryMb } from './machine.mjs';

const run = promisify(execFile);
const kCity = path.join(process.env.TK_BUILD ?? path.join(root, 'build/release'), 'city/tongkang_city');
const kConnections = 64, kTogether = 200, kLoadConnections = 8, kSampled = 20000;
// Of DESIGN 10, at 5,000,000 persons of whom 100,000 are listed.
const kMark = { rate: 500, p99_ms: 10 };
const say = (text) => console.error(`-- ${text}`);

function options() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    listed: { type: 'string' }, share: { type: 'string', default: '0.1' }, seed: { type: 'string', default: '2' }, seconds: { type: 'string', default: '20' }, runs: { type: 'string', default: '5' },
    keep: { type: 'boolean', default: false },
  } });
  const persons = Number(positionals[0] ?? 20000), listed = Number(values.listed ?? Math.floor(persons / 50)), share = Number(values.share);
  if (!(persons >= 1000 && persons <= 10_000_000)) throw new Error('persons: 1000 … 10000000');
  if (!(listed >= 1 && listed <= persons / 2)) throw new Error('--listed: 1 … half of the persons');
  if (!(share >= 0 && share <= 1)) throw new Error('--share: 0 … 1, of the registrations that are of listed persons');
  return { persons, listed, share, seed: Number(values.seed), seconds: Number(values.seconds), runs: Number(values.runs), keep: values.keep };
}

async function countLines(file) {
  let lines = 0;
  for await (const part of fs.createReadStream(file, { highWaterMark: 1 << 22 })) for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) lines++;
  return lines;
}

/** Ids of Patients in the order of a search, `count` of them. */
async function patientIds(house, count) {
  return (await house.all('/fhir/Patient?_elements=id&_count=1000', count, 'admin')).map((one) => one.id);
}

async function send(house, body) {
  const token = fs.readFileSync(house.tokenFile('admin'), 'utf8');
  const answer = await request(`http://127.0.0.1:${house.port}`, 'POST', '/fhir', { token, body, headers: { prefer: 'return=minimal' } });
  if (answer.status !== 200) throw new Error(`transaction: ${answer.status ?? 'lost'} ${answer.text?.slice(0, 500) ?? ''}`);
}
const put = (resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } });

async function listThem(house, ids) {
  await send(house, { resourceType: 'Bundle', type: 'transaction', entry: [put({ resourceType: 'WatchList', id: 'bench', status: 'active', name: 'bench', title: 'bench', publisher: 'bench', level: 'warning', text: 'bench', instruction: 'bench' })] });
  const begin = performance.now();
  for (let at = 0; at < ids.length; at += 500) {
    await send(house, { resourceType: 'Bundle', type: 'transaction', entry: ids.slice(at, at + 500).map((id, i) => put({ resourceType: 'WatchEntry', id: `bench-${at + i}`, status: 'active', list: { reference: 'WatchList/bench' }, subject: { reference: `Patient/${id}` }, reason: { text: 'bench' } })) });
  }
  return ids.length / ((performance.now() - begin) / 1000);
}

/** A file of registrations in random order: every id at most some times. */
function registrations(folder, name, ids) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, ids.map((id) => `POST /fhir/Encounter\t${JSON.stringify({ resourceType: 'Encounter', status: 'arrived', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: `Patient/${id}` } })}\n`).join(''));
  return file;
}

const middle = (runs, of) => runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)];

async function measure(asked, file, records, folder) {
  const house = new House('sqlite');
  house.args = ['--live-matching=false'];
  await house.open();
  try {
    const result = {};
    result.bulk = await house.load('patients', [file, '--from', 0, '--to', records, '--together', kTogether], { account: 'admin', connections: kLoadConnections });
    say(`bulk load: ${result.bulk.things} records, ${Math.round(result.bulk.rate)}/s`);
    await house.stop();
    const { stdout } = await run(kProgram, ['deduplicate', '--data', house.data], { maxBuffer: 1 << 26 });
    result.deduplicate = JSON.parse(stdout.trim().split('\n').at(-1));
    house.args = [];
    await house.start();
    // Every other, so that as many as asked are listed, and who is not is there beside them.
    const ids = await patientIds(house, 2 * Math.max(asked.listed, kSampled));
    const listed = ids.filter((_, i) => i % 2 === 0).slice(0, asked.listed), isListed = new Set(listed);
    if (listed.length !== asked.listed) throw new Error(`${listed.length} of ${asked.listed} could be listed: there are too few records`);
    const others = ids.filter((id) => !isListed.has(id)).slice(0, kSampled);
    const plain = registrations(folder, 'plain', others);
    const of = (share) => [...listed.slice(0, Math.round(kSampled * share)), ...others.slice(0, Math.round(kSampled * (1 - share)))];
    const mixed = registrations(folder, 'mixed', of(Math.min(asked.share, listed.length / kSampled))), alone = registrations(folder, 'alone', listed.slice(0, kSampled));
    const drive = (lines, rate) => house.load('list', [lines], { account: 'admin', connections: kConnections, seconds: asked.seconds, rate });
    result.before = await drive(plain, kMark.rate);
    result.listing = await listThem(house, listed);
    say(`${listed.length} entries at ${Math.round(result.listing)}/s`);
    result.runs = [];
    for (let i = 0; i < asked.runs; i++) {
      result.runs.push({ plain: await drive(plain, kMark.rate), mixed: await drive(mixed, kMark.rate), alone: await drive(alone, kMark.rate) });
      const { plain: a, mixed: b, alone: c } = result.runs.at(-1);
      say(`run ${i + 1}: p99 ${a.p99_ms} ms of others, ${b.p99_ms} ms of a mix, ${c.p99_ms} ms of listed alone`);
    }
    result.full = await drive(mixed, 0);
    result.alerts = (await house.get('/fhir/Flag?_summary=count', 'admin')).json.total;
    if (!(result.alerts > 0)) throw new Error('no alert was raised: what was measured is not what was asked');
    result.memory_mb = memoryMb(house.pids());
    return result;
  } finally {
    await house.close(asked.keep);
  }
}

function table(asked, machine, records, r) {
  const round = (number) => Math.round(number).toLocaleString('en');
  const big = asked.persons >= 5_000_000 && asked.listed >= 100_000;
  const row = (name, kind) => {
    const p99 = middle(r.runs, (one) => one[kind].p99_ms), all = r.runs.map((one) => one[kind].p99_ms);
    return [name, p99, kind === 'plain' ? '' : `< ${kMark.p99_ms}`, big && kind !== 'plain' ? (p99 < kMark.p99_ms ? 'hit' : 'missed') : '', `${Math.min(...all)}–${Math.max(...all)}; p50 ${middle(r.runs, (one) => one[kind].p50_ms)} ms, ${middle(r.runs, (one) => one[kind].cpu_us).toFixed(0)} µs of CPU each`];
  };
  const errors = r.runs.flatMap((one) => Object.values(one)).filter((one) => one.errors > 0).map((one) => one.first_error);
  const rows = [
    ['p99 before anybody was listed, ms', r.before.p99_ms, '', '', `p50 ${r.before.p50_ms} ms, ${r.before.cpu_us.toFixed(0)} µs of CPU each`],
    row('p99 of persons who are not listed, ms', 'plain'), row(`p99 of a mix with ${asked.share * 100} % listed, ms`, 'mixed'), row('p99 of listed persons alone, ms', 'alone'),
    ['the mix, as many as are answered, /s', round(r.full.rate), '', '', `p99 ${r.full.p99_ms} ms, ${r.full.cpu_us.toFixed(0)} µs of CPU each`],
    ['entries listed, /s', round(r.listing), '', '', 'in transactions of 500, each looking for visits that are going on'],
    ['alerts in the log', round(r.alerts), '', '', ''], ['server in memory, MB', round(r.memory_mb), '', '', ''],
  ];
  return [`# Registration with alert, ${machine.date.slice(0, 10)}, ${machine.commit}`, '',
    `\`./tk bench alert ${asked.persons} --listed ${asked.listed} --share ${asked.share} --seed ${asked.seed} --seconds ${asked.seconds} --runs ${asked.runs}\` on ${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.join(' ')}, after ${machine.load_after.join(' ')}.`,
    `${round(asked.persons)} persons, ${round(records)} source records, ${round(asked.listed)} listed; ${kMark.rate} registrations (POST Encounter) a second, each durable before its answer, as the administrator. The mark is of 5,000,000 and 100,000.`, '',
    '| what | measured | mark | | |', '|---|---|---|---|---|', ...rows.map((one) => `| ${one.join(' | ')} |`), '', ...(errors.length ? [`ERRORS: ${errors.join('; ')}`, ''] : [])].join('\n');
}

async function main() {
  const asked = options();
  for (const file of [kProgram, kCity]) if (!fs.existsSync(file)) throw new Error(`${file} is not built: ./tk bench alert builds it`);
  const report = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'bench-alert.md');
  const machine = describe();
  const folder = freshFolder('bench-alert-city');
  try {
    await run(kCity, ['--persons', String(asked.persons), '--seed', String(asked.seed), '--records', '--out', path.join(folder, 'city')], { maxBuffer: 1 << 24 });
    const file = path.join(folder, 'city/Patient.ndjson');
    const records = await countLines(file);
    const result = await measure(asked, file, records, folder);
    machine.load_after = os.loadavg().map((one) => Number(one.toFixed(2)));
    const text = table(asked, machine, records, result);
    fs.writeFileSync(report, text);
    fs.writeFileSync(report.replace(/\.md$/, '.json'), JSON.stringify({ machine, asked, records, result }, null, 1));
    console.log(text);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

await main();
