// A small FHIR R4 client: read, search, create, patch, transition, history.
// Searches always go as POST _search with a form body, so that nothing personal ever stands in a URL.
// Creates carry an Idempotency-Key: the caller keeps the key and may send the same request again after a lost answer.
// Errors: throws Failure (see http.ts).
import { Failure, Http } from './http';
import type { Bundle, PatchStep, Resource } from './types';

const kForm = 'application/x-www-form-urlencoded;charset=utf-8';
const kJson = 'application/fhir+json;charset=utf-8';

export type SearchParams = [name: string, value: string][];

export interface Page<T extends Resource> {
  items: T[];
  total: number | null;
  next: string | null;
}

/** A value for a search parameter: the separators of the search grammar are escaped. */
export function escapeValue(value: string): string {
  return value.replace(/[\\,$|]/g, (c) => '\\' + c);
}

export class FhirClient {
  constructor(
    private readonly http: Http,
    private readonly base: string = '/fhir',
  ) {}

  async read<T extends Resource>(type: T['resourceType'], id: string, signal?: AbortSignal): Promise<T> {
    const a = await this.http.send<T>('GET', `${this.base}/${type}/${encodeURIComponent(id)}`, { signal });
    return must(a.body);
  }

  async search<T extends Resource>(type: T['resourceType'], params: SearchParams, signal?: AbortSignal): Promise<Page<T>> {
    const body = new URLSearchParams(params).toString();
    const a = await this.http.send<Bundle<T>>('POST', `${this.base}/${type}/_search`, { headers: { 'Content-Type': kForm }, body, signal });
    return pageOf(must(a.body));
  }

  /** Follows a link the program gave. Only its path is used, so a link can never lead to another host. */
  async page<T extends Resource>(link: string, signal?: AbortSignal): Promise<Page<T>> {
    const url = new URL(link, 'http://same.origin');
    if (!url.pathname.startsWith(this.base)) throw new Failure('broken', 0, '', 'Bundle.link');
    const a = await this.http.send<Bundle<T>>('GET', url.pathname + url.search, { signal });
    return pageOf(must(a.body));
  }

  async count(type: string, params: SearchParams, signal?: AbortSignal): Promise<number> {
    const page = await this.search(type, [...params, ['_summary', 'count']], signal);
    if (page.total === null) throw new Failure('broken', 200, '', 'Bundle.total');
    return page.total;
  }

  /** `ifNoneExist`: a search in the grammar of the URL query; an existing match is answered instead of a second copy. */
  async create<T extends Resource>(resource: T, options: { key: string; ifNoneExist?: string }): Promise<T | null> {
    const headers: Record<string, string> = { 'Content-Type': kJson, 'Idempotency-Key': options.key, Prefer: 'return=representation' };
    if (options.ifNoneExist) headers['If-None-Exist'] = options.ifNoneExist;
    const a = await this.http.send<T>('POST', `${this.base}/${resource.resourceType}`, { headers, body: JSON.stringify(resource) });
    return a.body?.resourceType === resource.resourceType ? a.body : null;
  }

  /** Changes the version that was seen and no other: a later one is a conflict, not overwritten. */
  async patch<T extends Resource>(seen: T, steps: PatchStep[]): Promise<T> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json-patch+json', Prefer: 'return=representation' };
    if (seen.meta?.versionId) headers['If-Match'] = `W/"${seen.meta.versionId}"`;
    const a = await this.http.send<T>('PATCH', `${this.base}/${seen.resourceType}/${encodeURIComponent(seen.id ?? '')}`, { headers, body: JSON.stringify(steps) });
    if (a.body?.resourceType === seen.resourceType) return a.body;
    return this.read<T>(seen.resourceType, seen.id ?? '');
  }

  /** A way of a record that a workflow governs: of the version that was seen, and no other. An input is a code, or a value[x] of its own. */
  async transition<T extends Resource>(seen: T, code: string, reason = '', inputs: Record<string, string | object> = {}): Promise<T> {
    const headers: Record<string, string> = { 'Content-Type': kJson, Prefer: 'return=representation' };
    if (seen.meta?.versionId) headers['If-Match'] = `W/"${seen.meta.versionId}"`;
    const parameter: object[] = [{ name: 'code', valueCode: code }];
    if (reason !== '') parameter.push({ name: 'reason', valueString: reason });
    const part = Object.entries(inputs).map(([name, value]) => (typeof value === 'string' ? { name, valueCode: value } : { name, ...value }));
    if (part.length > 0) parameter.push({ name: 'inputs', part });
    const url = `${this.base}/${seen.resourceType}/${encodeURIComponent(seen.id ?? '')}/$transition`;
    const a = await this.http.send<T>('POST', url, { headers, body: JSON.stringify({ resourceType: 'Parameters', parameter }) });
    if (a.body?.resourceType === seen.resourceType) return a.body;
    return this.read<T>(seen.resourceType, seen.id ?? '');
  }

  /** The codes of the ways that this account may take now. */
  async transitions(type: string, id: string, signal?: AbortSignal): Promise<string[]> {
    interface Part {
      name: string;
      valueCode?: string;
      valueBoolean?: boolean;
      part?: Part[];
    }
    const a = await this.http.send<{ parameter?: Part[] }>('GET', `${this.base}/${type}/${encodeURIComponent(id)}/$transitions`, { signal });
    const ways = (must(a.body).parameter ?? []).filter((p) => p.name === 'transition').map((p) => p.part ?? []);
    return ways.filter((parts) => parts.some((p) => p.name === 'may' && p.valueBoolean === true)).map((parts) => parts.find((p) => p.name === 'code')?.valueCode ?? '');
  }

  async history<T extends Resource>(type: T['resourceType'], id: string, signal?: AbortSignal): Promise<T[]> {
    const a = await this.http.send<Bundle<T>>('GET', `${this.base}/${type}/${encodeURIComponent(id)}/_history?_count=50`, { signal });
    return pageOf(must(a.body)).items;
  }
}

function must<T>(body: T | null): T {
  if (body === null) throw new Failure('broken', 200, '', '');
  return body;
}

function pageOf<T extends Resource>(bundle: Bundle<T>): Page<T> {
  const items: T[] = [];
  for (const e of bundle.entry ?? []) {
    if (e.resource && e.search?.mode !== 'outcome') items.push(e.resource);
  }
  return { items, total: bundle.total ?? null, next: bundle.link?.find((l) => l.relation === 'next')?.url ?? null };
}

/** The id in a literal reference such as "Patient/12"; null for anything else. */
export function idOf(type: string, reference: string | undefined): string | null {
  const m = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference ?? '');
  return m && m[1] === type ? (m[2] ?? null) : null;
}
