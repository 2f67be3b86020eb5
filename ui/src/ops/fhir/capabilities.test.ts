import { expect, test } from 'vitest';
import { paramsOf, readable, summaryOf } from './capabilities';

test('only what the post may read is offered', () => {
  const session = { account: 'a', display: 'a', post: 'p', area: '', may: { read: ['Task'], write: [], call: [] } };
  expect(readable(session as never, [{ type: 'Patient' }, { type: 'Task' }]).map((t) => t.type)).toEqual(['Task']);
});

test('parameters of every type stand first', () => {
  expect(paramsOf({ type: 'Task', searchParam: [{ name: 'status', type: 'token' }, { name: '_id', type: 'token' }, { name: 'code', type: 'token' }] }).map((p) => p.name)).toEqual(['_id', 'code', 'status']);
});

test('a line about a resource says what it is called, else what it is about', () => {
  expect(summaryOf({ name: [{ text: '张*' }] })).toBe('张*');
  expect(summaryOf({ name: 'PatientName', title: '名称', status: 'active' })).toBe('名称 · active');
  expect(summaryOf({ code: { coding: [{ code: '8310-5', display: 'Body temperature' }] }, status: 'final' })).toBe('Body temperature · final');
  expect(summaryOf({})).toBe('');
});
