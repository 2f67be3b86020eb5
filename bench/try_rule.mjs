// ./tk bench try-rule: a rule tried on the history of a city, at the machine and over HTTP, with its list and by its numbers alone.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freshFolder, request } from '../tests/lib/server.mjs';
import { House, kLoad, kProgram } from './house.mjs';
import { bytesOnDisk, describe, memoryMb } from './machine.mjs';

const kResourcesPerPerson = 20;
/** Of DESIGN 10 and step 4: seconds, of which the trigger selects at most 2,000,000 of 20,000,000. */
const kMark = { resources: 20_000_000, selected: 2_000_000, seconds: 30 };
/** On a tenth of the city's records; some in a hundred of them become true. */
const kRule = {
  id: 'bench.lot', version: 1, title: { 'zh-CN': '批号', en: 'Lot' }, source: { text: 'a bench', edition: '1', date: '2026-11-23' },
  on: { type: 'Immunization', operations: ['create', 'update'] },
  where: "status = 'completed' and vaccineCode.coding.where(system = 'http://www.whocc.no/atc').exists() and lotNumber.startsWith('B00')",
  do: [{ create: { resourceType: 'Task', status: 'requested', intent: 'order', for: '=patient', focus: { reference: "='Immunization/' + id" }, description: "='lot ' + lotNumber", authoredOn: '=%now' } }],
};
const say = (text) => console.error(`-- ${text}`);

function options() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '5' }, keep: { type: 'boolean', default: false } } });
  const resources = Number(positionals[0] ?? 200_000);
  if (!(resources >= 2000 && resources <= 100_000_000)) throw new Error('resources: 2000 … 100000000');
  return { resources, seed: Number(values.seed), runs: Number(values.runs), keep: values.keep };
}

/** One trial at the machine: its numbers and how many lines it listed. Time counts from the opened data folder on, as the program tells it. */
function atMachine(house, file, more) {
  return new Promise((done, fail) => {
    const child = spawn(kProgram, ['pack', 'try', file, '--data', house.data, '--from', '2000-01-01', ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    let lines = 0, last = '', rest = '', errors = '', peak_mb = 0;
    child.stdout.on('data', (part) => {
      const all = (rest + part).split('\n');
      rest = all.pop();
      lines += all.length;
      last = all.at(-1) ?? last;
    });
    // It tells every two seconds how far it is; so often its memory is looked at.
    child.stderr.on('data', (part) => { errors = (errors + part).slice(-4000); peak_mb = Math.max(peak_mb, memoryMb([child.pid])); });
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done({ ...JSON.parse(last), listed: lines - 1, peak_mb }) : fail(new Error(`pack try: ${code}: ${errors}`))));
  });
}

async function send(house, target) {
  const token = fs.readFileSync(house.tokenFile('admin'), 'utf8');
  const answer = await request(`http://127.0.0.1:${house.port}`, 'POST', target, { token, body: kRule, headers: { 'content-type': 'application/json' } });
  if (answer.status !== 200) throw new Error(`POST ${target}: ${answer.status ?? 'lost'} ${answer.text?.slice(0, 500) ?? ''}`);
  return answer.json;
}

async function overHttp(house) {
  const begin = performance.now();
  let pages = 0, answer;
  for (let next = '/app/screening/rules/try?from=2000-01-01&_count=0'; next; next = answer.next) {
    answer = await send(house, next);
    pages++;
  }
  return { seconds: (performance.now() - begin) / 1000, pages, judged: answer.judged, fired: answer.fired };
}

async function measure(asked, file) {
  const house = await new House('sqlite').open();
  try {
    const result = { list: [], counts: [], http: [] };
    const one = await house.load('city', ['--from', 0, '--to', Math.round(asked.resources / kResourcesPerPerson)], { account: 'admin', connections: 8, seed: asked.seed });
    result.resources = one.things;
    say(`${one.things} resources at ${Math.round(one.rate)}/s`);
    for (let i = 0; i < asked.runs; i++) {
      await house.stop();
      result.list.push(await atMachine(house, file, []));
      result.counts.push(await atMachine(house, file, ['--counts']));
      await house.start();
      result.http.push(await overHttp(house));
      const [a, b, c] = [result.list.at(-1), result.counts.at(-1), result.http.at(-1)];
      if (a.listed !== a.fired || a.fired !== b.fired || b.fired !== c.fired || a.failed !== 0) throw new Error(`the ways do not agree: ${JSON.stringify([a, b, c])}`);
      say(`run ${i + 1}: ${a.seconds} s with the list, ${b.seconds} s of numbers, ${c.seconds.toFixed(2)} s over HTTP in ${c.pages} pages; ${a.judged} judged, ${a.fired} fired`);
    }
    result.memory_mb = memoryMb(house.pids());
    await house.stop();
    result.disk_mb = Math.round(bytesOnDisk(house.data) / 1e6);
    await house.start();
    return result;
  } finally {
    await house.close(asked.keep);
  }
}

function table(asked, machine, r) {
  const round = (number) => Math.round(number).toLocaleString('en');
  const middle = (runs) => runs.map((one) => one.seconds).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
  const [first] = r.list;
  const big = r.resources >= kMark.resources && first.judged <= kMark.selected;
  const row = (name, runs, more) => {
    const all = runs.map((one) => one.seconds);
    return `| ${name} | ${middle(runs).toFixed(2)} | < ${kMark.seconds} | ${big ? (middle(runs) < kMark.seconds ? 'hit' : 'missed') : ''} | ${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}${more} |`;
  };
  return [`# A rule tried on history, ${machine.date.slice(0, 10)}, ${machine.commit}`, '',
    `\`./tk bench try-rule ${asked.resources} --seed ${asked.seed} --runs ${asked.runs}\` on ${machine.cpus} × ${machine.cpu}, load before ${machine.load_before.join(' ')}, after ${machine.load_after.join(' ')}.`,
    `${round(r.resources)} resources, ${round(r.disk_mb)} MB on disk; the rule's type has ${round(first.judged)}, of which ${round(first.fired)} would have fired. The mark is of ${round(kMark.resources)}, of which the trigger selects at most ${round(kMark.selected)}.`, '',
    '| what, s | measured | mark | | |', '|---|---|---|---|---|',
    row('at the machine, with the list of what it would have raised', r.list, `; at most ${round(Math.max(...r.list.map((one) => one.peak_mb)))} MB`),
    row('at the machine, the numbers alone', r.counts, ''),
    row('over HTTP, the numbers alone, page after page', r.http, `; ${r.http[0].pages} pages, server ${round(r.memory_mb)} MB`), ''].join('\n');
}

async function main() {
  const asked = options();
  for (const file of [kProgram, kLoad]) if (!fs.existsSync(file)) throw new Error(`${file} is not built: ./tk bench try-rule builds it`);
  const report = process.env.TK_REPORT ?? path.join(os.tmpdir(), 'bench-try-rule.md');
  const machine = describe();
  const folder = freshFolder('bench-try-rule');
  try {
    const file = path.join(folder, 'rule.json');
    fs.writeFileSync(file, JSON.stringify(kRule));
    const result = await measure(asked, file);
    machine.load_after = os.loadavg().map((one) => Number(one.toFixed(2)));
    const text = table(asked, machine, result);
    fs.writeFileSync(report, text);
    fs.writeFileSync(report.replace(/\.md$/, '.json'), JSON.stringify({ machine, asked, result }, null, 1));
    console.log(text);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

await main();
