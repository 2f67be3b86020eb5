// A list of what a FHIR search finds: pages by the links that the server gives, counters counted by the server, everything by POST.
import type { FhirClient, SearchParams } from '../../fhir/client';
import type { Resource } from '../../fhir/types';
import type { ListQuery, ListSource } from './model';

export interface FhirList {
  type: string;
  /** What of the query is asked, without order and page. */
  params: (query: ListQuery) => SearchParams;
  /** Of each counter what it adds; the one that is chosen adds it to the list too. */
  counters?: Readonly<Record<string, SearchParams>>;
  sort?: string; // where none was chosen
  count?: number;
}

const kPageRows = 50;

export function fhirSource<R extends Resource>(client: FhirClient, list: FhirList): ListSource<R> {
  const ofCounter = (show: string): SearchParams => list.counters?.[show] ?? [];
  return {
    key: ['fhir', list.type],
    page: async (query, after, signal) => {
      if (after !== null) {
        const page = await client.page<R>(after, signal);
        return { rows: page.items, next: page.next, total: page.total };
      }
      const sort = query.sort || list.sort;
      const page = await client.search<R>(
        list.type,
        [...list.params(query), ...ofCounter(query.show), ...(sort ? [['_sort', sort] as [string, string]] : []), ['_count', String(list.count ?? kPageRows)], ['_total', 'accurate']],
        signal,
      );
      return { rows: page.items, next: page.next, total: page.total };
    },
    counts: list.counters && (async (query, signal) => Object.fromEntries(await Promise.all(Object.entries(list.counters ?? {}).map(async ([name, params]) => [name, await client.count(list.type, [...list.params(query), ...params], signal)] as const)))),
  };
}
