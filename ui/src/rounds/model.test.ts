import { expect, test } from 'vitest';
import type { Task } from '../fhir/types';
import { dueOf, groupsOf, hoursAndMinutes, inFilter, type Person, rowOf, urgencyOf } from './model';

const kNow = Date.parse('2026-11-24T09:00:00+08:00');
const at = (minutes: number): string => new Date(kNow + minutes * 60_000).toISOString();
const task = (id: string, minutes: number, more: Partial<Task> = {}): Task => ({ resourceType: 'Task', id, status: 'requested', intent: 'order', restriction: { period: { end: at(minutes) } }, ...more });
const lives = (longitude: number): Person => ({
  resourceType: 'Patient',
  telecom: [{ system: 'phone', value: '1990000 1234' }],
  address: [{ text: '云桥里 3 栋', extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/geolocation', extension: [{ url: 'latitude', valueDecimal: 31.5 }, { url: 'longitude', valueDecimal: longitude }] }] }],
});
const mark = (...parts: object[]): Pick<Task, 'extension'> => ({ extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/workflow', extension: parts }] as unknown as Task['extension'] });

test('the next time limit is that of the state, once somebody has taken the task', () => {
  const due = { url: 'due', valueInstant: at(90) };
  expect(dueOf(task('a', -5))).toBe(kNow - 5 * 60_000);
  expect(dueOf(task('a', -5, mark(due)))).toBe(kNow - 5 * 60_000);
  expect(dueOf(task('a', -5, mark(due, { url: 'transition', valueCode: 'accept' })))).toBe(kNow + 90 * 60_000);
  expect(dueOf(task('a', 900, mark(due, { url: 'due', valueInstant: at(200) }, { url: 'passed', valueInteger: 1 }, { url: 'transition', valueCode: 'x' })))).toBe(kNow + 200 * 60_000);
  expect(dueOf(task('a', 900, mark(due, { url: 'passed', valueInteger: 1 }, { url: 'transition', valueCode: 'x' })))).toBe(kNow + 90 * 60_000);
});

test('late ones come first, from near to far where one knows where one is; numbers go on through the groups', () => {
  const rows = [
    rowOf({ task: task('far', -10), person: lives(124.3) }, 'me'),
    rowOf({ task: task('near', -5), person: lives(124.21) }, 'me'),
    rowOf({ task: task('soon', 30), person: null }, 'me'),
    rowOf({ task: task('later', 3 * 1440), person: null }, 'me'),
    rowOf({ task: task('done', 0, { status: 'completed', lastModified: at(-3) }), person: null }, 'me'),
  ];
  const ids = (here: [number, number] | null): string => groupsOf(rows, kNow, here).map((g) => `${g.name}: ${g.rows.map((r) => `${r.n} ${r.row.id}`).join(', ')}`).join(' | ');
  expect(ids(null)).toBe('late: 1 far, 2 near | today: 3 soon | later: 4 later | done: 5 done');
  expect(ids([124.2, 31.5])).toBe('late: 1 near, 2 far | today: 3 soon | later: 4 later | done: 5 done');
  expect(groupsOf(rows, kNow, [124.2, 31.5])[0]?.rows[0]?.metres).toBeCloseTo(948, 0);
  expect(rows.map((r) => urgencyOf(r, kNow))).toEqual(['late', 'late', 'soon', 'far', 'none']);
});

test('which of them a counter holds', () => {
  const mine = rowOf({ task: task('a', 5, { status: 'accepted', owner: { identifier: { system: 'http://tongkang.dev/fhir/sid/account', value: 'me' } } }), person: null }, 'me');
  const done = rowOf({ task: task('b', 5, { status: 'completed', lastModified: at(-5) }), person: null }, 'me');
  expect([inFilter(mine, 'open', kNow), inFilter(mine, 'mine', kNow), inFilter(mine, 'late', kNow), inFilter(mine, 'done', kNow)]).toEqual([true, true, false, false]);
  expect([inFilter(done, 'open', kNow), inFilter(done, 'mine', kNow), inFilter(done, 'done', kNow)]).toEqual([false, false, true]);
});

test('a number that is masked is not offered for calling', () => {
  expect(rowOf({ task: task('a', 5), person: lives(124.2) }, 'me').phone).toBe('19900001234');
  expect(rowOf({ task: task('a', 5), person: { resourceType: 'Patient', telecom: [{ system: 'phone', value: '199****1234' }] } }, 'me').phone).toBe('');
  expect(hoursAndMinutes(-130 * 60_000)).toEqual({ hours: 2, minutes: 10 });
});
