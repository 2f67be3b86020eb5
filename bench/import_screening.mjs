// ./tk bench import-screening: an employer's file on a running server that knows nine in ten of its persons, and the same file once more.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { freshFolder, request, root, sleep } from '../tests/lib/server.mjs';
import { House, kProgram } from './house.mjs';
import { cpuSeconds, describe, memoryMb } from './machine.mjs';

const run = promisify(execFile);
const kCity = path.join(process.env.TK_BUILD ?? path.join(root, 'build/release'), 'city/tongkang_city');
const kTogether = 200, kLoadConnections = 8, kResidentId = 'http://tongkang.dev/fhir/sid/cn-resident-id';
// Of DESIGN 10: a file of a million rows, 90 % known persons.
const kMark = { rows: 1_000_000, rate: 20_000 };
const say = (text) => console.error(`-- ${text}`);

function options() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    persons: { type: 'string' }, known: { type: 'string', default: '0.9' }, seed: { type: 'string', default: '2' }, keep: { type: 'boolean', default: false },
  } });
  const rows = Number(positionals[0] ?? 100000), persons = Number(values.persons ?? Math.max(1000, Math.round(rows * 0.6))), known = Number(values.known);
  if (!(rows >= 1000 && rows <= 1_000_000)) throw new Error('rows: 1000 … 1000000');
  if (!(persons >= 1000 && persons <= 10_000_000)) throw new Error('--persons: 1000 … 10000000');
  if (!(known >= 0 && known <= 1)) throw new Error('--known: 0 … 1');
  return { rows, persons, known, seed: Number(values.seed), keep: values.keep };
}

/** Source records that have a number, at most `count`, spread over the file; and how many records it has. */
async function peopleOf(file, count) {
  const people = [];
  const seen = new Set();
  let records = 0;
  for await (const line of readline.createInterface({ input: fs.createReadStream(file, { highWaterMark: 1 << 22 }) })) {
    records++;
    if (people.length >= count || !line.includes(kResidentId)) continue;
    const patient = JSON.parse(line);
    const number = patient.identifier.find((one) => one.system === kResidentId)?.value, name = patient.name?.[0]?.text ?? (patient.name?.[0]?.family ?? '') + (patient.name?.[0]?.given?.join('') ?? '');
    if (!/^3801\d{13}[\dX]$/.test(number ?? '') || name === '' || seen.has(number)) continue;
    seen.add(number);
    people.push([name, number]);
  }
  return { people, records };
}

/** GB 11643-1999, by ISO 7064 MOD 11-2. */
function withCheck(body) {
  const sum = [...body].reduce((all, digit, i) => all + Number(digit) * (2 ** (17 - i) % 11), 0);
  return body + '10X98765432'[sum % 11];
}

/** Of nobody whom the city has: born a hundred and more years ago. */
const stranger = (i) => [`${'赵钱孙李周吴郑王'[i % 8]}${String.fromCharCode(0x4e00 + (i * 7) % 5000)}`, withCheck(`3801${String(2 + (i % 8)).padStart(2, '0')}${1900 + (Math.floor(i / 8000) % 20)}${String(1 + (i % 12)).padStart(2, '0')}${String(1 + (i % 28)).padStart(2, '0')}${String(Math.floor(i / 8) % 1000).padStart(3, '0')}`)];

/** A file with each person once, or on several days where there are more rows than persons. */
function table(asked, people) {
  const lines = ['姓名,证件号码,测量时间,体温'];
  const known = Math.round(asked.rows * asked.known);
  const day = (i, of) => new Date(Date.UTC(2026, 0, 1) - Math.floor(i / of) * 86400000).toISOString().slice(0, 10);
  for (let i = 0; i < asked.rows; i++) {
    // One in ten a stranger, all over the file.
    const isKnown = Math.floor((i + 1) * asked.known) > Math.floor(i * asked.known);
    const at = isKnown ? Math.floor(i * asked.known) : i - Math.floor(i * asked.known);
    const [name, number] = isKnown ? people[at % people.length] : stranger(at);
    lines.push(`${name},${number},${isKnown ? day(at, people.length) : day(0, 1)},${(36 + (i % 12) / 10 + (i % 200 === 0 ? 1.5 : 0)).toFixed(1)}`);
  }
  if (known > people.length * 30) throw new Error('too few persons with a number for so many rows: raise --persons');
  return `${lines.join('\n')}\n`;
}

async function importTable(house, body) {
  const token = fs.readFileSync(house.tokenFile('admin'), 'utf8'), base = `http://127.0.0.1:${house.port}`;
  const begin = performance.now(), cpu = cpuSeconds(house.pids());
  const taken = await request(base, 'POST', '/app/screening/import?organization=bench', { token, body, headers: { 'content-type': 'text/csv' } });
  if (taken.status !== 202) throw new Error(`import: ${taken.status ?? 'lost'} ${taken.text?.slice(0, 500) ?? ''}`);
  let peak = 0;
  for (;;) {
    await sleep(200);
    peak = Math.max(peak, memoryMb(house.pids()));
    const { json } = await house.get(`/app/screening/imports/${taken.json.id}`, 'admin');
    if (json.state === 'waiting' || json.state === 'running') continue;
    if (json.state !== 'done') throw new Error(`the import ${json.state}: ${json.error}`);
    return { ...json, wall: (performance.now() - begin) / 1000, cpu: cpuSeconds(house.pids()) - cpu, peak_mb: peak };
  }
}

