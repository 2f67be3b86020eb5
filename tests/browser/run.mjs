// Runs the browser tests one file after another and ends with one plain line.
// node tests/browser/run.mjs [parts of files' names]                                against the test double
// node tests/browser/run.mjs --program build/dev/server/tongkang [--log postgresql://…] [parts]   against a program it starts
// BASE=http://127.0.0.1:8080 ACCOUNT=admin PASSWORD=… node tests/browser/run.mjs [parts]          against a running one
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { startProgram } from './program.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { program: { type: 'string' }, log: { type: 'string' } } });
const files = readdirSync(import.meta.dirname).filter((f) => f.endsWith('.test.mjs') && (positionals.length === 0 || positionals.some((part) => f.includes(part)))).map((f) => join(import.meta.dirname, f));
const program = values.program ? await startProgram(values.program, values.log) : null;
if (program) Object.assign(process.env, program.env);
const against = program ? `${values.program}${values.log ? ' with its log on PostgreSQL' : ' with its log on SQLite'}` : (process.env.BASE ?? 'the test double');

const why = (e) => String(e.details?.error?.cause?.message ?? e.details?.error?.message ?? 'no reason given').split('\n').slice(0, 4).join(' | ');

/** Plays files, or only the tests of those names in them: how many passed and were skipped, and what failed. */
async function play(options) {
  const seen = { passed: 0, skipped: 0, failed: [] };
  const stream = run({ concurrency: 1, timeout: 900_000, ...options });
  const isTest = (e) => e.details?.type !== 'suite' && !files.includes(e.name);
  stream.on('test:pass', (e) => isTest(e) && (seen[e.skip !== undefined ? 'skipped' : 'passed'] += 1));
  stream.on('test:fail', (e) => isTest(e) && seen.failed.push({ name: e.name, file: e.file, why: why(e) }));
  const shown = stream.compose(new spec());
  shown.pipe(process.stdout, { end: false });
  await new Promise((done) => shown.once('end', done));
  return seen;
}

const whole = (name) => new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`);
const first = await play({ files });
let failed = first.failed;
// A browser on a busy machine is late in ways of its own. What failed is played once more by itself; what failed once is told either way.
if (failed.length > 0) {
  const again = await play({ files: [...new Set(failed.map((f) => f.file))].filter((f) => files.includes(f)), testNamePatterns: failed.map((f) => whole(f.name)) });
  for (const f of first.failed) console.log(`failed the first time: ${f.name}: ${f.why}`);
  // Played again means: it is among those that passed, each of them.
  failed = again.failed.length > 0 ? again.failed : again.passed >= failed.length ? [] : failed;
}
await program?.stop();
for (const f of failed) console.log(`failed test: ${f.name}: ${f.why}`);
const passed = first.passed + first.failed.length - failed.length;
console.log(`browser tests against ${against}: ${passed} passed, ${failed.length} failed, ${first.skipped} skipped`);
process.exitCode = failed.length > 0 || passed === 0 ? 1 : 0;
