// What the server says it offers, type by type: from its CapabilityStatement. Pure, but for asking.
import { http } from '../../shell/session';
import { may, type Session } from '../../shell/session';

export interface SearchParam {
  name: string;
  type: string;
  documentation?: string;
}
export interface TypeOffered {
  type: string;
  profile?: string;
  searchParam?: SearchParam[];
  operation?: { name: string }[];
}
interface Statement {
  rest?: { resource?: TypeOffered[] }[];
}

export async function askTypes(signal?: AbortSignal): Promise<TypeOffered[]> {
  const told = await http.send<Statement>('GET', '/fhir/metadata', { signal });
  return told.body?.rest?.[0]?.resource ?? [];
}

/** Those that the post may read. */
export const readable = (session: Session, types: readonly TypeOffered[]): TypeOffered[] => types.filter((t) => may(session, 'read', t.type));

/** A line of the search: a parameter, perhaps with a modifier, and what it must be. */
export interface Criterion {
  name: string;
  value: string;
}

/** Parameters of every type first, then its own, by name. */
export function paramsOf(type: TypeOffered): SearchParam[] {
  return [...(type.searchParam ?? [])].sort((a, b) => Number(b.name.startsWith('_')) - Number(a.name.startsWith('_')) || a.name.localeCompare(b.name));
}

/** A line about a resource that tells it from others of its type: what it is called, else what it is about. */
export function summaryOf(resource: object): string {
  const r = resource as Record<string, unknown>;
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
  const concept = (value: unknown): string => {
    const c = first(value) as { text?: string; coding?: { display?: string; code?: string }[] } | undefined;
    return c?.text ?? c?.coding?.[0]?.display ?? c?.coding?.[0]?.code ?? '';
  };
  const name = first(r['name']) as string | { text?: string; family?: string } | undefined;
  const named = typeof name === 'string' ? name : (name?.text ?? name?.family ?? '');
  const title = typeof r['title'] === 'string' ? r['title'] : '';
  const status = typeof r['status'] === 'string' ? r['status'] : '';
  return [title || named || concept(r['code']) || concept(r['type']), status].filter(Boolean).join(' · ');
}
