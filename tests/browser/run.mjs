// Runs the browser tests one file after another and ends with one plain line.
// node tests/browser/run.mjs [name part]      against the test double
// BASE=http://127.0.0.1:8080 ACCOUNT=admin PASSWORD=... node tests/browser/run.mjs      against a running program
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const here = import.meta.dirname;
const part = process.argv[2] ?? '';
const files = readdirSync(here).filter((f) => f.endsWith('.test.mjs') && f.includes(part)).map((f) => join(here, f));
const count = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files, concurrency: 1, timeout: 180_000 });
stream.on('test:pass', (e) => {
  if (e.details?.type !== 'suite') count[e.skip !== undefined ? 'skipped' : 'passed'] += 1;
});
stream.on('test:fail', (e) => {
  if (e.details?.type !== 'suite') count.failed += 1;
});
process.on('exit', () => {
  console.log(`browser tests against ${process.env.BASE ?? 'the test double'}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
});
stream.compose(new spec()).pipe(process.stdout);
