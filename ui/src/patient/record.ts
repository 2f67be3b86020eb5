// A person's record as the program gives it: all source records that are his, and of each all that this post may read.
// Flow:   $person -> the records that are joined; of each $everything, page by page; without these rights the one record, type by type
// Limits: kPagesMax pages a record; `more` says that there was more, and must be shown: a part of a record looks like a whole one.
// Errors: throws Failure. One joined record that cannot be read is counted in `missing`, not thrown.
import { idOf, type Page } from '../fhir/client';
import { asFailure } from '../fhir/http';
import type { Bundle, Patient, Resource } from '../fhir/types';
import { fhir, http, may, type Session } from '../shell/session';

export const kTypes = [
  'AllergyIntolerance',
  'Condition',
  'DiagnosticReport',
  'Encounter',
  'Flag',
  'Immunization',
  'MedicationRequest',
  'MedicationStatement',
  'Observation',
  'Organization',
  'Procedure',
  'Task',
] as const;
const kOfNobody: readonly string[] = ['Organization'];
const kPageSize = 500;
const kPagesMax = 10;
const kRecordsMax = 12;

export interface PersonRecord {
  patients: Patient[]; // the one that was asked for first
  resources: Resource[];
  types: string[]; // that were read: of others nothing is known
  more: boolean;
  missing: number; // joined records that could not be read
  atMs: number;
}

interface PersonLinks extends Resource {
  link?: { target?: { reference?: string } }[];
}

async function recordsOf(id: string, session: Session, signal: AbortSignal): Promise<string[]> {
  if (!may(session, 'call', '$person')) return [id];
  const person = await http.send<PersonLinks>('GET', `/fhir/Patient/${encodeURIComponent(id)}/$person`, { signal });
  const ids = (person.body?.link ?? []).flatMap((l) => idOf('Patient', l.target?.reference) ?? []);
  return [id, ...ids.filter((other) => other !== id)];
}

async function allPages(first: Promise<Page<Resource>>, signal: AbortSignal): Promise<{ items: Resource[]; more: boolean }> {
  let page = await first;
  const items = [...page.items];
  for (let n = 1; page.next !== null && n < kPagesMax; n += 1) {
    page = await fhir.page<Resource>(page.next, signal);
    items.push(...page.items);
  }
  return { items, more: page.next !== null };
}

async function everything(id: string, types: string[], signal: AbortSignal): Promise<Page<Resource>> {
  const path = `/fhir/Patient/${encodeURIComponent(id)}/$everything?_count=${kPageSize}&_type=${['Patient', ...types].join(',')}`;
  const bundle = (await http.send<Bundle>('GET', path, { signal })).body;
  const items = (bundle?.entry ?? []).flatMap((e) => (e.resource && e.search?.mode !== 'outcome' ? [e.resource] : []));
  return { items, total: bundle?.total ?? null, next: bundle?.link?.find((l) => l.relation === 'next')?.url ?? null };
}

async function readOne(id: string, types: string[], session: Session, signal: AbortSignal): Promise<{ items: Resource[]; more: boolean }> {
  if (may(session, 'call', '$everything')) return allPages(everything(id, types, signal), signal);
  const asked = types.filter((type) => !kOfNobody.includes(type));
  const parts = await Promise.all([
    fhir.read<Patient>('Patient', id, signal).then((p) => ({ items: [p as Resource], more: false })),
    ...asked.map((type) => allPages(fhir.search<Resource>(type, [[type === 'Task' ? 'subject' : 'patient', 'Patient/' + id], ['_count', String(kPageSize)]], signal), signal)),
  ]);
  return { items: parts.flatMap((p) => p.items), more: parts.some((p) => p.more) };
}

export async function readRecord(id: string, session: Session, signal: AbortSignal): Promise<PersonRecord> {
  const types = kTypes.filter((type) => may(session, 'read', type));
  const ids = await recordsOf(id, session, signal);
  const read = await Promise.all(
    ids.slice(0, kRecordsMax).map(async (one, i) => {
      try {
        return await readOne(one, types, session, signal);
      } catch (e) {
        if (i === 0 || signal.aborted) throw e;
        if (['network', 'signed-out'].includes(asFailure(e).kind)) throw e;
        return null;
      }
    }),
  );
  const all = new Map<string, Resource>();
  for (const r of read.flatMap((part) => part?.items ?? [])) all.set(`${r.resourceType}/${r.id}`, r);
  const patients = [...all.values()].filter((r): r is Patient => r.resourceType === 'Patient');
  return {
    patients: patients.sort((a, b) => Number(b.id === id) - Number(a.id === id)),
    resources: [...all.values()].filter((r) => r.resourceType !== 'Patient'),
    types,
    more: read.some((part) => part?.more === true) || ids.length > kRecordsMax,
    missing: read.filter((part) => part === null).length,
    atMs: Date.now(),
  };
}
