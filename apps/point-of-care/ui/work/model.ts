// Alerts as facts: what a card says, in which order they stand, which are over time. Pure; the clock is given.
import { idOf } from '@tk/fhir/client';
import { parseTime } from '@tk/fhir/time';
import type { CodeableConcept, Patient, Reference, Resource } from '@tk/fhir/types';

export const kAlertUrl = 'http://tongkang.dev/fhir/StructureDefinition/alert';
export const kOpenStatus = ['requested', 'escalated'];

export interface AlertReceipt extends Resource {
  resourceType: 'AlertReceipt';
  status: string;
  alert: Reference;
  subject: Reference;
  encounter?: Reference;
  level?: string;
  authoredOn: string;
  due?: string;
  acknowledgedOn?: string;
  account?: string;
  comment?: string;
}

interface Part {
  url: string;
  valueCode?: string;
  valueString?: string;
  valueUrl?: string;
}

export interface Flag extends Resource {
  resourceType: 'Flag';
  status: string;
  code: CodeableConcept;
  extension?: (Part & { extension?: Part[] })[];
}

export type Level = 'critical' | 'warning' | 'info';

export interface Card {
  id: string;
  receipt: AlertReceipt;
  patient: Patient | null | undefined; // undefined: not read yet; null: not visible
  flag: Flag | null | undefined;
  level: Level;
  text: string;
  instruction: string;
  source: string;
  reason: string;
  link: string;
  raisedMs: number | null;
  dueMs: number | null;
}

export const patientIdOf = (r: AlertReceipt): string | null => idOf('Patient', r.subject.reference);
export const flagIdOf = (r: AlertReceipt): string | null => idOf('Flag', r.alert.reference);
export const isOpen = (r: AlertReceipt): boolean => kOpenStatus.includes(r.status);

function levelOf(text: string | undefined): Level {
  return text === 'critical' || text === 'info' ? text : 'warning';
}

export function cardOf(receipt: AlertReceipt, patient: Patient | null | undefined, flag: Flag | null | undefined): Card {
  const parts = flag?.extension?.find((e) => e.url === kAlertUrl)?.extension ?? [];
  const part = (url: string): Part | undefined => parts.find((p) => p.url === url);
  const link = part('link')?.valueUrl ?? '';
  return {
    id: receipt.id ?? '',
    receipt,
    patient,
    flag,
    level: levelOf(part('level')?.valueCode ?? receipt.level),
    text: flag?.code.text ?? '',
    instruction: part('instruction')?.valueString ?? '',
    source: part('source')?.valueString ?? '',
    reason: part('reason')?.valueString ?? '',
    link: /^https?:\/\//.test(link) ? link : '', // a list may name any address; only these are opened
    raisedMs: parseTime(receipt.authoredOn),
    dueMs: parseTime(receipt.due),
  };
}

export const isLate = (c: Card, nowMs: number): boolean => isOpen(c.receipt) && (c.receipt.status === 'escalated' || (c.dueMs !== null && c.dueMs < nowMs));

const kGravity: Record<Level, number> = { critical: 0, warning: 1, info: 2 };

/** Those over time first, then the gravest, then the oldest; of what has been seen the latest first. */
export function sortCards(cards: Card[], nowMs: number): Card[] {
  const seenMs = (c: Card): number => parseTime(c.receipt.acknowledgedOn) ?? 0;
  const rank = (c: Card): number[] => (isOpen(c.receipt) ? [0, isLate(c, nowMs) ? 0 : 1, kGravity[c.level], c.raisedMs ?? 0] : [1, 0, 0, -seenMs(c)]);
  return [...cards].sort((a, b) => {
    const left = rank(a);
    const right = rank(b);
    for (let i = 0; i < left.length; i++) {
      const d = (left[i] ?? 0) - (right[i] ?? 0);
      if (d !== 0) return d;
    }
    return a.id.localeCompare(b.id);
  });
}
