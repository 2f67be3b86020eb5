// What works without being asked, as GET /admin/jobs tells it (server/operating.h). Pure.
export const kWorkers = ['rules', 'limits', 'texts'] as const;

/** `t`: up to where it has read the log; the other numbers are since the start. */
export type Worker = { t: number } & Record<string, number>;
/** A line of the program's log. */
export type Line = { at: string; level: string; event: string } & Record<string, unknown>;
export interface Jobs {
  t: number;
  rules?: Worker;
  limits?: Worker;
  texts?: Worker; // where texts are sent
  told: Line[]; // newest first
}

/** How much could not be done. */
export const failedOf = (jobs: Jobs): number => kWorkers.reduce((sum, name) => sum + (jobs[name]?.['failed'] ?? 0) + (jobs[name]?.['too_deep'] ?? 0), 0);

const kBad = new Set(['t', 'failed', 'too_deep']);

/** What it did, in the order in which it is told; how late is told only where something was. */
export function wordsOf(worker: Worker): [string, number][] {
  return Object.entries(worker).filter(([name, count]) => !kBad.has(name) && (name !== 'late_s_max' || count > 0));
}

export interface Trouble {
  key: string;
  at: string;
  level: string;
  event: string;
  text: string;
  times: number;
}

/** Lines that say the same one behind the other are one, with how often; the newest time stands there. */
export function linesOf(lines: readonly Line[]): Trouble[] {
  const troubles: Trouble[] = [];
  for (const { at, level, event, ...rest } of lines) {
    const text = Object.entries(rest).map(([name, value]) => (name === 'what' || name === 'error' ? String(value) : `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)).join('　');
    const last = troubles.at(-1);
    if (last && last.event === event && last.text === text && last.level === level) last.times += 1;
    else troubles.push({ key: `${at} ${event} ${troubles.length}`, at, level, event, text, times: 1 });
  }
  return troubles;
}
