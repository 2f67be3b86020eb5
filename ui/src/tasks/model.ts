// Tasks on a board: in which column each stands, by when it is to be done, whose it is. Pure.
import { dueKind } from '../components/case/due';
import { limitOf } from '../components/ways/ways';
import { idOf, type SearchParams } from '../fhir/client';
import { parseTime } from '../fhir/time';
import type { Task } from '../fhir/types';

export const kColumns = ['waiting', 'doing', 'held', 'done'] as const;
export type ColumnId = (typeof kColumns)[number];

/** What each column asks for: open ones the oldest first, so that what is late is among them; of those that are over what ended since `dayStart`. */
export function askedFor(column: ColumnId, dayStart: string): SearchParams {
  if (column === 'done') return [['status', 'completed,failed,cancelled'], ['_lastUpdated', 'ge' + dayStart], ['_sort', '-_lastUpdated']];
  const status = { waiting: 'requested,received,ready', doing: 'accepted,in-progress', held: 'on-hold' }[column];
  return [['status', status], ['_sort', 'authored-on']];
}

/** By when: what the task says, else the limit of its state. */
export const dueOfTask = (task: Task): number | null => parseTime(task.restriction?.period?.end) ?? limitOf(task);

/** Overdue first, then what falls due soonest; without a limit the oldest first. */
export function inOrder(tasks: readonly Task[]): Task[] {
  return [...tasks].sort((a, b) => (dueOfTask(a) ?? Infinity) - (dueOfTask(b) ?? Infinity) || (parseTime(a.authoredOn) ?? 0) - (parseTime(b.authoredOn) ?? 0) || (a.id ?? '').localeCompare(b.id ?? ''));
}

export const lateAmong = (tasks: readonly Task[], nowMs: number): number => tasks.filter((task) => dueKind(dueOfTask(task), nowMs) === 'late').length;
export const personOf = (task: Task): string | null => idOf('Patient', task.for?.reference);
export const kindOf = (task: Task): string => task.code?.text ?? task.code?.coding?.[0]?.display ?? task.code?.coding?.[0]?.code ?? '';

/** Is it mine: by my record, or by my account. */
export const isMine = (task: Task, me: { account: string; record?: string }): boolean => (me.record !== undefined && task.owner?.reference === me.record) || task.owner?.identifier?.value === me.account;
