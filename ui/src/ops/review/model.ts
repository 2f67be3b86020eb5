// A review of the person index as facts: which pairs it asks about, what speaks for and against each, what stands in the two records. Pure.
// Source: docs/flow/person-matching.md; docs/api.md "Who is who".
import { idOf } from '../../fhir/client';
import { areaOf, nameOf } from '../../fhir/person';
import { type CodeableConcept, type Extension, kResidentIdSystem, type Patient, type Reference, type Resource } from '../../fhir/types';

export const kReviewSystem = 'http://tongkang.dev/fhir/CodeSystem/person-review';
export const kPersonLinkUrl = 'http://tongkang.dev/fhir/StructureDefinition/person-link';

interface Part extends Extension {
  valueDecimal?: number;
  extension?: Part[];
}
export interface ReviewTask extends Resource {
  resourceType: 'Task';
  status: string;
  code?: CodeableConcept;
  for?: Reference;
  basedOn?: Reference[];
  authoredOn?: string;
  extension?: Part[];
}

/** What a review asks. */
export interface Review {
  id: string;
  code: string; // probable, two-persons, contradiction, identity-changed
  open: boolean;
  subject: string; // id of the new record
  others: string[];
  bits: number | null; // of the new record and the first other, when it was asked
  authoredOn: string;
}
/** Two records; the same twice: whose is this one now? */
export interface Pair {
  a: string;
  b: string;
}

const unique = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id): id is string => id !== null))];

export function reviewOf(task: ReviewTask): Review {
  const told = task.extension?.find((e) => e.url === kPersonLinkUrl)?.extension;
  return {
    id: task.id ?? '',
    code: task.code?.coding?.find((c) => c.system === kReviewSystem)?.code ?? '',
    open: task.status === 'requested',
    subject: idOf('Patient', task.for?.reference) ?? '',
    others: unique((task.basedOn ?? []).map((r) => idOf('Patient', r.reference))),
    bits: told?.find((e) => e.url === 'bits')?.valueDecimal ?? null,
    authoredOn: task.authoredOn ?? '',
  };
}

/** Every pair of the records that it names: only when each is decided is it settled. */
export function pairsOf(review: Review): Pair[] {
  if (review.others.length === 0) return [{ a: review.subject, b: review.subject }];
  const all = unique([...review.others.slice(0, 1), review.subject, ...review.others.slice(1)]); // who was there first stands at the left
  return all.flatMap((a, i) => all.slice(i + 1).map((b) => ({ a, b })));
}

export interface Evidence {
  bits: number;
  grade: string;
  from: { possible: number; probable: number; certain: number } | null; // where the model draws its lines
  rules: string[];
  model: string;
  same: boolean; // one person, as things stand
  apart: boolean; // held apart by a person
  fields: Record<string, { level: string; bits: number; byFrequency: boolean }>;
  prior: number; // before anything is compared
  group: number; // what is taken off because fields say the same thing twice; with the fields and the prior it makes the sum
}

interface Parameter {
  name: string;
  valueCode?: string;
  valueString?: string;
  valueDecimal?: number;
  valueBoolean?: boolean;
  part?: Parameter[];
}
export interface Parameters extends Resource {
  parameter?: Parameter[];
}

export function evidenceOf(told: Parameters): Evidence {
  const all = told.parameter ?? [];
  const of = (name: string): Parameter | undefined => all.find((p) => p.name === name);
  const from = ['possible-from', 'probable-from', 'certain-from'].map((name) => of(name)?.valueDecimal);
  const fields = all.filter((p) => p.name === 'field').map((p) => {
    const part = (name: string): Parameter | undefined => p.part?.find((one) => one.name === name);
    return [part('name')?.valueCode ?? '', { level: part('level')?.valueCode ?? 'missing', bits: part('bits')?.valueDecimal ?? 0, byFrequency: part('by-frequency')?.valueBoolean === true }] as const;
  });
  const [possible, probable, certain] = from;
  const sumOf = (name: string): number => fields.filter(([n]) => n === name).reduce((sum, [, told]) => sum + told.bits, 0);
  return {
    bits: of('bits')?.valueDecimal ?? 0,
    grade: of('grade')?.valueCode ?? '',
    from: possible === undefined || probable === undefined || certain === undefined ? null : { possible, probable, certain },
    rules: all.filter((p) => p.name === 'rule').map((p) => p.valueString ?? ''),
    model: of('model')?.valueString ?? '',
    same: of('same-person')?.valueBoolean === true,
    apart: of('held-apart')?.valueBoolean === true,
    fields: Object.fromEntries(fields.filter(([name]) => name !== 'prior' && name !== 'group')),
    prior: sumOf('prior'),
    group: sumOf('group'),
  };
}

