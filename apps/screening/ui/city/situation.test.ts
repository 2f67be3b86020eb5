import { expect, test } from 'vitest';
import type { Patient, Task } from '@tk/fhir/types';
import type { AreaFigures } from './figures';
import { dotsIn, flatten, holds, kBoundaryUrl, ringsOf } from '@tk/components/map/shapes';
import { searchBehind } from './situation_ask';
import { barsOf, countiesOf, countyOf, daysUntil, dueOf, lateOf, queueOf, scaleOf, withinArea } from './situation_model';

const area = (code: string, change: Partial<AreaFigures> = {}): AreaFigures => ({ code, name: code, screener: 0, self: 0, organization: 0, fever: 0, opened: 0, closed: 0, open: 0, ...change });
const task = (id: string, change: Partial<Task> = {}): Task => ({ resourceType: 'Task', id, status: 'requested', intent: 'order', ...change });
const kNow = Date.parse('2026-11-24T12:00:00Z');

test('the days end with the one that is asked for', () => {
  expect(daysUntil('2026-03-02', 3)).toEqual(['2026-02-28', '2026-03-01', '2026-03-02']);
});

test('a day that is not told yet is no day without fevers', () => {
  const bars = barsOf([{ day: '1', areas: undefined }, { day: '2', areas: [area('', { fever: 2, self: 9 })] }]);
  expect(bars).toEqual([{ day: '1', fever: null, readings: null }, { day: '2', fever: 2, readings: 9 }]);
});

test('scales are even, begin at zero and hold the most', () => {
  expect(scaleOf(1).steps).toEqual([0, 1]);
  expect(scaleOf(11).steps).toEqual([0, 5, 10, 15]);
  for (const most of [1, 3, 4, 5, 17, 80, 99, 1234]) {
    const { top, steps } = scaleOf(most);
    expect(top).toBeGreaterThanOrEqual(most);
    expect(steps.length).toBeLessThanOrEqual(5);
  }
});

test('counties by rate of the last seven days; who had no readings has no rate and stands last', () => {
  const day = (fever: number): AreaFigures[] => [area('a', { screener: 100, fever }), area('b', { self: 10, fever: 1 }), area('c'), area('', { screener: 110, fever: fever + 1 })];
  const told = Array.from({ length: 14 }, (_, i) => ({ day: String(i), areas: day(i < 7 ? 0 : 2) }));
  const { counties, cityRate } = countiesOf([area('a', { fever: 5 }), area('b'), area('c'), area('')], told);
  expect(counties.map((c) => [c.code, c.rate, c.before])).toEqual([['b', 100, 100], ['a', 20, 0], ['c', null, null]]);
  expect(cityRate).toBeCloseTo((3 / 110) * 1000);
  expect(counties[1]?.days.slice(6, 8)).toEqual([0, 2]);
});

test('records of a county are those whose person lives in it; of whom nothing is known, in none', () => {
  const person = (id: string, code: string): Patient => ({ resourceType: 'Patient', id, meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code }] } });
  const persons = new Map([['1', person('1', '380102001')], ['2', person('2', '380103')]]);
  const items = [task('x', { for: { reference: '1' } }), task('y', { for: { reference: '2' } }), task('z')];
  const of = (t: Task): string | null => t.for?.reference ?? null;
  expect(withinArea(items, of, persons, '380102').map((t) => t.id)).toEqual(['x']);
  expect(withinArea(items, of, persons, '')).toHaveLength(3);
  expect(countyOf('380102001', new Map([['380102', '清江区']]))).toBe('清江区');
  expect(countyOf('99', new Map([['380102', '清江区']]))).toBe('99');
});

test('the limit of the state comes before that of the whole', () => {
  const state = { url: 'http://tongkang.dev/fhir/StructureDefinition/workflow', extension: [{ url: 'due', valueInstant: '2026-11-24T11:00:00Z' }] };
  const whole = { restriction: { period: { end: '2026-11-24T13:00:00Z' } } };
  expect(dueOf(task('1', { ...whole, extension: [state] }))).toBe(kNow - 3_600_000);
  expect(dueOf(task('2', whole))).toBe(kNow + 3_600_000);
  expect(dueOf(task('3'))).toBeNull();
});

test('the queue: by urgency, then by limit; late work by kind with its longest', () => {
  const until = (hours: number): Partial<Task> => ({ restriction: { period: { end: new Date(kNow + hours * 3_600_000).toISOString() } } });
  const kind = (text: string, system = ''): Partial<Task> => ({ code: { text, coding: [{ system, code: 'x' }] } });
  const rows = queueOf([
    task('1', { priority: 'routine', ...until(-9), ...kind('b') }),
    task('2', { priority: 'urgent', ...until(1), ...kind('a', 'http://tongkang.dev/fhir/CodeSystem/screening-task') }),
    task('3', { priority: 'urgent', ...until(-1), ...kind('a') }),
    task('4', { priority: 'stat', ...kind('c') }),
  ], kNow);
  expect(rows.map((r) => r.id)).toEqual(['4', '3', '2', '1']);
  expect(rows[2]?.app).toBe('screening');
  expect(lateOf(rows, kNow)).toEqual([{ title: 'b', count: 1, longestMs: 9 * 3_600_000 }, { title: 'a', count: 1, longestMs: 3_600_000 }]);
});

test('the list behind a number asks for what the number counts', () => {
  const asked = new Map(searchBehind('fever', '2026-11-24', 37.3));
  expect(asked.get('value-quantity')).toBe('ge37.3|http://unitsofmeasure.org|Cel');
  expect(asked.get('date')).toBe('2026-11-24');
  expect(asked.get('category')?.split(',')).toHaveLength(3);
  expect(new Map(searchBehind('self', '2026-11-24', 37.3)).get('category')).toMatch(/\|self$/);
  expect(new Map(searchBehind('open', '2026-11-24', 37.3)).has('authored-on')).toBe(false);
});

const kSquare = [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]] as [number, number][][];

test('boundaries that cannot be read are none', () => {
  const division = (data: string) => ({ resourceType: 'Location', extension: [{ url: kBoundaryUrl, valueAttachment: { data } }] });
  expect(ringsOf(division(btoa(JSON.stringify({ type: 'Polygon', coordinates: kSquare }))))).toEqual(kSquare);
  expect(ringsOf(division(btoa(JSON.stringify({ type: 'MultiPolygon', coordinates: [kSquare, kSquare] }))))).toHaveLength(2);
  for (const bad of ['!', btoa('{'), btoa('{"type":"Point"}')]) expect(ringsOf(division(bad))).toEqual([]);
  expect(ringsOf({ resourceType: 'Location' })).toEqual([]);
});

test('north is above, and one scale holds both ways', () => {
  const { flat, height } = flatten([{ code: 'a', rings: kSquare }], 100);
  expect(height).toBeCloseTo(100 / Math.cos(Math.PI / 180), 3);
  expect(flat[0]?.rings[0]?.[0]?.[1]).toBeCloseTo(height);
  expect(flatten([], 100)).toEqual({ flat: [], height: 0 });
});

test('dots stand in their area, and the first ones stay when more come', () => {
  const triangle = { code: 'a', path: '', centre: [0, 0] as [number, number], rings: [[[0, 0], [10, 0], [0, 10]]] as [number, number][][] };
  const dots = dotsIn(triangle, 50);
  expect(dots).toHaveLength(50);
  expect(dots.every((d) => holds(triangle.rings, d))).toBe(true);
  expect(dotsIn(triangle, 3)).toEqual(dots.slice(0, 3));
  expect(dotsIn(triangle, 0)).toEqual([]);
});
