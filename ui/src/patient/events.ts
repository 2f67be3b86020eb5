// What happened to a person, at which institution, when: the timeline. Pure.
import { parseTime } from '../fhir/time';
import type { Reference, Resource } from '../fhir/types';
import { timeOfResult } from './facts';
import { type Clinical, codesOf, listOf, textOf } from './types';

export const kKinds = ['visit', 'stay', 'test', 'reading', 'shot', 'procedure', 'medicine', 'problem', 'flag'] as const;
export type Kind = (typeof kKinds)[number];

export interface HistoryEvent {
  id: string; // "Type/id"
  kind: Kind;
  atMs: number;
  endMs: number | null;
  title: string;
  detail: string;
  place: string; // the institution; '' where none is named
  severe: boolean; // an alert that stands
  count: number; // readings of one day and place are one line
}

/** Names of institutions: of the Organizations that came with the record, else what the reference itself says. */
export function placesIn(resources: readonly Resource[]): (r: Clinical) => string {
  const names = new Map<string, string>();
  for (const r of resources as Clinical[]) if (r.resourceType === 'Organization' && r.name) names.set(`Organization/${r.id}`, r.name);
  const encounters = new Map(resources.filter((r) => r.resourceType === 'Encounter').map((r) => [`Encounter/${r.id}`, r as Clinical]));
  const nameOf = (ref: Reference | undefined): string => (ref && (names.get(ref.reference ?? '') ?? (/^(Practitioner|Patient|RelatedPerson)/.test(ref.reference ?? '') ? '' : ref.display))) ?? '';
  const own = (r: Clinical): string => {
    const performers = (r.performer ?? []).flatMap((p) => [p.organization, p.actor, p.reference ? p : undefined]);
    const locations = Array.isArray(r.location) ? r.location.map((l) => l.location) : [r.location];
    for (const ref of [r.serviceProvider, ...performers, r.requester, r.informationSource, ...locations]) {
      const name = nameOf(ref);
      if (name) return name;
    }
    return '';
  };
  return (r) => own(r) || (r.encounter ? own(encounters.get(r.encounter.reference ?? '') ?? r) : '');
}

const kInside = ['IMP', 'ACUTE', 'NONAC', 'SS'];
const kWrong = ['entered-in-error', 'cancelled', 'not-done', 'planned', 'registered'];

type Raw = Pick<HistoryEvent, 'kind' | 'title' | 'detail'> & { at: string | undefined; end?: string; severe?: boolean };

function rawOf(r: Clinical): Raw | null {
  switch (r.resourceType) {
    case 'Encounter': {
      const inside = kInside.includes(r.class?.code ?? '');
      const why = listOf(r.reasonCode).map(textOf).filter(Boolean).join('、');
      return { kind: inside ? 'stay' : 'visit', title: (r.type ?? []).map(textOf).find(Boolean) ?? r.class?.display ?? '', detail: why, at: r.period?.start, end: r.period?.end };
    }
    case 'DiagnosticReport':
      return { kind: 'test', title: textOf(r.code), detail: r.conclusion ?? '', at: r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.issued };
    case 'Immunization':
      return { kind: 'shot', title: textOf(r.vaccineCode), detail: '', at: r.occurrenceDateTime };
    case 'Procedure':
      return { kind: 'procedure', title: textOf(r.code), detail: '', at: r.performedDateTime ?? r.performedPeriod?.start };
    case 'MedicationRequest':
      return { kind: 'medicine', title: textOf(r.medicationCodeableConcept) || (r.medicationReference?.display ?? ''), detail: (r.dosageInstruction ?? []).map((d) => d.text ?? '').join('；'), at: r.authoredOn };
    case 'MedicationStatement':
      return { kind: 'medicine', title: textOf(r.medicationCodeableConcept) || (r.medicationReference?.display ?? ''), detail: (r.dosage ?? []).map((d) => d.text ?? '').join('；'), at: r.effectiveDateTime ?? r.effectivePeriod?.start };
    case 'Condition':
      return { kind: 'problem', title: textOf(r.code), detail: '', at: r.recordedDate ?? r.onsetDateTime };
    case 'Flag':
      return { kind: 'flag', title: textOf(r.code), detail: '', at: r.period?.start ?? r.meta?.lastUpdated, severe: r.status === 'active' };
    default:
      return null;
  }
}

