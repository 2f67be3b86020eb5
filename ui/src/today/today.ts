// What needs somebody now, of all businesses: each app tells its own (manifest, parts "today"), the platform adds the tasks. Pure, but for the asking.
import type { FhirClient } from '../fhir/client';
import { asFailure, type Failure } from '../fhir/http';
import type { Session } from '../shell/session';

export interface TodayRow {
  reference: string; // "ContactWatch/1": opens there
  at?: string; // page and record behind this door, where that is not where the reference opens
  what: { 'zh-CN': string; en: string };
  patient: string | null; // id of his record
  dueMs: number | null; // null: no time limit, after all that have one
  grave?: boolean; // of two with the same limit it stands first, with its mark
}
/** What an app's entry for "today" has as its default. At most kOfEachMax rows, those that are most urgent. Throws Failure. */
export type AskToday = (context: { fhir: FhirClient; session: Session; nowMs: number; signal: AbortSignal }) => Promise<TodayRow[]>;

export const kOfEachMax = 50;

/** What is late the longest first, then what falls due soonest, then what has no limit. */
export function inOrder(rows: readonly TodayRow[]): TodayRow[] {
  return [...rows].sort((a, b) => (a.dueMs ?? Infinity) - (b.dueMs ?? Infinity) || Number(b.grave ?? false) - Number(a.grave ?? false) || a.reference.localeCompare(b.reference)) ;
}

export interface Today {
  rows: TodayRow[];
  failed: { app: string; failure: Failure }[]; // a part that could not be read is said, not passed over
}

export async function askAll(sources: readonly { app: string; ask: AskToday }[], context: Parameters<AskToday>[0]): Promise<Today> {
  const today: Today = { rows: [], failed: [] };
  await Promise.all(
    sources.map(async ({ app, ask }) => {
      try {
        today.rows.push(...(await ask(context)).slice(0, kOfEachMax));
      } catch (e) {
        if (context.signal.aborted) throw e;
        today.failed.push({ app, failure: asFailure(e) });
      }
    }),
  );
  return { ...today, rows: inOrder(today.rows) };
}
