// The audit as the server answers it: AuditEvents page by page, its files, and whether they hold together. Throws Failure.
// Records are told by a keyed hash, never by name; whoever asks about one gives its address, and is in the audit himself.
import { Failure, Http } from '../../fhir/http';
import type { Bundle, CodeableConcept, Coding, Identifier, Resource } from '../../fhir/types';
import { http, expireSession } from '../../shell/session';
import type { ListQuery, ListSource } from '../../components/list/model';

export interface AuditEvent extends Resource {
  resourceType: 'AuditEvent';
  subtype?: Coding[];
  recorded?: string;
  outcome?: string;
  purposeOfEvent?: CodeableConcept[];
  agent?: { role?: CodeableConcept[]; who?: { identifier?: Identifier }; name?: string }[];
  entity?: { what?: { reference?: string; identifier?: Identifier }; type?: Coding; detail?: { type: string; valueString?: string }[] }[];
}

const kActions = 'http://tongkang.dev/fhir/CodeSystem/audit-action';
export const actionOf = (e: AuditEvent): string => e.subtype?.find((c) => c.system === kActions)?.code ?? '';
export const accountOf = (e: AuditEvent): string => e.agent?.[0]?.who?.identifier?.value ?? '';
export const nameOfAgent = (e: AuditEvent): string => e.agent?.[0]?.name ?? '';
export const postOfAgent = (e: AuditEvent, language: string): string => {
  const role = e.agent?.[0]?.role?.[0];
  return (language === 'en' ? role?.coding?.[0]?.display : role?.text) ?? role?.coding?.[0]?.code ?? '';
};
export const typeOf = (e: AuditEvent): string => e.entity?.find((x) => x.type?.code)?.type?.code ?? '';
export const recordOf = (e: AuditEvent): string => e.entity?.find((x) => x.what?.identifier?.value)?.what?.identifier?.value ?? '';
export const requestOf = (e: AuditEvent): string => e.entity?.flatMap((x) => x.detail ?? []).find((d) => d.type === 'request')?.valueString ?? '';
export const reasonOf = (e: AuditEvent): string => e.purposeOfEvent?.flatMap((p) => p.coding ?? []).find((c) => c.system?.endsWith('audit-reason'))?.code ?? '';
export const isRefused = (e: AuditEvent): boolean => e.outcome !== '0';

const kReference = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;
const kDayMs = 86_400_000;

/** What is asked, as the server names it. What is typed is an account, or a record by its address. */
export function paramsOf(query: ListQuery, nowMs: number): [string, string][] {
  const asked: [string, string][] = [];
  if (kReference.test(query.text)) asked.push([query.text.startsWith('Patient/') ? 'patient' : 'record', query.text]);
  else if (query.text) asked.push(['account', query.text]);
  if (query.show === 'done' || query.show === 'refused') asked.push(['outcome', query.show]);
  if (query.picks['action']) asked.push(['action', query.picks['action']]);
  const days = Number(query.picks['days'] ?? '');
  if (days > 0) asked.push(['date', 'ge' + new Date(nowMs - days * kDayMs).toISOString()]);
  return asked;
}

const kRows = 50;

export const kAudit: ListSource<AuditEvent> = {
  key: ['audit'],
  page: async (query, after, signal) => {
    const first = '/audit/events?' + new URLSearchParams([...paramsOf(query, Date.now()), ['_count', String(kRows)]]);
    const url = new URL(after ?? first, 'http://same.origin');
    if (url.pathname !== '/audit/events') throw new Failure('broken', 0, '', 'Bundle.link');
    const told = (await http.send<Bundle<AuditEvent>>('GET', url.pathname + url.search, { signal })).body;
    return { rows: (told?.entry ?? []).flatMap((e) => e.resource ?? []), next: told?.link?.find((l) => l.relation === 'next')?.url ?? null, total: null };
  },
};

export interface AuditFile {
  name: string;
  bytes: number;
  closed: boolean;
}
export interface Verified {
  sound: boolean;
  files: number;
  records: number;
  damage: string[];
  notes: string[];
  heads: string[];
}

const kVerifyMs = 600_000; // it reads every file
const patient = new Http(undefined, expireSession, kVerifyMs);

export const askFiles = async (signal?: AbortSignal): Promise<AuditFile[]> => (await http.send<{ files: AuditFile[] }>('GET', '/audit/files', { signal })).body?.files ?? [];
export const verify = async (): Promise<Verified | null> => (await patient.send<Verified>('GET', '/audit/verify')).body;
