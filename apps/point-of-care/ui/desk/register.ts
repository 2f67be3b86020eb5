// A visit registered, and what its answer says: the alerts of who is on a list come in the same answer, not afterwards. Source: docs/api.md, "Alerts".
import { Failure, type Http } from '@tk/fhir/http';
import { fhirDateTime } from '@tk/fhir/time';
import type { OperationOutcome } from '@tk/fhir/types';
import { kAlertUrl, type Level } from '../work/model';

export const kClasses = ['AMB', 'EMER', 'IMP'] as const;
export type VisitClass = (typeof kClasses)[number];

export interface Told {
  flag: string; // "Flag/…"
  level: Level;
  text: string;
  instruction: string;
}
export interface Registered {
  encounter: string; // its id
  alerts: Told[];
}

interface AlertPart {
  url?: string;
  valueCode?: string;
  valueReference?: { reference?: string };
  extension?: AlertPart[];
}

/** The alerts in an answer; an issue that is none is passed over. */
export function alertsIn(outcome: OperationOutcome | null): Told[] {
  return (outcome?.issue ?? []).flatMap((issue): Told[] => {
    const parts = (issue as { extension?: AlertPart[] }).extension?.find((e) => e.url === kAlertUrl)?.extension;
    const flag = parts?.find((p) => p.url === 'flag')?.valueReference?.reference;
    if (!parts || flag === undefined) return [];
    const level = parts.find((p) => p.url === 'level')?.valueCode;
    return [{ flag, level: level === 'critical' || level === 'info' ? level : 'warning', text: issue.details?.text ?? '', instruction: issue.diagnostics ?? '' }];
  });
}

/** Throws Failure. Sent again with the same `key` it is the same visit, and the answer has its alerts again. */
export async function register(http: Http, patient: string, kind: VisitClass, department: string, nowMs: number, key: string): Promise<Registered> {
  const visit = {
    resourceType: 'Encounter', status: 'arrived', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: kind }, subject: { reference: `Patient/${patient}` }, period: { start: fhirDateTime(nowMs) },
    ...(department ? { serviceType: { text: department } } : {}),
  };
  const answer = await http.send<OperationOutcome>('POST', '/fhir/Encounter', { headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=OperationOutcome', 'Idempotency-Key': key }, body: JSON.stringify(visit) });
  const id = /\/Encounter\/([A-Za-z0-9\-.]{1,64})/.exec(answer.location ?? '')?.[1];
  if (id === undefined) throw new Failure('broken', answer.status, '', 'Location');
  return { encounter: id, alerts: alertsIn(answer.body) };
}

export async function acknowledge(http: Http, flag: string): Promise<void> {
  await http.send('POST', '/app/point-of-care/acknowledge', { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ alert: flag }) });
}
