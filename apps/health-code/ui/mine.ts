// One's own colour as the program tells it, and how fresh that is. Pure but for the two questions.
// Source: apps/health-code/operations.cpp (mine, appeal)
import { http } from '@tk/shell/session';

export type Colour = 'green' | 'yellow' | 'red';
export interface Reason {
  id: string; // "CodeReason/…"
  colour: Colour;
  reason: string;
  rule: string; // "health-code.fever|1"
  since?: string;
  until?: string;
  changes: Record<string, string>;
  evidence: string[];
}
export interface Appeal {
  id: string;
  status: string;
  reason: string;
  made: string;
  answer?: string;
}
export interface Mine {
  colour: Colour;
  since?: string;
  until?: string;
  checked: string;
  reasons: Reason[];
  appeals: Appeal[];
}
/** What was told, and when it was asked for on performance.now's clock: a phone's own clock may say anything. */
export interface Told {
  mine: Mine;
  askedMs: number;
}

/** A colour older than this is shown to nobody: the one of now may be another. */
export const kFreshMs = 60_000;
export const kAskEveryMs = 20_000;

export const isFresh = (told: Told | undefined, nowMs: number): told is Told => told !== undefined && nowMs - told.askedMs < kFreshMs;

async function ask<T>(what: string, body: object, signal?: AbortSignal): Promise<T> {
  const a = await http.send<T>('POST', '/app/health-code/' + what, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal });
  return a.body as T;
}

export async function askMine(signal?: AbortSignal): Promise<Told> {
  const askedMs = performance.now();
  return { mine: await ask<Mine>('mine', {}, signal), askedMs };
}

/** Throws Failure; 'conflict': there is one already. */
export const sendAppeal = (reason: string, text: string): Promise<unknown> => ask('appeal', { reason, text });

export const kTextBytesMax = 2000;
export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

const kReasons = ['positive', 'fever', 'isolated'];
const kKinds = ['Observation', 'Communication', 'DiagnosticReport'];
/** Keys of words, for what this page knows; another reason of the city's own has a word as well. */
export const reasonKey = (reason: string): string => (kReasons.includes(reason) ? reason : 'other');

/** How many records of each kind a reason stands on. */
export function evidenceOf(references: readonly string[]): { kind: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const reference of references) {
    const type = reference.split('/')[0] ?? '';
    const kind = kKinds.includes(type) ? type : 'other';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => ({ kind, count }));
}

/** "health-code.fever|1" as its name and its version. */
export function ruleOf(rule: string): { rule: string; version: string } {
  const [name = '', version = ''] = rule.split('|');
  return { rule: name, version };
}

/** Whole days until then, the day of today apart; 0: today, or it has passed. */
export function daysLeft(untilMs: number, nowMs: number): number {
  const day = (ms: number): number => Date.UTC(new Date(ms).getFullYear(), new Date(ms).getMonth(), new Date(ms).getDate());
  return Math.max(0, Math.round((day(untilMs) - day(nowMs)) / 86_400_000));
}

/** The reasons against which there is no appeal yet, in the order told. */
export const open = (mine: Mine): Reason[] => mine.reasons.filter((r) => !mine.appeals.some((a) => a.reason === r.id));
