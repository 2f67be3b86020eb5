// Instructions of the hot paths, counted by callgrind: what a change costs, without the noise of a machine that others use too.
// Each path runs twice with different numbers of rounds; the difference divided is one round, so that start-up does not count.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { root } from '../tests/lib/server.mjs';
import { describe } from './machine.mjs';

const kHot = path.join(process.env.TK_BUILD ?? path.join(root, 'build/release'), 'bench/tongkang_hot');
const kKept = path.join(root, 'bench/instructions.json');
const kGrowthMax = 1.1;
// All threads are counted, also what they do by the clock: some million instructions a run on a machine that others load. So many rounds that it
// does not show in one.
const kTimes = { 'each-of-200-extract': 10, 'each-of-200-parse': 10, 'each-of-200-validate': 10, 'transaction-200': 2, create: 100, everything: 100, read: 1500,
  'rule-below-limit': 1500, 'rule-of-another': 1500 };
const kTimesUsual = 300;

function collected(name, times) {
  const out = path.join(os.tmpdir(), `tk-callgrind-${process.pid}`);
  const done = spawnSync('valgrind', ['--tool=callgrind', `--callgrind-out-file=${out}`, kHot, name, String(times)], { encoding: 'utf8' });
  fs.rmSync(out, { force: true });
  const found = /Collected : (\d+)/.exec(done.stderr ?? '');
  if (done.status !== 0 || !found) throw new Error(`${name}: ${done.error ?? done.stderr}`);
  return Number(found[1]);
}

function measure() {
  const paths = {};
  for (const name of execFileSync(kHot, { encoding: 'utf8' }).trim().split('\n')) {
    const times = kTimes[name] ?? kTimesUsual;
    paths[name] = Math.round((collected(name, times * 3) - collected(name, times)) / (times * 2));
    console.error(`-- ${name}: ${paths[name].toLocaleString('en-US')} instructions`);
  }
  return paths;
}

/** Compares with bench/instructions.json, or writes it anew; answers the exit code: 1 when a path grew by more than a tenth. */
export function instructions(report, update) {
  const { commit, date } = describe();
  const now = measure();
  const kept = fs.existsSync(kKept) ? JSON.parse(fs.readFileSync(kKept, 'utf8')) : { paths: {} };
  const rows = Object.entries(now).map(([name, count]) => ({ name, count, before: kept.paths[name], grown: count > (kept.paths[name] ?? Infinity) * kGrowthMax }));
  const table = rows.map((row) => `| ${row.name} | ${row.count.toLocaleString('en-US')} | ${row.before?.toLocaleString('en-US') ?? '–'} | ` +
    `${row.before ? `${((row.count / row.before - 1) * 100).toFixed(1)} %` : ''} | ${row.grown ? '**grew**' : ''} |`);
  fs.mkdirSync(path.dirname(report), { recursive: true });
  fs.writeFileSync(report, `# Instructions of the hot paths, ${date}, commit ${commit}\n\nKept: ${kept.commit ?? 'none'}.\n
| path | instructions | kept | change | |\n|---|---|---|---|---|\n${table.join('\n')}\n`);
  console.log(fs.readFileSync(report, 'utf8'));
  if (update) fs.writeFileSync(kKept, `${JSON.stringify({ commit, date, paths: now }, null, 1)}\n`);
  return !update && rows.some((row) => row.grown) ? 1 : 0;
}
