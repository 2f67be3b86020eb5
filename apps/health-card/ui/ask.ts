// The operations of the health card, as pages ask them. All by POST: what they say is about persons.
import { http } from '@tk/shell/session';
import type { Bundle, Verdict } from './verify/code';

export type CardStatus = 'active' | 'lost' | 'replaced' | 'closed';
export type CodeKind = 'dynamic' | 'static' | 'linked';

export interface Card {
  id: string;
  number: string;
  patient: string;
  status: CardStatus;
  statusDate: string;
}
export interface Relative {
  patient: string;
  relation: 'self' | 'child';
  name: string;
  card?: Card;
}
export interface ShownCode {
  code: string;
  expires: string;
  seconds: number;
  name: string;
  number: string;
  qr: { svg: string };
}
export interface Checked {
  verdict: Verdict;
  accepted: boolean;
  kind?: CodeKind;
  purpose?: string;
  name?: string;
  patient?: string;
  checked: string;
}
export interface Use {
  used: string;
  kind: CodeKind;
  purpose: string;
  verifier: string;
}
export interface Purpose {
  code: string;
  'zh-CN': string;
  en: string;
  static?: boolean;
  offline?: boolean;
}

/** Throws Failure. */
async function ask<T>(what: string, body: object, signal?: AbortSignal): Promise<T> {
  const a = await http.send<T>('POST', '/app/health-card/' + what, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal });
  return a.body as T;
}

/** `patient` "" is oneself. */
const whose = (patient: string): object => (patient === '' ? {} : { patient });

export const askFamily = async (patient: string): Promise<Relative[]> => (await ask<{ people: Relative[] }>('family', whose(patient))).people;
export const askCode = (patient: string, signal?: AbortSignal): Promise<ShownCode> => ask('present', { patient }, signal);
export const askPrint = (patient: string): Promise<ShownCode> => ask('print', { patient });
export const reportLoss = (patient: string): Promise<{ card: Card }> => ask('report-loss', { patient });
export const askUses = async (patient: string): Promise<Use[]> => (await ask<{ uses: Use[] }>('uses', { patient })).uses;
export const check = (code: string, purpose: string): Promise<Checked> => ask('verify', { code, purpose });
export const askBundle = (): Promise<Bundle> => ask('offline', {});

export async function askPurposes(): Promise<Purpose[]> {
  const a = await http.send<{ purposes: Purpose[] }>('GET', '/app/health-card/settings');
  return a.body?.purposes ?? [];
}

/** An SVG of the program's, as the address of a picture. */
export function pictureOf(svg: string): string {
  return 'data:image/svg+xml,' + encodeURIComponent(svg);
}
