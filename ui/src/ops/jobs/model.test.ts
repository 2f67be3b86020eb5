import { expect, test } from 'vitest';
import { failedOf, linesOf, wordsOf } from './model';

test('lines that say the same stand once, with how often', () => {
  const line = (at: string, event: string, more: object): never => ({ at, level: 'warning', event, ...more }) as never;
  const told = linesOf([line('3', 'rules', { what: 'a' }), line('2', 'rules', { what: 'a' }), line('1', 'rules', { what: 'b', step: 2 }), line('0', 'rules', { what: 'a' })]);
  expect(told.map(({ at, text, times }) => [at, text, times])).toEqual([['3', 'a', 2], ['1', 'b　step: 2', 1], ['0', 'a', 1]]);
});

test('what was done and what failed', () => {
  expect(wordsOf({ t: 4, fired: 2, made: 0, failed: 1, late_s_max: 0 })).toEqual([['fired', 2], ['made', 0]]);
  expect(failedOf({ t: 1, told: [], rules: { t: 1, failed: 2, too_deep: 1 }, limits: { t: 1, failed: 3 } })).toBe(6);
});
