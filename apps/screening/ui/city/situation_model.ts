// The situation as facts: the days that are shown, counties beside one another, tasks past their limit. Pure.
// Rates: readings at the limit among the readings that came in, per thousand; days that are over only, so that a day that goes on pulls no county down.
import { areaOf } from '@tk/fhir/person';
import { parseTime } from '@tk/fhir/time';
import type { Patient, Resource, Task } from '@tk/fhir/types';
import { type AreaFigures, arrange, moved, readingsOf } from './figures';

export const kDaysShown = 14;
export const kWeek = 7;
const kPerThousand = 1000;

export type DayTold = { day: string; areas: AreaFigures[] | undefined };

/** The days up to and with `day`, the oldest first. */
export const daysUntil = (day: string, count = kDaysShown): string[] => Array.from({ length: count }, (_, i) => moved(day, i + 1 - count));

export interface Bar {
  day: string;
  fever: number | null; // null: not told yet
  readings: number | null;
}

export function barsOf(told: readonly DayTold[]): Bar[] {
  return told.map(({ day, areas }) => {
    const { city } = arrange(areas ?? []);
    return { day, fever: city?.fever ?? null, readings: city ? readingsOf(city) : null };
  });
}

/** The smallest of 1, 2, 5 times a power of ten at four steps of which everything has room, and these steps. */
export function scaleOf(most: number): { top: number; steps: number[] } {
  const kSteps = 4;
  let step = 1;
  for (let power = 1; step * kSteps < most; power *= 10) {
    for (const each of [1, 2, 5]) {
      step = each * power;
      if (step * kSteps >= most) break;
    }
  }
  const count = Math.max(1, Math.ceil(most / step));
  return { top: count * step, steps: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

export interface County {
  code: string;
  name: string;
  today: AreaFigures;
  days: (number | null)[]; // readings at the limit, day by day, the last day left out where it goes on
  rate: number | null; // per thousand readings in the last seven days that are over; null without readings
  before: number | null; // in the seven days before these
  fever: number; // in the last seven days
  readings: number;
}

interface Sum {
  fever: number;
  readings: number;
}

function sumOf(told: readonly DayTold[], code: string): Sum {
  const sum = { fever: 0, readings: 0 };
  for (const { areas } of told) {
    const area = areas?.find((a) => a.code === code);
    if (!area) continue;
    sum.fever += area.fever;
    sum.readings += readingsOf(area);
  }
  return sum;
}

const rateOf = (sum: Sum): number | null => (sum.readings === 0 ? null : (sum.fever * kPerThousand) / sum.readings);

/** Counties by rate, the highest first; those without readings last. `told`: the last seven days that are over, and seven before. */
export function countiesOf(shown: AreaFigures[], told: readonly DayTold[]): { counties: County[]; cityRate: number | null } {
  const { areas, city } = arrange(shown);
  const week = told.slice(-kWeek);
  const before = told.slice(-2 * kWeek, -kWeek);
  const counties = areas.map((today): County => {
    const sum = sumOf(week, today.code);
    return {
      code: today.code,
      name: today.name || today.code,
      today,
      days: told.map(({ areas: of }) => (of ? (of.find((a) => a.code === today.code)?.fever ?? 0) : null)),
      rate: rateOf(sum),
      before: rateOf(sumOf(before, today.code)),
      ...sum,
    };
  });
  counties.sort((a, b) => (b.rate ?? -1) - (a.rate ?? -1) || b.today.fever - a.today.fever || a.code.localeCompare(b.code));
  return { counties, cityRate: city ? rateOf(sumOf(week, city.code)) : null };
}

/** Whether a division lies in another: 380102003 in 380102. */
export const liesIn = (code: string, area: string): boolean => area === '' || code.startsWith(area);

/** The name of the county that a division lies in, else its code. */
export function countyOf(code: string, names: ReadonlyMap<string, string>): string {
  for (const [county, name] of names) if (liesIn(code, county)) return name;
  return code;
}

/** Of those who lie in `area`, by the persons that came along; whose person is not among them is nowhere known. */
export function withinArea<T extends Resource>(items: readonly T[], personOf: (item: T) => string | null, persons: ReadonlyMap<string, Patient>, area: string): T[] {
  if (area === '') return [...items];
  return items.filter((item) => {
    const code = areaOf(persons.get(personOf(item) ?? ''))?.code;
    return code !== undefined && liesIn(code, area);
  });
}

const kWorkflowUrl = 'http://tongkang.dev/fhir/StructureDefinition/workflow';
interface Nested {
  url: string;
  valueInstant?: string;
  extension?: Nested[];
}

/** When the state that the task is in has lasted too long; else when it should be done; null: it has no limit. */
export function dueOf(task: Task): number | null {
  const parts = (task.extension as Nested[] | undefined)?.find((e) => e.url === kWorkflowUrl)?.extension;
  return parseTime(parts?.find((p) => p.url === 'due')?.valueInstant) ?? parseTime(task.restriction?.period?.end);
}

export type Level = 'high' | 'caution' | 'notice';
const kLevels: Record<string, Level> = { stat: 'high', asap: 'high', urgent: 'caution' };
const kOrder: Level[] = ['high', 'caution', 'notice'];

export interface QueueRow {
  id: string;
  title: string;
  text: string;
  level: Level;
  app: string; // whose task it is: "screening" of the system …/screening-task; "" if unknown
  status: string;
  dueMs: number | null;
  beganMs: number | null;
  owner: string;
}

export function queueOf(tasks: readonly Task[], nowMs: number): QueueRow[] {
  const rows = tasks.map((task): QueueRow => {
    const coding = task.code?.coding?.[0];
    return {
      id: task.id ?? '',
      title: task.code?.text ?? coding?.display ?? coding?.code ?? '–',
      text: task.reasonCode?.text ?? task.description ?? '',
      level: kLevels[task.priority ?? ''] ?? 'notice',
      app: /\/CodeSystem\/([a-z0-9-]+)-task$/.exec(coding?.system ?? '')?.[1] ?? '',
      status: task.status,
      dueMs: dueOf(task),
      beganMs: parseTime(task.authoredOn),
      owner: task.owner?.display ?? '',
    };
  });
  return rows.sort((a, b) => kOrder.indexOf(a.level) - kOrder.indexOf(b.level) || (a.dueMs ?? Infinity) - (b.dueMs ?? Infinity) || (a.beganMs ?? nowMs) - (b.beganMs ?? nowMs));
}

export interface Late {
  title: string;
  count: number;
  longestMs: number;
}

/** Work past its limit by kind, the longest first. */
export function lateOf(rows: readonly QueueRow[], nowMs: number): Late[] {
  const kinds = new Map<string, Late>();
  for (const { title, dueMs } of rows) {
    if (dueMs === null || dueMs >= nowMs) continue;
    const kind = kinds.get(title) ?? { title, count: 0, longestMs: 0 };
    kinds.set(title, { title, count: kind.count + 1, longestMs: Math.max(kind.longestMs, nowMs - dueMs) });
  }
  return [...kinds.values()].sort((a, b) => b.longestMs - a.longestMs);
}
