// What is typed into the form of an account, and what of it is sent.
import type { Kept, Kind } from './keep';

export interface Draft {
  kind: Kind;
  name: string;
  display: string;
  post: string;
  area: string;
  organization: string;
  record: string;
  phone: string;
  noPhone: boolean; // takes the number away
  smsFactor: boolean;
  scopes: string;
  redirects: string; // one a line
  isPublic: boolean;
  jwks: string;
  algorithm: string;
}

export const kFresh: Draft = {
  kind: 'person', name: '', display: '', post: '', area: '', organization: '', record: '', phone: '', noPhone: false,
  smsFactor: false, scopes: '', redirects: '', isPublic: false, jwks: '', algorithm: 'RS256',
};

export function draftOf(account: Kept): Draft {
  return {
    ...kFresh,
    kind: account.kind,
    name: account.name,
    display: account.display,
    post: account.post,
    area: account.area,
    organization: account.organization ?? '',
    record: account.record ?? '',
    smsFactor: account.sms_factor,
    scopes: account.scopes ?? '',
    redirects: (account.redirects ?? []).join('\n'),
    algorithm: account.id_token_signed_response_alg ?? 'ES256',
  };
}

export type Wrong = Partial<Record<keyof Draft, string>>;

const kRecord: Record<'person' | 'resident', RegExp> = {
  person: /^(Practitioner|PractitionerRole)\/[A-Za-z0-9.-]{1,64}$/,
  resident: /^Patient\/[A-Za-z0-9.-]{1,64}$/,
};

/** What is plainly wrong, by field, as keys of words; the rest the program finds. */
export function wrongIn(draft: Draft): Wrong {
  const wrong: Wrong = {};
  if (!/^[a-z0-9._-]{1,64}$/.test(draft.name)) wrong.name = 'wrong.name';
  if (!draft.post && draft.kind !== 'program') wrong.post = 'wrong.post';
  if (draft.area && !/^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12}|\d{15})$/.test(draft.area)) wrong.area = 'wrong.area';
  if (draft.organization && !/^Organization\/[A-Za-z0-9.-]{1,64}$/.test(draft.organization)) wrong.organization = 'wrong.organization';
  if (draft.kind === 'person' && draft.record && !kRecord.person.test(draft.record)) wrong.record = 'wrong.record';
  if (draft.kind === 'resident' && !kRecord.resident.test(draft.record)) wrong.record = 'wrong.recordOfResident';
  if (draft.phone && !/^1\d{10}$/.test(draft.phone.replace(/[\s-]/g, ''))) wrong.phone = 'wrong.phone';
  return wrong;
}

const linesOf = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const kSignsIn: ReadonlySet<Kind> = new Set<Kind>(['person', 'resident']);
export const signsIn = (kind: Kind): boolean => kSignsIn.has(kind);

/** As the program names it; only the fields of this kind. */
function bodyOf(draft: Draft): Record<string, unknown> {
  const body: Record<string, unknown> = { display: draft.display || draft.name, post: draft.post, area: draft.area };
  if (draft.kind === 'person') body['organization'] = draft.organization;
  if (signsIn(draft.kind)) body['record'] = draft.record;
  if (draft.kind === 'person') body['sms_factor'] = draft.smsFactor;
  if (draft.kind === 'program') {
    body['scopes'] = draft.scopes;
    body['redirects'] = linesOf(draft.redirects);
    body['id_token_signed_response_alg'] = draft.algorithm;
  }
  return body;
}

function phoneOf(draft: Draft): { phone?: string } {
  if (!signsIn(draft.kind)) return {};
  if (draft.noPhone) return { phone: '' };
  return draft.phone ? { phone: draft.phone } : {};
}

export function addition(draft: Draft): object {
  const filled = Object.fromEntries(Object.entries(bodyOf(draft)).filter(([, value]) => value !== '' && value !== false));
  const keys = draft.kind === 'program' ? { ...(draft.isPublic && { public: true }), ...(draft.jwks.trim() && { jwks: draft.jwks }) } : {};
  return { name: draft.name, kind: draft.kind, ...filled, ...phoneOf(draft), ...keys };
}

/** Only what was changed: all that is open ends with a change, so that one of nothing is not sent. null: nothing is. */
export function changes(before: Draft, now: Draft): object | null {
  const was = bodyOf(before);
  const changed = Object.entries(bodyOf(now)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name]));
  const all = { ...Object.fromEntries(changed), ...phoneOf(now), ...(now.jwks.trim() && { jwks: now.jwks }) };
  return Object.keys(all).length > 0 ? all : null;
}