function readingTitle(r: Clinical): string {
  const q = r.valueQuantity;
  const parts = (r.component ?? []).flatMap((c) => (c.valueQuantity?.value === undefined ? [] : [String(c.valueQuantity.value)]));
  const value = q?.value !== undefined ? `${q.value} ${q.unit ?? ''}`.trim() : parts.length > 0 ? parts.join('/') : textOf(r.valueCodeableConcept) || (r.valueString ?? '');
  return [textOf(r.code), value].filter(Boolean).join(' ');
}

const dayKey = (ms: number): number => Math.floor((ms - new Date(ms).getTimezoneOffset() * 60_000) / 86_400_000);

/** Results that a report lists stand in the report; others of one day, place and kind are one line. */
function readingsIn(resources: readonly Clinical[], placeOf: (r: Clinical) => string): HistoryEvent[] {
  const reported = new Set(resources.flatMap((r) => (r.resourceType === 'DiagnosticReport' ? (r.result ?? []).map((x) => x.reference ?? '') : [])));
  const lines = new Map<string, HistoryEvent>();
  for (const r of resources) {
    const atMs = timeOfResult(r);
    if (r.resourceType !== 'Observation' || atMs === null || kWrong.includes(r.status ?? '') || reported.has(`Observation/${r.id}`)) continue;
    const kind: Kind = listOf(r.category).some((c) => codesOf(c).includes('laboratory')) ? 'test' : 'reading';
    const key = `${kind}|${dayKey(atMs)}|${placeOf(r)}`;
    const line = lines.get(key);
    if (!line) lines.set(key, { id: `Observation/${r.id}`, kind, atMs, endMs: null, title: readingTitle(r), detail: '', place: placeOf(r), severe: false, count: 1 });
    else {
      line.count += 1;
      line.detail = [line.detail, readingTitle(r)].filter(Boolean).join('；');
      line.atMs = Math.max(line.atMs, atMs);
    }
  }
  return [...lines.values()];
}

/** Newest first. */
export function eventsIn(all: readonly Resource[]): HistoryEvent[] {
  const resources = all as readonly Clinical[];
  const placeOf = placesIn(resources);
  const events: HistoryEvent[] = readingsIn(resources, placeOf);
  for (const r of resources) {
    const raw = kWrong.includes(r.status ?? '') || codesOf(r.verificationStatus).includes('entered-in-error') ? null : rawOf(r);
    const atMs = parseTime(raw?.at);
    if (!raw || atMs === null) continue;
    events.push({ id: `${r.resourceType}/${r.id}`, kind: raw.kind, atMs, endMs: parseTime(raw.end), title: raw.title, detail: raw.detail, place: placeOf(r), severe: raw.severe === true, count: 1 });
  }
  return events.sort((a, b) => b.atMs - a.atMs || a.id.localeCompare(b.id));
}

export interface Lane {
  place: string;
  events: HistoryEvent[];
}

/** One lane an institution, the latest first; those beyond `max` share the last. */
export function lanesOf(events: readonly HistoryEvent[], max: number): Lane[] {
  const lanes = new Map<string, HistoryEvent[]>();
  for (const e of events) {
    const lane = lanes.get(e.place);
    if (lane) lane.push(e);
    else lanes.set(e.place, [e]);
  }
  const named = [...lanes].filter(([place]) => place !== '').map(([place, list]): Lane => ({ place, events: list }));
  const unnamed = lanes.get('') ?? [];
  if (named.length <= max && unnamed.length === 0) return named;
  return [...named.slice(0, max - 1), { place: '', events: [...named.slice(max - 1).flatMap((l) => l.events), ...unnamed] }];
}

const kMagnifiedDays = 14;
const kPastDays = 365;
const kDayMs = 86_400_000;
export const kMagnifiedFrom = 0.56; // of the width; the last days have the rest

/** Where a moment stands between 0 (a year ago) and 1 (now), the last days magnified; null before that. */
export function placeOnAxis(atMs: number, nowMs: number): number | null {
  const days = (nowMs - atMs) / kDayMs;
  if (days < 0) return 1;
  if (days <= kMagnifiedDays) return 1 - (days / kMagnifiedDays) * (1 - kMagnifiedFrom);
  if (days > kPastDays) return null;
  return kMagnifiedFrom * (1 - (days - kMagnifiedDays) / (kPastDays - kMagnifiedDays));
}
