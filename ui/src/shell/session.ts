// Who is signed in at this page. One small store; pages read it with useSession.
// The session itself is an HttpOnly cookie: this page never sees it.
import { useSyncExternalStore } from 'react';
import { FhirClient } from '../fhir/client';
import { asFailure, Failure, Http } from '../fhir/http';

export interface Session {
  account: string;
  display: string;
  kind?: 'person' | 'device' | 'resident' | 'program';
  record?: string; // who he is in the log: "Practitioner/x", "Patient/y"
  post: string; // the post's name in the configuration
  title_zh?: string; // the post in words
  title_en?: string;
  area: string; // division code of the area, "" for all
  may?: { read: string[]; write: string[]; call: string[] }; // resource types and operations; "*" for all
}

const kAll = '*';

/**
 * Whether the post may read or write `type`, or call an operation of that name: for offering no more than that. The program decides
 * at every request by itself; where it has told nothing, everything is offered and it refuses.
 */
export function may(session: Session, what: 'read' | 'write' | 'call', type: string): boolean {
  const held = session.may?.[what];
  return !held || held.includes(type) || held.includes(kAll);
}

export function postOf(session: Session, language: string): string {
  return (language === 'en' ? session.title_en : session.title_zh) || session.post;
}

export type SessionState =
  | { kind: 'asking' }
  | { kind: 'unreachable'; failure: Failure }
  | { kind: 'out' }
  | { kind: 'in'; session: Session }
  | { kind: 'expired'; session: Session };

let state: SessionState = { kind: 'asking' };
const listeners = new Set<() => void>();

function set(next: SessionState): void {
  state = next;
  for (const l of listeners) l();
}

/** A 401 in the middle of work: the page stays with all that was typed, and asks to sign in again over it. */
export function expireSession(): void {
  if (state.kind === 'in') set({ kind: 'expired', session: state.session });
}

export const http = new Http(undefined, expireSession);
export const fhir = new FhirClient(http);
const quiet = new Http();

/** What the page's first script has left: its question who is signed in, and whether the form was sent before it worked. */
const boot = (globalThis as { tkBoot?: { asked: Promise<Response> | null; pressed: boolean } }).tkBoot;

/** The answer to the first script's question, once; it was sent without a time limit, so `signal` ends the waiting. */
function takeAsked(signal: AbortSignal | null | undefined): Promise<Response> | null {
  const asked = boot?.asked ?? null;
  if (!boot || !asked) return null;
  boot.asked = null;
  return new Promise((done, fail) => {
    signal?.addEventListener('abort', () => fail(new Error('no answer')));
    asked.then(done, fail);
  });
}

/** True once, if the form was sent before it worked. */
export function takePressed(): boolean {
  const pressed = boot?.pressed ?? false;
  if (boot) boot.pressed = false;
  return pressed;
}

const kKnownKey = 'tk.known';

/** Whether this browser was signed in when it was last seen: a guess for what to show and fetch first, nothing else. */
export function wasKnown(): boolean {
  try {
    return localStorage.getItem(kKnownKey) === '1';
  } catch {
    return false;
  }
}

function setKnown(known: boolean): void {
  try {
    if (known) localStorage.setItem(kKnownKey, '1');
    else localStorage.removeItem(kKnownKey);
  } catch {
    // Without storage the form stands there first, each time.
  }
}

async function askWho(): Promise<SessionState> {
  try {
    const a = await new Http((input, init) => takeAsked(init.signal) ?? fetch(input, init)).send<Session>('GET', '/auth/me');
    return a.body ? { kind: 'in', session: a.body } : { kind: 'out' };
  } catch (e) {
    const failure = asFailure(e);
    return failure.kind === 'signed-out' ? { kind: 'out' } : { kind: 'unreachable', failure };
  }
}

export async function askSession(): Promise<void> {
  const next = await askWho();
  // Somebody may have signed in at the form meanwhile: that is newer than this answer.
  if (state.kind !== 'asking' && state.kind !== 'unreachable') return;
  if (next.kind !== 'unreachable') setKnown(next.kind === 'in');
  set(next);
}

/** What is wanted before somebody is signed in; `ticket` says how far he has come. */
export interface Challenge {
  next: 'code' | 'sms' | 'enrol' | 'password';
  ticket: string;
  again_seconds?: number; // of sms: when another text may be asked for
  secret?: string; // of enrol: the key as text
  qr?: string; // of enrol: an SVG
}
/** Signed in, perhaps with recovery codes that are shown once and need a look before the page goes on. */
export interface SignedIn {
  session: Session;
  recovery: string[];
}

/** One step of a sign-in: POST /auth/<step>. Throws Failure; 'signed-out' means that what was typed is wrong, or the ticket is over. */
export async function signInStep(step: string, body: Record<string, string>): Promise<Challenge | SignedIn> {
  const a = await quiet.send<(Session & { recovery?: string[] }) | Challenge>('POST', '/auth/' + step, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!a.body) throw new Failure('broken', a.status, '', '');
  if (a.status === 202) return a.body as Challenge;
  const { recovery = [], ...session } = a.body as Session & { recovery?: string[] };
  return { session, recovery };
}

export function enter(session: Session): void {
  setKnown(true);
  set({ kind: 'in', session });
}

/** Does this server send texts, so that a resident may sign in by his phone? No, if it cannot be asked. */
export async function askWays(): Promise<{ phone: boolean }> {
  try {
    const a = await quiet.send<{ phone?: boolean }>('GET', '/auth/ways');
    return { phone: a.body?.phone === true };
  } catch {
    return { phone: false };
  }
}

/** The program forgets the session first: if it cannot be reached, the page says so and stays signed in. */
export async function signOut(): Promise<void> {
  try {
    await quiet.send('POST', '/auth/sign-out');
  } catch (e) {
    if (asFailure(e).kind !== 'signed-out') throw e;
  }
  setKnown(false);
  set({ kind: 'out' });
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => state,
    () => state, // while the form that came with the page is taken over
  );
}

/** Inside a door's page there always is a session. */
export function useSession(): Session {
  const s = useSessionState();
  if (s.kind !== 'in' && s.kind !== 'expired') throw new Error('useSession outside a signed-in page');
  return s.session;
}
