import { describe, expect, test } from 'vitest';
import type { Task } from '@tk/fhir/types';
import { bodyOf, followUpOf, tenthsIn } from './report';

describe('a temperature as people write it', () => {
  test.each([['36.6', 366], ['366', 366], ['36,6', 366], [' 37 ', 370], ['37.25', 373], ['3', null], ['', null], ['abc', null], ['36.6.1', null]])('%s', (text, tenths) => {
    expect(tenthsIn(text)).toBe(tenths);
  });
});

test('a report without a temperature has none', () => {
  expect(bodyOf('k', null, ['cough'], 0)).toEqual({ id: 'k', symptoms: ['cough'], when: '1970-01-01T00:00:00.000Z' });
  expect(bodyOf('k', 366, [], 0)).toMatchObject({ temperature: 36.6, symptoms: [] });
});

test('a follow-up says how far it is, also one of another kind', () => {
  const task: Task = { resourceType: 'Task', id: '1', intent: 'order', status: 'requested', authoredOn: '2026-11-24T01:00:00Z', code: { coding: [{ code: 'fever-follow-up' }] }, restriction: { period: { end: '2026-11-24T03:00:00Z' } } };
  expect(followUpOf(task)).toMatchObject({ code: 'fever-follow-up', status: 'requested', over: false, dueMs: Date.UTC(2026, 10, 24, 3) });
  expect(followUpOf({ ...task, status: 'completed', code: {} })).toMatchObject({ code: 'other', status: 'completed', over: true, dueMs: null });
});
