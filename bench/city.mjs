// ./tk bench city: persons a second of the truth alone on one core, of the whole with records, with lives; resources a second; the most memory. Five runs each.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freshFolder, root } from '../tests/lib/server.mjs';
import { describe } from './machine.mjs';

const program = path.join(process.env.TK_BUILD ?? path.join(root, 'build/release'), 'city/tongkang_city');
const { values } = parseArgs({ options: { persons: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '5' } } });
const persons = Number(values.persons), runs = Number(values.runs);
if (!(persons >= 10000 && persons <= 10_000_000) || !(runs >= 1)) throw new Error('--persons is 10000 … 10000000, --runs at least 1');

/** One run: what it printed, and persons for each second of CPU, which hardly depends on what else the machine does. */
function run(args) {
  const done = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@"', program, ...args], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program}: ${done.stderr}`);
  const [user, system] = done.stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { ...JSON.parse(done.stdout), per_cpu_second: persons / (user + system) };
}

/** Median, lowest, highest. */
function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], low: sorted[0], high: sorted.at(-1) };
}

function rates(args) {
  const found = [];
  for (let i = 0; i < runs; i++) {
    const folder = args.includes('--measure') ? null : freshFolder('bench-city');
    found.push(run(folder ? [...args, '--out', folder] : args));
    if (folder) fs.rmSync(folder, { recursive: true });
  }
  return { ...spread(found.map((one) => one.persons_per_second)), resources: spread(found.map((one) => one.resources_per_second ?? 0)).median, cpu: spread(found.map((one) => one.per_cpu_second)).median, records: found[0].records, memory: Math.max(...found.map((one) => one.peak_mb)) };
}

const rows = [
  ['truth, one core, nothing written', rates(['--persons', String(persons), '--measure'])],
  ['plan and truth written, one thread', rates(['--persons', String(persons), '--threads', '1'])],
  ['with records, one thread', rates(['--persons', String(persons), '--threads', '1', '--records'])],
  ['with records and lives of half a year, one thread', rates(['--persons', String(persons), '--threads', '1', '--records', '--lives'])],
  ['with records, all cores', rates(['--persons', String(persons), '--records'])],
];
const round = (number) => Math.round(number).toLocaleString('en');
const machine = describe();
const lines = [`# The city's generator, ${machine.date.slice(0, 10)}, ${machine.commit}`, '', `${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.join(' ')}.`,
  `${round(persons)} persons, ${runs} runs each: \`./tk bench city --persons ${persons} --runs ${runs}\`. Persons a second.`, '',
  '| what | median | lowest | highest | for a second of CPU | records a second | resources a second | memory, MB |', '|---|---|---|---|---|---|---|---|',
  ...rows.map(([what, r]) => `| ${what} | ${round(r.median)} | ${round(r.low)} | ${round(r.high)} | ${round(r.cpu)} | ${r.records ? round(r.median * r.records / persons) : '–'} | ${r.resources ? round(r.resources) : '–'} | ${r.memory} |`), ''];
const report = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'bench-city.md');
fs.writeFileSync(report, lines.join('\n'));
console.log(lines.join('\n'));
