import { expect, test } from 'vitest';
import { Failure } from '../fhir/http';
import { askAll, type AskToday, inOrder, kOfEachMax, type TodayRow } from './today';

const row = (reference: string, dueMs: number | null, grave = false): TodayRow => ({ reference, what: { 'zh-CN': '事', en: 'it' }, patient: null, dueMs, grave });
const context = { signal: new AbortController().signal } as Parameters<AskToday>[0];

test('late first, then soonest, grave before the rest, without a limit last', () => {
  expect(inOrder([row('A/1', null), row('A/2', 20), row('A/3', 10), row('A/4', 20, true)]).map((r) => r.reference)).toEqual(['A/3', 'A/4', 'A/2', 'A/1']);
});

test('a part that cannot be read is told and hides nothing of the others; none floods the rest', async () => {
  const many: AskToday = async () => Array.from({ length: kOfEachMax + 5 }, (_, i) => row(`B/${i}`, i));
  const broken: AskToday = async () => { throw new Failure('busy', 503, '', ''); };
  const today = await askAll([{ app: 'many', ask: many }, { app: 'broken', ask: broken }], context);
  expect([today.rows.length, today.failed.map((f) => [f.app, f.failure.kind])]).toEqual([kOfEachMax, [['broken', 'busy']]]);
});
