// What a resident reports of himself, and the follow-ups that came of it. Pure but for the one question.
// Source: apps/screening/entries.cpp (POST /app/screening/self); workflows/follow-up.json
import { parseTime } from '@tk/fhir/time';
import type { Task } from '@tk/fhir/types';
import { fhir } from '@tk/shell/session';
import type { Symptom } from '../screening';

/** "36.6", "36,6", "366", "37": in tenths of a degree; null for what is no number. */
export function tenthsIn(text: string): number | null {
  const said = text.trim().replace(/[,，。．]/, '.');
  if (/^\d{3}$/.test(said)) return Number(said);
  if (!/^\d{2}(\.\d{1,2})?$/.test(said)) return null;
  return Math.round(Number(said) * 10);
}

export function bodyOf(id: string, tenths: number | null, symptoms: readonly Symptom[], atMs: number): object {
  return { id, ...(tenths === null ? {} : { temperature: tenths / 10 }), symptoms: [...symptoms], when: new Date(atMs).toISOString() };
}

const kStates = ['requested', 'accepted', 'in-progress', 'on-hold', 'completed', 'cancelled'];
const kOver = ['completed', 'cancelled', 'failed', 'rejected', 'entered-in-error'];

export interface FollowUp {
  id: string;
  code: string; // a word's key
  status: string; // a word's key
  over: boolean;
  madeMs: number | null;
  dueMs: number | null; // while it waits to be taken
}

export function followUpOf(task: Task): FollowUp {
  const code = task.code?.coding?.[0]?.code ?? '';
  return {
    id: task.id ?? '',
    code: code === 'fever-follow-up' ? code : 'other',
    status: kStates.includes(task.status) ? task.status : 'other',
    over: kOver.includes(task.status),
    madeMs: parseTime(task.authoredOn),
    dueMs: task.status === 'requested' ? parseTime(task.restriction?.period?.end) : null,
  };
}

const kCount = 20;

/** His own, the newest first: the program gives a resident no other. */
export async function askFollowUps(signal: AbortSignal): Promise<FollowUp[]> {
  const page = await fhir.search<Task>('Task', [['_sort', '-authored-on'], ['_count', String(kCount)]], signal);
  return page.items.map(followUpOf);
}
