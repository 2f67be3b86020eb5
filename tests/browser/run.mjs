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

const count = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files, concurrency: 1, timeout: 900_000 });
const isTest = (e) => e.details?.type !== 'suite' && !files.includes(e.name);
stream.on('test:pass', (e) => isTest(e) && (count[e.skip !== undefined ? 'skipped' : 'passed'] += 1));
stream.on('test:fail', (e) => isTest(e) && (count.failed += 1));
const shown = stream.compose(new spec());
shown.pipe(process.stdout);
await new Promise((done) => shown.once('end', done));
await program?.stop();
console.log(`browser tests against ${against}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
