// What the page of accounts asks: /admin/accounts (docs/flow/sign-on.md, "Keeping accounts"). Throws Failure.
import { http } from '../shell/session';
import type { OwnSession } from '../account/own';

export const kKinds = ['person', 'resident', 'device', 'program'] as const;
export type Kind = (typeof kKinds)[number];
/** The counters above the list, which are its filters. */
export const kShown = ['all', ...kKinds, 'disabled'] as const;
export type Shown = (typeof kShown)[number];

export interface Kept {
  name: string;
  display: string;
  kind: Kind;
  post: string;
  area: string; // a division code, "" = the whole city
  organization?: string;
  record?: string;
  scopes?: string;
  redirects?: string[];
  id_token_signed_response_alg?: string;
  disabled: boolean;
  password: boolean;
  must_change: boolean;
  app: boolean;
  phone: boolean;
  sms_factor: boolean;
  secret: boolean;
  keys: boolean;
}
/** What is shown once, and cannot be asked for again. */
export interface Once {
  one_time_password?: string;
  client_secret?: string;
}
export interface PostTold {
  name: string;
  title_zh: string;
  title_en: string;
  second_factor: boolean;
}
export interface KeptPage {
  total: number;
  accounts: Kept[];
  next?: string;
  counts?: Record<Shown, number>; // with the first page
  posts?: PostTold[];
}
export interface Asked {
  text: string;
  post: string;
  shown: Shown;
}

const kBase = '/admin/accounts';
const at = (name: string, what = ''): string => `${kBase}/${encodeURIComponent(name)}${what && '/' + what}`;

async function send<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await http.send<T>(method, path, body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  return answer.body as T;
}

export async function askList(asked: Asked, after: string, signal?: AbortSignal): Promise<KeptPage> {
  const query = new URLSearchParams();
  if (asked.text) query.set('text', asked.text);
  if (asked.post) query.set('post', asked.post);
  if (asked.shown === 'disabled') query.set('disabled', 'true');
  else if (asked.shown !== 'all') query.set('kind', asked.shown);
  if (after) query.set('after', after);
  return (await http.send<KeptPage>('GET', `${kBase}?${query}`, { signal })).body as KeptPage;
}

export const askOne = (name: string): Promise<Kept> => send('GET', at(name));
export const addAccount = (body: object): Promise<Kept & Once> => send('POST', kBase, body);
export const changeAccount = (name: string, body: object): Promise<Kept> => send('PATCH', at(name), body);
/** What is done to an account without further words. */
export const kDeeds = ['disable', 'enable', 'reset', 'reset-factor', 'new-secret'] as const;
export type Deed = (typeof kDeeds)[number];
export const doTo = (name: string, deed: Deed): Promise<Kept & Once> => send('POST', at(name, deed));
export const askSessionsOf = async (name: string): Promise<OwnSession[]> => (await send<{ sessions: OwnSession[] }>('GET', at(name, 'sessions'))).sessions;
/** Without an id: all of them. */
export const endSessionOf = (name: string, id = ''): Promise<null> => send('DELETE', at(name, 'sessions' + (id && '/' + id)));

/** Why this one is not changed here: one's own, or one that only the set-up changes. */
export function lockedFor(session: { account: string; post: string }, account: Kept): 'own' | 'admin' | null {
  if (session.account === account.name) return 'own';
  return account.post === 'admin' && session.post !== 'admin' ? 'admin' : null;
}
