// Reporter of node:test for run.mjs: one line of JSON in TK_RESULTS for each test that passed, was skipped or failed. Written at once: a process that ends by
// force does not wait for its reporters.
import { appendFileSync } from 'node:fs';

const why = (e) => String(e.details?.error?.cause?.message ?? e.details?.error?.message ?? 'no reason given').split('\n').slice(0, 4).join(' | ');

export default async function* results(source) {
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    appendFileSync(process.env.TK_RESULTS, `${JSON.stringify({ name: data.name, passed: type === 'test:pass', skipped: data.skip !== undefined, ...(type === 'test:fail' ? { why: why(data) } : {}) })}\n`);
  }
}
