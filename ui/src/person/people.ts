// Records with the persons that they are about: a page of a list asks for all of them at once.
import { type FhirClient, idOf } from '../fhir/client';
import { asFailure } from '../fhir/http';
import type { Patient, Reference, Resource } from '../fhir/types';
import type { ListSource } from '../components/list/model';

export interface About<R extends Resource> {
  record: R;
  patient: Patient | null; // null: the viewer does not see him
}

const kIdsPerSearch = 100;

/** The persons of these ids whom the viewer sees, by id; a post that reads no persons sees none. Throws Failure. */
export async function peopleOf(client: FhirClient, ids: readonly (string | null)[], signal?: AbortSignal): Promise<Map<string, Patient>> {
  const people = new Map<string, Patient>();
  const wanted = [...new Set(ids.filter((id): id is string => id !== null))];
  for (let i = 0; i < wanted.length; i += kIdsPerSearch) {
    const part = wanted.slice(i, i + kIdsPerSearch);
    try {
      const page = await client.search<Patient>('Patient', [['_id', part.join(',')], ['_count', String(kIdsPerSearch)]], signal);
      for (const patient of page.items) people.set(patient.id ?? '', patient);
    } catch (e) {
      if (asFailure(e).kind !== 'forbidden') throw e;
    }
  }
  return people;
}

/** The list with whom each record is about; `of` names him. */
export function withPeople<R extends Resource>(client: FhirClient, source: ListSource<R>, of: (record: R) => Reference | undefined): ListSource<About<R>> {
  const id = (record: R): string | null => idOf('Patient', of(record)?.reference);
  return {
    key: [...source.key, 'people'],
    counts: source.counts,
    page: async (query, after, signal) => {
      const page = await source.page(query, after, signal);
      const people = await peopleOf(client, page.rows.map(id), signal);
      return { ...page, rows: page.rows.map((record) => ({ record, patient: people.get(id(record) ?? '') ?? null })) };
    },
  };
}
