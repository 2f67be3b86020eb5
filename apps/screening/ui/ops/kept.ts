// The daily reports that are kept, and the tables that this account has sent: as the program tells them. Pure, but for asking.
import { http } from '@tk/shell/session';
import { moved } from '../city/figures';

export interface Kept {
  reports: { day: string; made: string }[]; // the newest first
  minute: number; // of the day, at which that of the day before is made by itself; negative: never
}
export interface Sent {
  id: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  sent: string;
  kept: boolean; // false: it was only looked at
  rows: number;
  refused: number;
  error?: string;
}

export async function askKept(signal: AbortSignal): Promise<Kept> {
  return (await http.send<Kept>('GET', '/app/screening/daily', { signal })).body ?? { reports: [], minute: -1 };
}

export async function askSent(signal: AbortSignal): Promise<Sent[]> {
  return (await http.send<{ imports: Sent[] }>('GET', '/app/screening/imports', { signal })).body?.imports ?? [];
}

export interface DayRow {
  day: string;
  made: string | null; // null: it has not been made
}

const kDaysMax = 400;

/** Every day from the newest report, or yesterday, down to the oldest one: days without a report stand where they are missing. */
export function daysOf(reports: Kept['reports'], yesterday: string): DayRow[] {
  const made = new Map(reports.map((one) => [one.day, one.made]));
  const oldest = [...made.keys()].sort()[0];
  if (oldest === undefined) return [];
  const newest = [...made.keys()].sort().at(-1) ?? oldest;
  const rows: DayRow[] = [];
  for (let day = newest > yesterday ? newest : yesterday; day >= oldest && rows.length < kDaysMax; day = moved(day, -1)) rows.push({ day, made: made.get(day) ?? null });
  return rows;
}

/** 485 → "08:05". */
export const clockOfMinute = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
