import { expect, test } from 'vitest';
import type { Task } from '../fhir/types';
import { askedFor, dueOfTask, inOrder, isMine, kindOf, lateAmong } from './model';

const task = (id: string, more: Partial<Task> = {}): Task => ({ resourceType: 'Task', id, status: 'requested', intent: 'order', ...more });
const due = (end: string): Partial<Task> => ({ restriction: { period: { end } } });
const kNow = Date.parse('2026-11-24T10:00:00Z');

test('overdue first, then soonest; without a limit the oldest', () => {
  const all = [task('d', { authoredOn: '2026-11-23' }), task('c', { authoredOn: '2026-11-22' }), task('b', due('2026-11-24T12:00:00Z')), task('a', due('2026-11-24T08:00:00Z'))];
  expect(inOrder(all).map((one) => one.id)).toEqual(['a', 'b', 'c', 'd']);
  expect(lateAmong(all, kNow)).toBe(1);
});

test('the limit of the state counts where the task says none', () => {
  const mark = { url: 'http://tongkang.dev/fhir/StructureDefinition/workflow', extension: [{ url: 'due', valueInstant: '2026-11-24T09:00:00Z' }] };
  expect([dueOfTask(task('a', { extension: [mark] as never })), dueOfTask(task('b'))]).toEqual([Date.parse('2026-11-24T09:00:00Z'), null]);
});

test('columns ask by state, those that are over by the day; mine is by record or account', () => {
  expect(askedFor('waiting', 'D')[0]).toEqual(['status', 'requested,received,ready']);
  expect(askedFor('done', 'D')).toContainEqual(['_lastUpdated', 'geD']);
  const me = { account: 'li', record: 'Practitioner/1' };
  expect([isMine(task('a', { owner: { reference: 'Practitioner/1' } }), me), isMine(task('a', { owner: { identifier: { value: 'li' } } }), me), isMine(task('a', { owner: { reference: 'Practitioner/2' } }), me), isMine(task('a'), me)]).toEqual([true, true, false, false]);
  expect(kindOf(task('a', { code: { coding: [{ code: 'x', display: '随访' }] } }))).toBe('随访');
});
