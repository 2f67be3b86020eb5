// ./tk bench audit: what the audit costs of each kind of request, in processor time, rate and instructions; ends with 1 when it is more than a tenth of the
// throughput of one. How it is measured: audit_cost.cpp.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root } from '../tests/lib/server.mjs';
import { describe } from './machine.mjs';

const program = path.join(process.env.TK_BUILD ?? path.join(root, 'build/release'), 'bench/tongkang_audit_cost');
const kShareMax = 0.1;
// Threads that wake by the clock count too: so many that it does not show in one.
const kRequests = { read: 3000, 'search-20': 300, create: 600 };

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, ms: { type: 'string', default: '2000' }, 'no-instructions': { type: 'boolean', default: false } } });

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.error ?? done.stderr}`);
  return done.stdout;
}

/** Instructions of all threads, the load client's too: what it does is the same with and without the audit. The kernel's are not among them. */
function counted(kind, side, requests) {
  const out = path.join(os.tmpdir(), `tk-callgrind-${process.pid}`);
  const done = spawnSync('valgrind', ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${out}`, program, 'count', kind, side, String(requests)], { encoding: 'utf8', maxBuffer: 1 << 26 });
  fs.rmSync(out, { force: true });
  const found = /Collected : (\d+)/.exec(done.stderr ?? '');
  if (done.status !== 0 || !found) throw new Error(`${kind} ${side}: ${done.error ?? done.stderr}`);
  return Number(found[1]);
}

/** Of one request; start-up does not count. */
function instructions(kind, side) {
  const requests = kRequests[kind];
  const one = Math.round(counted(kind, side, requests) / requests);
  console.error(`-- ${kind} ${side} the audit: ${one.toLocaleString('en-US')} instructions`);
  return one;
}

const kinds = run(program, ['measure', values.rounds, values.ms]).trim().split('\n').map((line) => JSON.parse(line));
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const rows = kinds.map((one) => {
  const [without, whole] = values['no-instructions'] ? [0, 0] : ['without', 'with'].map((side) => instructions(one.kind, side));
  const counts = without === 0 ? '| – | – | – |' : `| ${without.toLocaleString('en-US')} | ${whole.toLocaleString('en-US')} | ${percent(whole / without - 1)} |`;
  return `| ${one.kind} | ${one.cpu_us_without.median.toFixed(1)} | ${one.cpu_us_with.median.toFixed(1)} | **${percent(one.cpu_share.median)}** (${percent(one.cpu_share.low)} to ${percent(one.cpu_share.high)}) ` +
    `| ${Math.round(one.rate_without.median).toLocaleString('en-US')} | ${Math.round(one.rate_with.median).toLocaleString('en-US')} | ${percent(one.rate_share.median)} ${counts}`;
});
const { commit, date } = describe();
const text = `# What the audit costs, ${date}, commit ${commit}

\`./tk bench audit --rounds ${values.rounds} --ms ${values.ms}\`: ${values.rounds} rounds of ${values.ms} ms with and without the audit in turn; load average ${os.loadavg().map((one) => one.toFixed(2)).join(' ')}.
Processor time is that of the server without its load client; shares are medians of the rounds, each against the run beside it. Instructions are those of
server and client, without the kernel's.

| kind | CPU µs without | with | share | requests/s without | with | fewer | instructions without | with | share |
|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
const report = process.env.TK_REPORT;
if (report) fs.writeFileSync(report, text);
console.log(text);
process.exitCode = kinds.some((one) => one.cpu_share.median > kShareMax) ? 1 : 0;
