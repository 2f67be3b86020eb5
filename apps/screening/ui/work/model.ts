// The follow-up list as facts: what a row says, which rows a counter holds, what may be done with a task.
// Pure; the clock is given. Times are ms of the program's clock.
import { areaOf } from '@tk/fhir/person';
import { dayOf, parseTime } from '@tk/fhir/time';
import { idOf } from '@tk/fhir/client';
import { kAccountSystem, kRuleUrl, type Observation, type Patient, type Task } from '@tk/fhir/types';
import { temperatureIn } from '../screening';

export const kOpenStatus = ['requested', 'received', 'ready', 'accepted', 'in-progress', 'on-hold'];
const kWaitingStatus = ['requested', 'received', 'ready'];
export const kFilters = ['open', 'requested', 'overdue', 'done'] as const;
export type Filter = (typeof kFilters)[number];

/** Due within this is said in amber, with a clock. */
export const kSoonMs = 3_600_000;

export interface Rule {
  id: string;
  version: string;
}

export interface Row {
  id: string;
  task: Task;
  patient: Patient | null | undefined; // undefined: not read yet; null: not visible
  reading: Observation | null | undefined;
  value: number | null;
  rule: Rule | null;
  area: string | null;
  raisedMs: number | null;
  dueMs: number | null;
  changedMs: number | null;
}

/** "screening.fever|2" in the extension of the task. */
export function ruleOf(task: Task): Rule | null {
  const text = task.extension?.find((e) => e.url === kRuleUrl)?.valueString ?? '';
  const [id, version] = text.split('|');
  return id ? { id, version: version ?? '' } : null;
}

/** This list is of the tasks that the rules of this app raised. */
export function isOurs(task: Task): boolean {
  return ruleOf(task)?.id.startsWith('screening.') ?? false;
}

export function patientIdOf(task: Task): string | null {
  return idOf('Patient', task.for?.reference);
}

export function readingIdOf(task: Task): string | null {
  return idOf('Observation', task.reasonReference?.reference) ?? idOf('Observation', task.focus?.reference);
}

export function rowOf(task: Task, patient: Patient | null | undefined, reading: Observation | null | undefined): Row {
  return {
    id: task.id ?? '',
    task,
    patient,
    reading,
    value: temperatureIn(reading ?? undefined),
    rule: ruleOf(task),
    area: (areaOf(patient ?? undefined) ?? areaOf(task))?.name ?? null,
    raisedMs: parseTime(task.authoredOn),
    dueMs: parseTime(task.restriction?.period?.end),
    changedMs: parseTime(task.lastModified) ?? parseTime(task.meta?.lastUpdated),
  };
}

export const isOpen = (t: Task): boolean => kOpenStatus.includes(t.status);
export const isWaiting = (t: Task): boolean => kWaitingStatus.includes(t.status);
const isLate = (r: Row, nowMs: number): boolean => isOpen(r.task) && r.dueMs !== null && r.dueMs < nowMs;

function doneToday(r: Row, nowMs: number): boolean {
  return r.task.status === 'completed' && r.changedMs !== null && dayOf(r.changedMs) === dayOf(nowMs);
}

export function inFilter(r: Row, filter: Filter, nowMs: number): boolean {
  if (filter === 'open') return isOpen(r.task);
  if (filter === 'requested') return isWaiting(r.task);
  if (filter === 'overdue') return isLate(r, nowMs);
  return doneToday(r, nowMs);
}

/** Open tasks by their time limit, those without one last; finished ones by when, latest first. */
export function sortRows(rows: Row[], filter: Filter): Row[] {
  const far = Number.MAX_SAFE_INTEGER;
  const key = (r: Row): number => (filter === 'done' ? -(r.changedMs ?? 0) : (r.dueMs ?? far));
  return [...rows].sort((a, b) => key(a) - key(b) || (a.raisedMs ?? 0) - (b.raisedMs ?? 0) || a.id.localeCompare(b.id));
}

export interface Counters {
  open: number;
  soon: number;
  requested: number;
  oldestWaitMs: number | null;
  overdue: number;
  longestLateMs: number | null;
  done: number;
  medianDoneMs: number | null;
}

export function countRows(rows: Row[], nowMs: number): Counters {
  const open = rows.filter((r) => isOpen(r.task));
  const late = open.filter((r) => isLate(r, nowMs));
  const waiting = open.filter((r) => isWaiting(r.task));
  const done = rows.filter((r) => doneToday(r, nowMs));
  const took = done.flatMap((r) => (r.raisedMs !== null && r.changedMs !== null ? [r.changedMs - r.raisedMs] : []));
  return {
    open: open.length,
    soon: open.filter((r) => r.dueMs !== null && r.dueMs >= nowMs && r.dueMs - nowMs <= kSoonMs).length,
    requested: waiting.length,
    oldestWaitMs: least(waiting.flatMap((r) => (r.raisedMs === null ? [] : [r.raisedMs]))),
    overdue: late.length,
    longestLateMs: late.length > 0 ? nowMs - (least(late.map((r) => r.dueMs ?? nowMs)) ?? nowMs) : null,
    done: done.length,
    medianDoneMs: median(took),
  };
}

function least(values: number[]): number | null {
  return values.length > 0 ? Math.min(...values) : null;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export type DueKind = 'late' | 'soon' | 'far' | 'none';

export function dueOf(dueMs: number | null, nowMs: number): { kind: DueKind; ms: number } {
  if (dueMs === null) return { kind: 'none', ms: 0 };
  const ms = dueMs - nowMs;
  return { kind: ms < 0 ? 'late' : ms <= kSoonMs ? 'soon' : 'far', ms };
}

export interface Actor {
  account: string;
  display: string;
}

/** Who holds the task: the signed-in account, somebody else, or nobody. */
export function ownerOf(task: Task, me: Actor): { mine: boolean; name: string } | null {
  if (!task.owner) return null;
  const id = task.owner.identifier;
  const mine = id?.system === kAccountSystem && id.value === me.account;
  return { mine, name: task.owner.display ?? id?.value ?? '' };
}

export const kOutcomes = ['referred', 'home', 'remeasured', 'error', 'unreachable', 'other'] as const;
export type Outcome = (typeof kOutcomes)[number];

/** What is asked of the server: a way of the workflow (workflows/follow-up.json), which signs and dates it itself. */
export interface Move {
  code: string;
  reason: string;
  inputs: Record<string, string>;
}

export const kAccept: Move = { code: 'accept', reason: '', inputs: {} };

export function closing(outcome: Outcome, words: string, note: string): Move {
  return { code: 'close', reason: note ? `${words}：${note}` : words, inputs: { outcome } };
}
