import { expect, test } from 'vitest';
import { type AreaFigures, arrange, dayAsked, moved, readingsOf } from './figures';

const area = (code: string, change: Partial<AreaFigures> = {}): AreaFigures => ({ code, name: code, screener: 0, self: 0, organization: 0, fever: 0, opened: 0, closed: 0, open: 0, ...change });

test('areas with fevers first, then the busiest; the city apart', () => {
  const told = [area('1', { screener: 3 }), area('2', { self: 9 }), area('3', { fever: 1 }), area('', { screener: 3, self: 9, fever: 1 })];
  const { areas, city } = arrange(told);
  expect(areas.map((a) => a.code)).toEqual(['3', '2', '1']);
  expect(city && readingsOf(city)).toBe(12);
});

test('no area at all is an empty city', () => {
  expect(arrange([])).toEqual({ areas: [], city: null });
});

test('days move over the ends of months and years', () => {
  expect(moved('2026-03-01', -1)).toBe('2026-02-28');
  expect(moved('2026-12-31', 1)).toBe('2027-01-01');
});

test('a day that is none, or has not come, is today', () => {
  expect(dayAsked('2026-11-20', '2026-11-24')).toBe('2026-11-20');
  for (const bad of ['', '2026-11-25', '2026-02-30', 'x']) expect(dayAsked(bad, '2026-11-24')).toBe('2026-11-24');
});
