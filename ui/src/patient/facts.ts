// What of a record matters first: allergies, problems, medicines, results and vital signs with their course. Pure; nothing is concluded that the record does
// not say: "high" and "low" are the laboratory's own interpretation, or its own reference range beside its own value.
import { parseTime } from '../fhir/time';
import type { Resource } from '../fhir/types';
import { type Clinical, codesOf, listOf, textOf } from './types';

export interface Allergy {
  id: string;
  text: string;
  reaction: string;
  high: boolean;
}
export interface Problem {
  id: string;
  text: string;
  since: string; // a year, a day, or nothing
}
export interface Medicine {
  id: string;
  text: string;
  dose: string;
  stated: boolean; // taken, as somebody says; not prescribed here
  atMs: number | null;
  source: Clinical;
}
export type Mark = 'high' | 'low' | 'other' | 'none';
export interface Point {
  id: string;
  atMs: number;
  value: number;
  second?: number; // the lower of a blood pressure
  mark: Mark;
  source: Clinical;
}
export interface Measure {
  key: string;
  text: string;
  unit: string;
  points: Point[]; // oldest first, all of one unit
  low: number | null; // of the newest value's own reference range
  high: number | null;
  vital: boolean;
}

const kWrong = ['entered-in-error', 'refuted', 'cancelled', 'not-done', 'registered'];
const isWrong = (r: Clinical): boolean => kWrong.includes(r.status ?? '') || codesOf(r.verificationStatus).some((c) => kWrong.includes(c));
const isGoing = (r: Clinical): boolean => {
  const codes = codesOf(r.clinicalStatus);
  return codes.length === 0 || codes.some((c) => ['active', 'recurrence', 'relapse'].includes(c));
};
const ofType = (resources: readonly Resource[], type: string): Clinical[] => resources.filter((r): r is Clinical => r.resourceType === type);

/** The same said in several records is one line: the newest. */
function once<T extends { text: string }>(items: T[]): T[] {
  const seen = new Set<string>();
  return items.filter((i) => i.text !== '' && !seen.has(i.text) && seen.add(i.text));
}

const newestFirst = (at: (r: Clinical) => number | null) => (a: Clinical, b: Clinical): number => (at(b) ?? 0) - (at(a) ?? 0);

export function allergiesIn(resources: readonly Resource[]): Allergy[] {
  const going = ofType(resources, 'AllergyIntolerance').filter((r) => !isWrong(r) && isGoing(r));
  going.sort(newestFirst((r) => parseTime(r.recordedDate)));
  const all = once(
    going.map((r) => ({
      id: r.id ?? '',
      text: textOf(r.code),
      reaction: (r.reaction ?? []).flatMap((x) => (x.manifestation ?? []).map(textOf)).join('、'),
      high: r.criticality === 'high',
    })),
  );
  return all.sort((a, b) => Number(b.high) - Number(a.high));
}

/** Whether the record has anything on allergies: "none known" is a finding, no entry is none. */
export function allergiesAsked(resources: readonly Resource[]): boolean {
  return ofType(resources, 'AllergyIntolerance').some((r) => !isWrong(r));
}

export function problemsIn(resources: readonly Resource[]): { going: Problem[]; over: number } {
  const all = ofType(resources, 'Condition').filter((r) => !isWrong(r));
  const since = (r: Clinical): string | undefined => r.onsetDateTime ?? r.onsetPeriod?.start ?? r.recordedDate;
  all.sort(newestFirst((r) => parseTime(since(r))));
  const lines = (rs: Clinical[]): Problem[] => once(rs.map((r) => ({ id: r.id ?? '', text: textOf(r.code), since: (since(r) ?? '').slice(0, 10) })));
  const going = lines(all.filter(isGoing));
  const names = new Set(going.map((p) => p.text));
  return { going, over: lines(all.filter((r) => !isGoing(r))).filter((p) => !names.has(p.text)).length };
}

export function medicinesIn(resources: readonly Resource[]): Medicine[] {
  const of = (r: Clinical, stated: boolean): Medicine => ({
    id: r.id ?? '',
    text: textOf(r.medicationCodeableConcept) || (r.medicationReference?.display ?? ''),
    dose: (r.dosageInstruction ?? r.dosage ?? []).map((d) => d.text ?? '').filter(Boolean).join('；'),
    stated,
    atMs: parseTime(r.authoredOn ?? r.effectiveDateTime ?? r.effectivePeriod?.start),
    source: r,
  });
  const asked = ofType(resources, 'MedicationRequest').filter((r) => ['active', 'on-hold'].includes(r.status ?? ''));
  const told = ofType(resources, 'MedicationStatement').filter((r) => ['active', 'intended'].includes(r.status ?? ''));
  const all = [...asked.map((r) => of(r, false)), ...told.map((r) => of(r, true))];
  return once(all.sort((a, b) => (b.atMs ?? 0) - (a.atMs ?? 0)));
}

