// The figures of a day as the program tells them: by area, the whole city last. Pure, but for the two questions at the end.
import { asFailure } from '@tk/fhir/http';
import { dayOf } from '@tk/fhir/time';
import { http } from '@tk/shell/session';

export interface AreaFigures {
  code: string;
  name: string;
  screener: number;
  self: number;
  organization: number;
  fever: number;
  opened: number;
  closed: number;
  open: number;
}

export interface Report {
  day: string;
  made: string;
}

export const readingsOf = (a: AreaFigures): number => a.screener + a.self + a.organization;

/** Areas by fevers, then by readings; the city apart, which the program tells last. */
export function arrange(areas: AreaFigures[]): { areas: AreaFigures[]; city: AreaFigures | null } {
  const city = areas.at(-1) ?? null;
  const below = areas.slice(0, -1).sort((a, b) => b.fever - a.fever || readingsOf(b) - readingsOf(a) || a.code.localeCompare(b.code));
  return { areas: below, city };
}

/** `day` moved by a number of days: 2026-03-01 and -1 is 2026-02-28. */
export function moved(day: string, by: number): string {
  const [y = 0, m = 1, d = 1] = day.split('-').map(Number);
  return dayOf(new Date(y, m - 1, d + by, 12).getTime());
}

/** A day of the calendar, not later than today; else today. */
export function dayAsked(asked: string, today: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) && moved(asked, 0) === asked && asked <= today ? asked : today;
}

export async function askFigures(day: string, signal: AbortSignal): Promise<AreaFigures[]> {
  return (await http.send<{ areas: AreaFigures[] }>('GET', `/app/screening/statistics?day=${day}`, { signal })).body?.areas ?? [];
}

/** null: it has not been made. */
export async function askReport(day: string, signal: AbortSignal): Promise<Report | null> {
  try {
    return (await http.send<Report>('GET', `/app/screening/daily?day=${day}`, { signal })).body;
  } catch (e) {
    if (asFailure(e).kind === 'missing') return null;
    throw e;
  }
}

export const makeReport = async (day: string): Promise<Report | null> => (await http.send<Report>('POST', `/app/screening/daily?day=${day}`)).body;
