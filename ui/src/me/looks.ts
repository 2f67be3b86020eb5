// Who looked at me, as lines for people: who by name and post, what he did, with what, when. Pure but for the question.
// Source: docs/flow/request.md, GET /audit/mine (AuditEvents without accounts, newest first)
import { parseTime } from '../fhir/time';
import type { Bundle, CodeableConcept, Coding, Resource } from '../fhir/types';
import { http } from '../shell/session';

export interface AuditEvent extends Resource {
  resourceType: 'AuditEvent';
  subtype?: Coding[];
  action?: string;
  recorded?: string;
  outcome?: string;
  agent?: { role?: CodeableConcept[]; name?: string }[];
  entity?: { type?: Coding }[];
}

export interface Look {
  id: string;
  name: string;
  post: string;
  did: string; // a word's key
  what: string; // a word's key
  atMs: number;
  count: number; // so often, one after the other
  grave: boolean; // an emergency access, a number shown, taken out of the platform
  refused: boolean;
}

const kDid: Record<string, string> = { print: 'print', export: 'export', reveal: 'reveal', emergency: 'emergency', erase: 'erase' };
const kActions: Record<string, string> = { R: 'read', C: 'write', U: 'write', D: 'write' };
const kGrave = ['export', 'reveal', 'emergency', 'erase'];
const kWhat = ['Patient', 'Observation', 'Condition', 'Encounter', 'MedicationRequest', 'DiagnosticReport', 'AllergyIntolerance', 'Immunization', 'Task'];
const kAudit = 'http://tongkang.dev/fhir/CodeSystem/audit-action';

function lookOf(e: AuditEvent, language: string): Look | null {
  const atMs = parseTime(e.recorded);
  if (atMs === null) return null;
  const role = e.agent?.[0]?.role?.[0];
  const said = e.subtype?.find((c) => c.system === kAudit)?.code ?? '';
  const did = kDid[said] ?? kActions[e.action ?? ''] ?? 'other';
  const type = e.entity?.find((x) => x.type?.code)?.type?.code ?? '';
  return {
    id: e.id ?? '',
    name: e.agent?.[0]?.name ?? '',
    post: (language === 'en' ? role?.coding?.[0]?.display : role?.text) ?? '',
    did,
    what: kWhat.includes(type) ? type : 'other',
    atMs,
    count: 1,
    grave: kGrave.includes(did),
    refused: e.outcome !== undefined && e.outcome !== '0',
  };
}

const isResident = (e: AuditEvent): boolean => e.agent?.[0]?.role?.[0]?.coding?.[0]?.code === 'resident';

/** The same by the same on the same day, one after the other, is one line. His own looks are left out: `self` is his name as the audit has it. */
export function looksIn(events: readonly AuditEvent[], self: string, language: string): Look[] {
  const lines: Look[] = [];
  for (const e of events) {
    if (isResident(e) && e.agent?.[0]?.name === self) continue;
    const look = lookOf(e, language);
    if (!look) continue;
    const last = lines.at(-1);
    const same = last && last.name === look.name && last.post === look.post && last.did === look.did && last.what === look.what && last.refused === look.refused;
    if (same && new Date(last.atMs).toDateString() === new Date(look.atMs).toDateString()) last.count += 1;
    else lines.push(look);
  }
  return lines;
}

export interface LooksPage {
  events: AuditEvent[];
  next: string | null;
}

const kCount = 100;
export const kFirst = `/audit/mine?_count=${kCount}`;

export async function askLooks(path: string, signal: AbortSignal): Promise<LooksPage> {
  const bundle = (await http.send<Bundle<AuditEvent>>('GET', path, { signal })).body;
  const next = bundle?.link?.find((l) => l.relation === 'next')?.url;
  const url = next === undefined ? null : new URL(next, location.origin);
  return { events: (bundle?.entry ?? []).flatMap((e) => (e.resource ? [e.resource] : [])), next: url && url.pathname + url.search };
}