async function measure(asked, file, people, records) {
  const house = new House('sqlite');
  house.args = ['--live-matching=false'];
  await house.open();
  try {
    const bulk = await house.load('patients', [file, '--from', 0, '--to', records, '--together', kTogether], { account: 'admin', connections: kLoadConnections });
    say(`bulk load: ${bulk.things} records, ${Math.round(bulk.rate)}/s`);
    await house.stop();
    await run(kProgram, ['deduplicate', '--data', house.data], { maxBuffer: 1 << 26 });
    house.args = [];
    await house.start();
    const token = fs.readFileSync(house.tokenFile('admin'), 'utf8');
    const made = await request(`http://127.0.0.1:${house.port}`, 'PUT', '/fhir/Organization/bench', { token, body: { resourceType: 'Organization', id: 'bench', name: 'bench' } });
    if (made.status >= 300) throw new Error(`Organization: ${made.status}`);
    const body = table(asked, people), before_mb = memoryMb(house.pids());
    say(`${asked.rows} rows, ${(Buffer.byteLength(body) / 1e6).toFixed(0)} MB`);
    const first = await importTable(house, body);
    say(`first: ${Math.round(asked.rows / first.seconds)}/s, ${first.persons.known} known, ${first.persons.new} new, ${first.persons.doubtful} doubtful`);
    const count = (await house.get('/fhir/Observation?code=8310-5&_summary=count', 'admin')).json.total;
    const second = await importTable(house, body);
    if (second.added !== 0 || second.changed !== 0) throw new Error(`sent twice it changed something: ${second.added} added, ${second.changed} changed`);
    if (first.added + first.refused !== asked.rows || count !== first.added) throw new Error(`rows are missing: ${first.added} added, ${first.refused} refused, ${count} there`);
    return { first, second, before_mb };
  } finally {
    await house.close(asked.keep);
  }
}

function report(asked, machine, records, { first, second, before_mb }) {
  const round = (number) => Math.round(number).toLocaleString('en');
  const rate = asked.rows / first.seconds, big = asked.rows >= kMark.rows;
  const rows = [
    ['rows/s, first time', round(rate), `≥ ${round(kMark.rate)}`, big ? (rate >= kMark.rate ? 'hit' : 'missed') : '', `${first.seconds} s; with sending ${first.wall.toFixed(1)} s`],
    ['rows/s, the same file again', round(asked.rows / second.seconds), '', '', `nothing was added or changed; ${round(second.unchanged)} unchanged`],
    ['CPU of the server a row, µs', round(first.cpu * 1e6 / asked.rows), '', '', `the second time ${round(second.cpu * 1e6 / asked.rows)}; tells more than rows/s where the machine is shared`],
    ['of persons who were known', round(first.persons.known), '', '', `${round(first.persons.new)} new, ${round(first.persons.doubtful)} doubtful`],
    ['refused', round(first.refused), '', '', first.issues.slice(0, 2).map((one) => `${one.column}: ${one.text}`).join('; ')],
    ['server in memory before, MB', round(before_mb), '', '', ''], ['at most during the first, MB', round(first.peak_mb), '', '', ''], ['at most during the second, MB', round(second.peak_mb), '', '', ''],
  ];
  return [`# An employer's file, ${machine.date.slice(0, 10)}, ${machine.commit}`, '',
    `\`./tk bench import-screening ${asked.rows} --persons ${asked.persons} --known ${asked.known} --seed ${asked.seed}\` on ${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.join(' ')}, after ${machine.load_after.join(' ')}.`,
    `${round(asked.persons)} persons in ${round(records)} source records; every row durable, rules following. The mark is of ${round(kMark.rows)} rows.`, '',
    '| what | measured | mark | | |', '|---|---|---|---|---|', ...rows.map((one) => `| ${one.join(' | ')} |`), ''].join('\n');
}

async function main() {
  const asked = options();
  for (const file of [kProgram, kCity]) if (!fs.existsSync(file)) throw new Error(`${file} is not built: ./tk bench import-screening builds it`);
  const out = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'bench-import-screening.md');
  const machine = describe();
  const folder = freshFolder('bench-import-city');
  try {
    await run(kCity, ['--persons', String(asked.persons), '--seed', String(asked.seed), '--records', '--out', path.join(folder, 'city')], { maxBuffer: 1 << 24 });
    const file = path.join(folder, 'city/Patient.ndjson');
    const { people, records } = await peopleOf(file, Math.round(asked.rows * asked.known));
    say(`${people.length} persons with a number of ${records} records`);
    const result = await measure(asked, file, people, records);
    machine.load_after = os.loadavg().map((one) => Number(one.toFixed(2)));
    const text = report(asked, machine, records, result);
    fs.writeFileSync(out, text);
    fs.writeFileSync(out.replace(/\.md$/, '.json'), JSON.stringify({ machine, asked, records, result }, null, 1));
    console.log(text);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

await main();
