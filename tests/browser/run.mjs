// Runs the browser tests one file after another and ends with one plain line.
// node tests/browser/run.mjs [parts of files' names]                                against the test double
// node tests/browser/run.mjs --program build/dev/server/tongkang [--log postgresql://…] [parts]   against a program it starts
// BASE=http://127.0.0.1:8080 ACCOUNT=admin PASSWORD=… node tests/browser/run.mjs [parts]          against a running one
// Each file is a process of its own, which ends with its tests (also when a browser is left open behind them) and is killed after --file-seconds (600).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgram } from './program.mjs';

const kSettleMs = 10_000; // from SIGTERM to SIGKILL
const { values, positionals } = parseArgs({ allowPositionals: true, options: { program: { type: 'string' }, log: { type: 'string' }, 'file-seconds': { type: 'string', default: '600' } } });
const fileMs = Number(values['file-seconds']) * 1000;
const files = readdirSync(import.meta.dirname).filter((f) => f.endsWith('.test.mjs') && (positionals.length === 0 || positionals.some((part) => f.includes(part)))).map((f) => join(import.meta.dirname, f));
const program = values.program ? await startProgram(values.program, values.log) : null;
if (program) Object.assign(process.env, program.env);
const against = program ? `${values.program}${values.log ? ' with its log on PostgreSQL' : ' with its log on SQLite'}` : (process.env.BASE ?? 'the test double');
const folder = mkdtempSync(join(tmpdir(), 'tk-browser-results-'));

/** One file in a process of its own: how it ended, and a line of each test. `names`: only the tests of those names. */
async function playFile(file, names) {
  const told = join(folder, `${basename(file)}.jsonl`);
  rmSync(told, { force: true });
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', `--test-reporter=${join(import.meta.dirname, 'results.mjs')}`, '--test-reporter-destination=stderr'];
  // A group of its own: what it started ends with it.
  const child = spawn(process.execPath, ['--test-force-exit', ...reporters, ...names.map((name) => `--test-name-pattern=${name}`), file], { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env: { ...process.env, TK_RESULTS: told } });
  const end = (signal) => { try { process.kill(-child.pid, signal); } catch { /* it has ended */ } };
  let late = false;
  const timers = [setTimeout(() => { late = true; end('SIGTERM'); }, fileMs), setTimeout(() => end('SIGKILL'), fileMs + kSettleMs)];
  const how = await new Promise((done) => child.once('exit', (code, signal) => done(signal ?? code)));
  timers.forEach(clearTimeout);
  end('SIGKILL');
  const tests = existsSync(told) ? readFileSync(told, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
  return { how: late ? `it took longer than ${fileMs / 1000} s` : `it ended with ${how}`, good: !late && how === 0, tests };
}

/** Plays files, or only the tests of those names in them: how many passed and were skipped, and what failed. */
async function play(chosen, names = []) {
  const seen = { passed: 0, skipped: 0, failed: [] };
  for (const file of chosen) {
    const { how, good, tests } = await playFile(file, names);
    seen.passed += tests.filter((t) => t.passed && !t.skipped).length;
    seen.skipped += tests.filter((t) => t.skipped).length;
    const failed = tests.filter((t) => !t.passed).map(({ name, why }) => ({ name, file, why }));
    // What no test has told: the file could not be read, hung, or was killed.
    if (!good && failed.length === 0) failed.push({ name: basename(file), file, why: how, whole: true });
    seen.failed.push(...failed);
  }
  return seen;
}

const exactly = (name) => `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;
const first = await play(files);
let failed = first.failed;
// A browser on a busy machine is late in ways of its own. What failed is played once more by itself; what failed once is told either way.
if (failed.length > 0) {
  const names = failed.some((f) => f.whole) ? [] : failed.map((f) => exactly(f.name));
  const again = await play([...new Set(failed.map((f) => f.file))], names);
  for (const f of first.failed) console.log(`failed the first time: ${f.name}: ${f.why}`);
  // Played again means: it is among those that passed, each of them.
  failed = again.failed.length > 0 ? again.failed : again.passed >= failed.length ? [] : failed;
}
await program?.stop();
rmSync(folder, { recursive: true, force: true });
for (const f of failed) console.log(`failed test: ${f.name}: ${f.why}`);
const passed = first.passed + first.failed.length - failed.length;
console.log(`browser tests against ${against}: ${passed} passed, ${failed.length} failed, ${first.skipped} skipped`);
process.exitCode = failed.length > 0 || passed === 0 ? 1 : 0;
