// What the page of reviews asks and says: docs/api.md "Who is who". Throws Failure.
import { fhir, http } from '../../shell/session';
import { dayOf } from '../../fhir/time';
import type { Resource } from '../../fhir/types';
import { evidenceOf, type Evidence, type FullPatient, kReviewSystem, type Pair, type Parameters, type Review, reviewOf, type ReviewTask } from './model';

export interface Queue {
  reviews: Review[];
  names: Map<string, FullPatient>; // of their new records
  total: number | null;
  doneToday: number;
}

const kQueueRows = 100;
const isTask = (r: Resource): r is ReviewTask => r.resourceType === 'Task';
const isPatient = (r: Resource): r is FullPatient => r.resourceType === 'Patient';

/** Those that wait, the oldest first. */
export async function askQueue(signal?: AbortSignal): Promise<Queue> {
  const startOfDay = new Date(dayOf(Date.now()) + 'T00:00:00').toISOString();
  const [page, doneToday] = await Promise.all([
    fhir.search<Resource>('Task', [['code', kReviewSystem + '|'], ['status', 'requested'], ['_sort', 'authored-on'], ['_count', String(kQueueRows)], ['_total', 'accurate'], ['_include', 'Task:patient']], signal),
    fhir.count('Task', [['code', kReviewSystem + '|'], ['status', 'completed'], ['_lastUpdated', 'ge' + startOfDay]], signal),
  ]);
  const names = new Map(page.items.filter(isPatient).map((p) => [p.id ?? '', p]));
  return { reviews: page.items.filter(isTask).map(reviewOf), names, total: page.total, doneToday };
}

export const askReview = async (id: string, signal?: AbortSignal): Promise<Review> => reviewOf(await fhir.read<ReviewTask>('Task', id, signal));

const two = (pair: Pair, reason = ''): string =>
  JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      { name: 'patient', valueReference: { reference: `Patient/${pair.a}` } },
      { name: 'other', valueReference: { reference: `Patient/${pair.b}` } },
      ...(reason ? [{ name: 'reason', valueString: reason }] : []),
    ],
  });
const kJson = { 'Content-Type': 'application/fhir+json;charset=utf-8' };

export interface Sides {
  a: FullPatient;
  b: FullPatient;
  evidence: Evidence | null; // null: one record, as it was and as it is
  records: [number, number]; // of the person on each side, so far
}

async function recordsOf(id: string, signal?: AbortSignal): Promise<number> {
  const person = await http.send<{ link?: unknown[] }>('GET', `/fhir/Patient/${encodeURIComponent(id)}/$person`, { signal });
  return person.body?.link?.length ?? 0;
}

/** A record as it was before its last change, and as it is. */
async function askOne(id: string, signal?: AbortSignal): Promise<Sides> {
  const versions = await fhir.history<FullPatient>('Patient', id, signal);
  const now = versions[0] ?? (await fhir.read<FullPatient>('Patient', id, signal));
  const count = await recordsOf(id, signal);
  return { a: versions[1] ?? now, b: now, evidence: null, records: [count, count] };
}

export async function askSides(pair: Pair, signal?: AbortSignal): Promise<Sides> {
  if (pair.a === pair.b) return askOne(pair.a, signal);
  const [a, b, told, inA, inB] = await Promise.all([
    fhir.read<FullPatient>('Patient', pair.a, signal),
    fhir.read<FullPatient>('Patient', pair.b, signal),
    http.send<Parameters>('POST', '/fhir/Patient/$explain-match', { headers: kJson, body: two(pair), signal }),
    recordsOf(pair.a, signal),
    recordsOf(pair.b, signal),
  ]);
  return { a, b, evidence: evidenceOf(told.body ?? { resourceType: 'Parameters' }), records: [inA, inB] };
}

export type Verdict = 'same' | 'apart';

/** A person's word; the reason is kept with it. */
export async function decide(pair: Pair, verdict: Verdict, reason: string): Promise<void> {
  await http.send('POST', `/fhir/Patient/${verdict === 'same' ? '$link' : '$not-same'}`, { headers: kJson, body: two(pair, reason) });
}
