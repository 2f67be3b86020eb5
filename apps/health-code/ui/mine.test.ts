import { describe, expect, test } from 'vitest';
import { bytesOf, daysLeft, evidenceOf, isFresh, kFreshMs, type Mine, open, reasonKey, ruleOf } from './mine';

const mine: Mine = {
  colour: 'yellow',
  checked: '2026-11-24T01:42:26Z',
  reasons: [
    { id: 'CodeReason/1', colour: 'yellow', reason: 'fever', rule: 'health-code.fever|1', changes: { 'zh-CN': '期满', en: 'Its end' }, evidence: ['Observation/1'] },
    { id: 'CodeReason/2', colour: 'yellow', reason: 'isolated', rule: 'health-code.isolated|2', changes: { 'zh-CN': '解除', en: 'Release' }, evidence: ['Communication/1'] },
  ],
  appeals: [{ id: 'CodeAppeal/1', status: 'received', reason: 'CodeReason/1', made: '2026-11-24T01:42:26Z' }],
};

describe('a colour', () => {
  test('is of now for a minute, by a clock that nobody sets', () => {
    const told = { mine, askedMs: 1000 };
    expect(isFresh(told, 1000 + kFreshMs - 1)).toBe(true);
    expect(isFresh(told, 1000 + kFreshMs)).toBe(false);
    expect(isFresh(undefined, 0)).toBe(false);
  });

  test('can be appealed against by each reason once', () => {
    expect(open(mine).map((r) => r.id)).toEqual(['CodeReason/2']);
  });

  test('has reasons in words, also one that this page does not know', () => {
    expect([reasonKey('fever'), reasonKey('a-new-one')]).toEqual(['fever', 'other']);
    expect(ruleOf('health-code.fever|3')).toEqual({ rule: 'health-code.fever', version: '3' });
  });

  test('stands on records, counted by kind', () => {
    expect(evidenceOf(['Observation/1', 'Observation/2', 'Encounter/1'])).toEqual([
      { kind: 'Observation', count: 2 },
      { kind: 'other', count: 1 },
    ]);
  });
});

test('days are counted by the calendar, and none are left once it has passed', () => {
  const now = new Date(2026, 10, 24, 23, 50).getTime();
  expect(daysLeft(new Date(2026, 10, 25, 0, 10).getTime(), now)).toBe(1);
  expect(daysLeft(new Date(2026, 10, 24, 23, 59).getTime(), now)).toBe(0);
  expect(daysLeft(new Date(2026, 10, 20).getTime(), now)).toBe(0);
});

test('a text is measured as the server measures it', () => {
  expect(bytesOf('申诉')).toBe(6);
});
