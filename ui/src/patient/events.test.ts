import { describe, expect, test } from 'vitest';
import type { Resource } from '../fhir/types';
import { eventsIn, type HistoryEvent, lanesOf, placeOnAxis } from './events';

const made = (type: string, id: string, rest: object): Resource => ({ resourceType: type, id, ...rest }) as Resource;
const kDay = 86_400_000;

describe('the timeline', () => {
  test('newest first, each with its institution: by name, by the Organization that came along, by its visit', () => {
    const all = [
      made('Organization', 'o1', { name: '市第一人民医院' }),
      made('Encounter', 'e1', { status: 'finished', class: { code: 'IMP' }, type: [{ text: '住院' }], period: { start: '2026-09-15', end: '2026-09-22' }, serviceProvider: { reference: 'Organization/o1' } }),
      made('Immunization', 'i1', { status: 'completed', vaccineCode: { text: '流感疫苗' }, occurrenceDateTime: '2026-10-28T09:50:00Z', performer: [{ actor: { reference: 'Organization/o9', display: '柳溪社区中心' } }] }),
      made('Procedure', 'p1', { status: 'completed', code: { text: '支气管镜' }, performedDateTime: '2026-09-16', encounter: { reference: 'Encounter/e1' } }),
      made('Encounter', 'e2', { status: 'cancelled', period: { start: '2026-11-01' } }),
    ];
    expect(eventsIn(all).map((e) => [e.kind, e.title, e.place])).toEqual([
      ['shot', '流感疫苗', '柳溪社区中心'],
      ['procedure', '支气管镜', '市第一人民医院'],
      ['stay', '住院', '市第一人民医院'],
    ]);
  });

  test('a person who measured is no institution', () => {
    const all = [made('Observation', 'a', { status: 'final', code: { text: '体温' }, effectiveDateTime: '2026-11-20T01:00:00Z', valueQuantity: { value: 37.6, unit: '°C' }, performer: [{ reference: 'Practitioner/x', display: '林晓云' }] })];
    expect(eventsIn(all)).toMatchObject([{ kind: 'reading', title: '体温 37.6 °C', place: '' }]);
  });

  test('what a report lists stands in the report; loose readings of a day and place are one line', () => {
    const reading = (id: string, at: string): Resource => made('Observation', id, { status: 'final', code: { text: id }, effectiveDateTime: at, valueQuantity: { value: 1, unit: 'x' } });
    const all = [reading('a', '2026-11-20T01:00:00Z'), reading('b', '2026-11-20T02:00:00Z'), reading('c', '2026-11-18T02:00:00Z'), made('DiagnosticReport', 'r', { status: 'final', code: { text: '血常规' }, effectiveDateTime: '2026-11-18', result: [{ reference: 'Observation/c' }] })];
    const events = eventsIn(all);
    expect(events.map((e) => [e.kind, e.count])).toEqual([['reading', 2], ['test', 1]]);
  });

  test('an alert that stands is marked, one that is over is not', () => {
    const flag = (id: string, status: string): Resource => made('Flag', id, { status, code: { text: '密切接触者' }, period: { start: '2026-11-16' } });
    expect(eventsIn([flag('a', 'active'), flag('b', 'inactive')]).map((e) => e.severe)).toEqual([true, false]);
  });
});

const event = (place: string, n = 0): HistoryEvent => ({ id: place + n, kind: 'visit', atMs: n, endMs: null, title: '', detail: '', place, severe: false, count: 1 });

test('one lane an institution; those beyond, and what names none, share the last', () => {
  expect(lanesOf(['a', 'b', 'a'].map(event), 3).map((l) => [l.place, l.events.length])).toEqual([['a', 2], ['b', 1]]);
  expect(lanesOf(['a', 'b', 'c', 'd'].map(event), 3).map((l) => [l.place, l.events.length])).toEqual([['a', 1], ['b', 1], ['', 2]]);
  expect(lanesOf(['a', ''].map(event), 3).map((l) => l.place)).toEqual(['a', '']);
});

test('the axis is a year with its last two weeks magnified', () => {
  const now = 1_000 * kDay;
  expect(placeOnAxis(now, now)).toBe(1);
  expect(placeOnAxis(now + kDay, now)).toBe(1);
  expect(placeOnAxis(now - 14 * kDay, now)).toBeCloseTo(0.56);
  expect(placeOnAxis(now - 365 * kDay, now)).toBeCloseTo(0);
  expect(placeOnAxis(now - 366 * kDay, now)).toBeNull();
});