const kHigh = ['H', 'HH', 'HU', '>'];
const kLow = ['L', 'LL', 'LU', '<'];
const kOther = ['A', 'AA', 'POS', 'IND'];

export function markOf(r: Clinical): Mark {
  const said = (r.interpretation ?? []).flatMap(codesOf);
  if (said.some((c) => kHigh.includes(c))) return 'high';
  if (said.some((c) => kLow.includes(c))) return 'low';
  if (said.some((c) => kOther.includes(c))) return 'other';
  if (said.length > 0) return 'none';
  const value = r.valueQuantity?.value;
  const range = r.referenceRange?.[0];
  if (value === undefined || !range) return 'none';
  const comparable = (bound: { unit?: string; code?: string } | undefined): boolean => bound !== undefined && (bound.code ?? bound.unit) === (r.valueQuantity?.code ?? r.valueQuantity?.unit);
  if (comparable(range.high) && value > (range.high?.value ?? Infinity)) return 'high';
  if (comparable(range.low) && value < (range.low?.value ?? -Infinity)) return 'low';
  return 'none';
}

export const timeOfResult = (r: Clinical): number | null => parseTime(r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued);
const isVital = (r: Clinical): boolean => listOf(r.category).some((c) => codesOf(c).includes('vital-signs')) || codesOf(r.code).some((c) => kVitals.includes(c));

// LOINC: temperature, oxygen saturation (two), blood pressure, heart rate, respiratory rate, weight, height. Source: hl7.org/fhir/R4/observation-vitalsigns.html
const kVitals = ['8310-5', '59408-5', '2708-6', '85354-9', '8867-4', '9279-1', '29463-7', '8302-2'];
const kPressure = '85354-9', kUpper = '8480-6', kLower = '8462-4';

function pointOf(r: Clinical): (Point & { unit: string }) | null {
  const atMs = timeOfResult(r);
  if (atMs === null) return null;
  const common = { id: r.id ?? '', atMs, mark: markOf(r), source: r };
  const part = (code: string) => r.component?.find((c) => codesOf(c.code).includes(code))?.valueQuantity;
  if (codesOf(r.code).includes(kPressure)) {
    const upper = part(kUpper), lower = part(kLower);
    if (upper?.value === undefined || lower?.value === undefined) return null;
    return { ...common, value: upper.value, second: lower.value, unit: upper.unit ?? upper.code ?? '' };
  }
  const q = r.valueQuantity;
  return q?.value === undefined ? null : { ...common, value: q.value, unit: q.unit ?? q.code ?? '' };
}

function keyOf(r: Clinical): string {
  const coded = r.code?.coding?.find((c) => c.system === 'http://loinc.org') ?? r.code?.coding?.find((c) => c.code);
  return coded?.code ? `${coded.system ?? ''}|${coded.code}` : textOf(r.code);
}

/** All that was measured as numbers: one course for each code; values of another unit than the newest one's are left out of its course. */
export function measuresIn(resources: readonly Resource[]): Measure[] {
  const groups = new Map<string, { r: Clinical; point: Point & { unit: string } }[]>();
  for (const r of ofType(resources, 'Observation')) {
    if (isWrong(r)) continue;
    const point = pointOf(r);
    if (!point) continue;
    const key = keyOf(r);
    const group = groups.get(key) ?? [];
    if (group.length === 0) groups.set(key, group);
    group.push({ r, point });
  }
  const measures = [...groups].map(([key, group]): Measure => {
    group.sort((a, b) => a.point.atMs - b.point.atMs);
    const newest = group.at(-1);
    const unit = newest?.point.unit ?? '';
    const range = newest?.r.referenceRange?.[0];
    return {
      key,
      text: textOf(newest?.r.code),
      unit,
      points: group.filter((g) => g.point.unit === unit).map((g) => g.point),
      low: range?.low?.value ?? null,
      high: range?.high?.value ?? null,
      vital: newest !== undefined && isVital(newest.r),
    };
  });
  return measures.sort((a, b) => lastMs(b) - lastMs(a));
}

export const lastOf = (m: Measure): Point | undefined => m.points.at(-1);
const lastMs = (m: Measure): number => lastOf(m)?.atMs ?? 0;

/** Vital signs in the order in which they are read. */
export function vitalsOf(measures: readonly Measure[]): Measure[] {
  const rank = (m: Measure): number => {
    const at = kVitals.findIndex((c) => m.key.endsWith('|' + c));
    return at < 0 ? kVitals.length : at;
  };
  return measures.filter((m) => m.vital).sort((a, b) => rank(a) - rank(b));
}

/** Results whose newest value is told as out of its range, newest first. */
export const abnormalOf = (measures: readonly Measure[]): Measure[] => measures.filter((m) => !m.vital && (lastOf(m)?.mark ?? 'none') !== 'none');
