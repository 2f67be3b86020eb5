// Tasks as somebody outdoors needs them: when each is due, who and where, how far, in which order. Pure; the clock is given.
// Of every kind: which workflow governs a task, and what it may do next, the server says (ways.ts).
// Source: the time limit is the workflow's mark (kernel/workflow/mark.h), else Task.restriction.period.end.
import { areaOf } from '../fhir/person';
import { idOf } from '../fhir/client';
import { dayOf, parseTime } from '../fhir/time';
import { kAccountSystem, type Identifier, type Patient, type Resource, type Task } from '../fhir/types';
import { metresBetween, type Point } from '../components/map/shapes';

export const kOpenStatus = ['requested', 'received', 'ready', 'accepted', 'in-progress', 'on-hold'];
export const kFilters = ['open', 'late', 'mine', 'done'] as const;
export type Filter = (typeof kFilters)[number];
export const kSoonMs = 3_600_000;
const kMarkUrl = 'http://tongkang.dev/fhir/StructureDefinition/workflow';
const kGeoUrl = 'http://hl7.org/fhir/StructureDefinition/geolocation';

interface Nested {
  url: string;
  extension?: Nested[];
  valueInstant?: string;
  valueInteger?: number;
  valueDecimal?: number;
}
interface Address {
  text?: string;
  line?: string[];
  district?: string;
  city?: string;
  extension?: Nested[];
}
export interface Person extends Patient {
  address?: Address[];
  telecom?: { system?: string; value?: string; period?: { end?: string } }[];
}
/** A task with whom it is about: what one row is made from, and what is kept for a day without network. */
export interface Met {
  task: Task;
  person: Person | null; // null: there is none, or this post does not see him
}

export interface Row extends Met {
  id: string;
  title: string;
  open: boolean;
  mine: boolean;
  dueMs: number | null;
  doneMs: number | null;
  address: string;
  area: { code: string; name: string } | null;
  phone: string;
  at: Point | null; // where the person lives, if the address says so
}

/**
 * The next time limit that stands in the record: of the state that it is in; before the first step also the one that it was raised with. One that has fired and
 * has none behind it stays what was due.
 */
export function dueOf(task: Resource): number | null {
  const mark = (task.extension as Nested[] | undefined)?.find((e) => e.url === kMarkUrl)?.extension ?? [];
  const due = mark.filter((e) => e.url === 'due').map((e) => parseTime(e.valueInstant));
  const passed = mark.find((e) => e.url === 'passed')?.valueInteger ?? 0;
  const next = due[passed] ?? due.at(-1) ?? null;
  const raised = parseTime((task as Task).restriction?.period?.end);
  if (next === null || raised === null || mark.some((e) => e.url === 'transition')) return next ?? raised;
  return Math.min(next, raised);
}

export function addressOf(person: Person | null): string {
  const one = person?.address?.[0];
  return one?.text ?? [one?.city, one?.district, ...(one?.line ?? [])].filter(Boolean).join('');
}

function placeOf(person: Person | null): Point | null {
  const geo = person?.address?.flatMap((a) => a.extension ?? []).find((e) => e.url === kGeoUrl)?.extension;
  const of = (name: string): number | undefined => geo?.find((e) => e.url === name)?.valueDecimal;
  const [latitude, longitude] = [of('latitude'), of('longitude')];
  return latitude === undefined || longitude === undefined ? null : [longitude, latitude];
}

/** A number that is still in use and not masked; "" otherwise. */
function phoneOf(person: Person | null): string {
  const phone = person?.telecom?.find((t) => (t.system === 'phone' || t.system === undefined) && t.period?.end === undefined)?.value ?? '';
  return /^[+\d][\d -]{5,}$/.test(phone) ? phone.replace(/[ -]/g, '') : '';
}

export function rowOf({ task, person }: Met, account: string): Row {
  const owner: Identifier | undefined = task.owner?.identifier;
  const open = kOpenStatus.includes(task.status);
  return {
    task,
    person,
    id: task.id ?? '',
    title: task.code?.text ?? task.code?.coding?.[0]?.display ?? task.description ?? '',
    open,
    mine: owner?.system === kAccountSystem && owner.value === account,
    dueMs: open ? dueOf(task) : null,
    doneMs: open ? null : (parseTime(task.lastModified) ?? parseTime(task.meta?.lastUpdated)),
    address: addressOf(person),
    area: areaOf(person ?? undefined) ?? areaOf(task),
    phone: phoneOf(person),
    at: placeOf(person),
  };
}

export const personIdOf = (task: Task): string | null => idOf('Patient', task.for?.reference);
const isLate = (row: Row, nowMs: number): boolean => row.open && row.dueMs !== null && row.dueMs < nowMs;

export function inFilter(row: Row, filter: Filter, nowMs: number): boolean {
  if (filter === 'open') return row.open;
  if (filter === 'late') return isLate(row, nowMs);
  if (filter === 'mine') return row.open && row.mine;
  return !row.open && row.doneMs !== null && dayOf(row.doneMs) === dayOf(nowMs);
}

export const kGroups = ['late', 'today', 'later', 'done'] as const;
export type GroupName = (typeof kGroups)[number];
/** A row with its number: the same on the map and in the list. */
export interface Numbered {
  n: number;
  row: Row;
  metres: number | null;
}

function groupOf(row: Row, nowMs: number): GroupName {
  if (!row.open) return 'done';
  if (isLate(row, nowMs)) return 'late';
  return row.dueMs !== null && dayOf(row.dueMs) === dayOf(nowMs) ? 'today' : 'later';
}

const kFar = Number.MAX_SAFE_INTEGER;

/** Late ones first, from near to far where `here` is known; then what is due today, by time; then the rest. What is done: latest first. */
export function groupsOf(rows: readonly Row[], nowMs: number, here: Point | null): { name: GroupName; rows: Numbered[] }[] {
  const metres = (row: Row): number | null => (here && row.at ? metresBetween(here, row.at) : null);
  const due = (row: Row): number => (row.open ? (row.dueMs ?? kFar) : -(row.doneMs ?? 0));
  let n = 0;
  return kGroups.flatMap((name) => {
    const mine = rows.filter((row) => groupOf(row, nowMs) === name).map((row) => ({ row, metres: metres(row) }));
    mine.sort((a, b) => (name === 'late' ? (a.metres ?? kFar) - (b.metres ?? kFar) : 0) || due(a.row) - due(b.row) || a.row.id.localeCompare(b.row.id));
    return mine.length === 0 ? [] : [{ name, rows: mine.map((one) => ({ n: (n += 1), ...one })) }];
  });
}

/** How a time limit is said: over it, within the hour, or later. */
export function urgencyOf(row: Row, nowMs: number): 'late' | 'soon' | 'far' | 'none' {
  if (row.dueMs === null) return 'none';
  if (row.dueMs < nowMs) return 'late';
  return row.dueMs - nowMs <= kSoonMs ? 'soon' : 'far';
}

/** 2 hours 10 minutes, in whole minutes. */
export const hoursAndMinutes = (ms: number): { hours: number; minutes: number } => {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  return { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
};