/** Rows of the comparison: what a person would look at, and the model's fields that speak to it. */
export const kRows = [
  { row: 'id', fields: ['id'] },
  { row: 'name', fields: ['family', 'given'] },
  { row: 'sex', fields: ['sex'] },
  { row: 'birth', fields: ['birth'] },
  { row: 'phone', fields: ['phone'] },
  { row: 'card', fields: ['card'] },
  { row: 'email', fields: ['email'] },
  { row: 'address', fields: ['address'] },
  { row: 'division', fields: ['division'] },
  { row: 'relation', fields: ['relation'] },
] as const;
export type RowName = (typeof kRows)[number]['row'];

export interface FullPatient extends Patient {
  telecom?: { system?: string; value?: string }[];
  address?: { text?: string; state?: string; city?: string; district?: string; line?: string[] }[];
  multipleBirthInteger?: number;
  contact?: { relationship?: CodeableConcept[]; name?: { text?: string; family?: string; given?: string[] } }[];
}

/** What stands in a record, row by row; of several values each. */
export function valuesOf(patient: FullPatient): Record<RowName, string[]> {
  const told = (values: (string | undefined)[]): string[] => [...new Set(values.filter((v): v is string => Boolean(v)))];
  const identifiers = patient.identifier ?? [];
  const area = areaOf(patient);
  return {
    id: told(identifiers.filter((i) => i.system === kResidentIdSystem).map((i) => i.value)),
    name: told((patient.name ?? []).map((name) => nameOf({ ...patient, name: [name] }))),
    sex: told([patient.gender]),
    birth: told([patient.birthDate]),
    phone: told((patient.telecom ?? []).filter((c) => c.system !== 'email').map((c) => c.value)),
    card: told(identifiers.filter((i) => i.system !== kResidentIdSystem).map((i) => i.value)),
    email: told((patient.telecom ?? []).filter((c) => c.system === 'email').map((c) => c.value)),
    address: told((patient.address ?? []).map((a) => a.text ?? [a.state, a.city, a.district, ...(a.line ?? [])].filter(Boolean).join(''))),
    division: told([area?.name]),
    relation: told([...(patient.contact ?? []).map((c) => nameOf({ resourceType: 'Patient', name: c.name && [c.name] })), patient.multipleBirthInteger === undefined ? undefined : `#${patient.multipleBirthInteger}`]),
  };
}

/** A character of a value: whether it is shown while the rest is masked, and whether it differs from the other record's. */
export interface Mark {
  text: string;
  shown: boolean;
  differs: boolean;
}

/** Rows of which the characters that differ are marked; free text differs nearly everywhere. */
const kMarked: ReadonlySet<RowName> = new Set<RowName>(['id', 'card', 'phone', 'name', 'birth']);
const kEnds: Partial<Record<RowName, [number, number]>> = { id: [4, 2], card: [2, 2], phone: [3, 2], name: [1, 0], relation: [1, 0] };

/**
 * A value as it is looked at beside the other's: what differs is shown and marked, also where the rest is masked, as that is what is to be decided by.
 * Of values of another length the ends are compared, from both sides.
 */
export function marksOf(row: RowName, value: string, other: string | undefined, whole: boolean): Mark[] {
  const mine = [...value];
  const theirs = other === undefined || !kMarked.has(row) ? null : [...other];
  const ends = kEnds[row];
  let before = 0;
  let behind = 0;
  if (theirs && theirs.length !== mine.length) {
    const least = Math.min(mine.length, theirs.length);
    while (before < least && mine[before] === theirs[before]) before += 1;
    while (behind < least - before && mine[mine.length - 1 - behind] === theirs[theirs.length - 1 - behind]) behind += 1;
  }
  return mine.map((text, i) => {
    const differs = theirs !== null && (theirs.length === mine.length ? text !== theirs[i] : i >= before && i < mine.length - behind);
    const end = !ends || i < ends[0] || i >= mine.length - ends[1];
    return { text, differs, shown: whole || end || differs };
  });
}

/** Of the other record's values the one that is like this one the most. */
export function nearest(value: string, others: readonly string[]): string | undefined {
  if (others.includes(value)) return value;
  const likeness = (other: string): number => {
    let n = 0;
    while (n < other.length && other[n] === value[n]) n += 1;
    return n;
  };
  return [...others].sort((x, y) => likeness(y) - likeness(x))[0];
}

/** The bits of a row together, and whether any of its fields was compared at all. */
export function rowBits(evidence: Evidence, fields: readonly string[]): { bits: number; known: boolean } {
  const of = fields.map((f) => evidence.fields[f]).filter((f) => f !== undefined && f.level !== 'missing' && f.level !== '');
  return { bits: of.reduce((sum, f) => sum + (f?.bits ?? 0), 0), known: of.length > 0 };
}
