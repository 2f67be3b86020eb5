// The open tasks that this post sees and those that were done today, with whom they are about; read anew when something changes.
// Limits: kPagesMax pages of kPageSize; `more` says that there are further ones.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { asFailure, type Failure } from '../fhir/http';
import { dayOf } from '../fhir/time';
import type { Task } from '../fhir/types';
import { useLive } from '../live/use_live';
import { fhir, useSession } from '../shell/session';
import { kOpenStatus, type Met, type Person, personIdOf, type Row, rowOf } from './model';

const kPageSize = 200;
const kPagesMax = 5;
const kIdsAtOnce = 100;
const kTypes = ['Task'] as const;
const kSettleMs = 400; // several changes at once are one reading

export interface Tasks {
  met: Met[];
  more: boolean;
}

async function personsOf(tasks: readonly Task[], signal?: AbortSignal): Promise<Map<string, Person>> {
  const ids = [...new Set(tasks.map(personIdOf).filter((id): id is string => id !== null))];
  const found = new Map<string, Person>();
  for (let i = 0; i < ids.length; i += kIdsAtOnce) {
    const page = await fhir.search<Person>('Patient', [['_id', ids.slice(i, i + kIdsAtOnce).join(',')], ['_count', String(kIdsAtOnce)]], signal);
    for (const person of page.items) if (person.id) found.set(person.id, person);
  }
  return found;
}

const metOf = (tasks: readonly Task[], persons: Map<string, Person>): Met[] =>
  tasks.map((task) => ({ task, person: persons.get(personIdOf(task) ?? '') ?? null }));

export async function askTasks(signal?: AbortSignal): Promise<Tasks> {
  const tasks: Task[] = [];
  const begun = new Date(`${dayOf(Date.now())}T00:00:00`).toISOString();
  let page = await fhir.search<Task>('Task', [['status', kOpenStatus.join(',')], ['_sort', '_lastUpdated'], ['_count', String(kPageSize)]], signal);
  tasks.push(...page.items);
  for (let n = 1; page.next !== null && n < kPagesMax; n += 1) {
    page = await fhir.page<Task>(page.next, signal);
    tasks.push(...page.items);
  }
  const done = await fhir.search<Task>('Task', [['status', 'completed,failed'], ['_lastUpdated', `ge${begun}`], ['_count', String(kPageSize)]], signal);
  const all = [...tasks, ...done.items].filter((task) => personIdOf(task) !== null);
  return { met: metOf(all, await personsOf(all, signal)), more: page.next !== null || done.next !== null };
}

/** One task that a link led to. */
export async function askTask(id: string, signal?: AbortSignal): Promise<Met> {
  const task = await fhir.read<Task>('Task', id, signal);
  return metOf([task], await personsOf([task], signal))[0] ?? { task, person: null };
}

export interface TasksView {
  rows: Row[];
  loaded: boolean;
  more: boolean;
  failure: Failure | null;
  atMs: number; // of what is shown
  again: () => void;
}

export function useTasks(): TasksView {
  const session = useSession();
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useQuery({ queryKey: ['rounds', session.account], queryFn: ({ signal }) => askTasks(signal) });
  const again = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void queries.invalidateQueries({ queryKey: ['rounds'] }), kSettleMs);
  };
  useLive(kTypes, { onChange: again, onSync: again });
  const rows = useMemo(() => (asked.data?.met ?? []).map((met) => rowOf(met, session.account)), [asked.data, session.account]);
  return {
    rows,
    loaded: asked.data !== undefined,
    more: asked.data?.more ?? false,
    failure: asked.error ? asFailure(asked.error) : null,
    atMs: asked.dataUpdatedAt,
    again: () => void asked.refetch(),
  };
}
