// A rule as a person reads it: when it looks, what must hold, by which limits, what it does. Pure. Source of the form: docs/packs.md, "Rules".
import { leavesOf } from '../components/resource/diff';
import type { Finding, Words } from './ask';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Members = { [name: string]: Json };

export interface RuleFile {
  id?: string;
  version?: number;
  title?: Words;
  source?: { text?: string; edition?: string; date?: string };
  constants?: Record<string, Json>;
  on?: { type?: string; operations?: string[] };
  where?: string;
  do?: Members[];
}

export function titleOf(title: Words | string | undefined, language: string, otherwise: string): string {
  if (typeof title === 'string') return title;
  return title?.[language] ?? title?.['zh-CN'] ?? title?.['en'] ?? otherwise;
}

/** The parts of an expression that must all hold: cut at each "and" that stands in no bracket and no text. */
export function clausesOf(expression: string): string[] {
  const clauses: string[] = [];
  let depth = 0;
  let quote = '';
  let begin = 0;
  for (let i = 0; i < expression.length; i += 1) {
    const c = expression[i] ?? '';
    if (quote !== '') {
      if (c === '\\') i += 1;
      else if (c === quote) quote = '';
    } else if (c === "'" || c === '`') quote = c;
    else if ('([{'.includes(c)) depth += 1;
    else if (')]}'.includes(c)) depth -= 1;
    else if (depth === 0 && /^\s+(or|xor|implies)\s/.test(expression.slice(i))) return [expression.trim()]; // not all need hold
    else if (depth === 0 && /^\s+and\s/.test(expression.slice(i))) {
      clauses.push(expression.slice(begin, i).trim());
      begin = i + (/^\s+and\s/.exec(expression.slice(i))?.[0].length ?? 0);
      i = begin - 1;
    }
  }
  clauses.push(expression.slice(begin).trim());
  return clauses.map(withoutBrackets);
}

/** "(a)" → "a", where the brackets hold the whole. */
function withoutBrackets(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    if (text[i] === ')') depth -= 1;
    if (depth === 0 && i < text.length - 1) return text;
  }
  return text.slice(1, -1);
}

export interface Limit {
  name: string;
  value: string;
  unit: string;
  setting: string; // "": it stands in the rule
}

/** What a rule names by %name, with the value that it has here. */
export function limitsOf(rule: RuleFile, settings: Record<string, unknown>): Limit[] {
  return Object.entries(rule.constants ?? {}).map(([name, said]) => {
    const of = (typeof said === 'object' && said !== null && !Array.isArray(said) ? said : { value: said }) as Members;
    const setting = typeof of['setting'] === 'string' ? of['setting'] : '';
    const value = setting === '' ? of['value'] : settings[setting];
    return { name, value: typeof value === 'string' ? value : JSON.stringify(value) ?? '', unit: typeof of['unit'] === 'string' ? of['unit'] : '', setting };
  });
}

export const kVerbs = ['create', 'update', 'raise', 'transition', 'notify'] as const;
export type Verb = (typeof kVerbs)[number];
export interface Deed {
  verb: Verb | 'other';
  what: string; // the type, or whom it tells
  when: string; // "": always
  lines: { path: string; text: string; computed: boolean }[];
}

const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value));

export function deedsOf(rule: RuleFile): Deed[] {
  return (rule.do ?? []).map((action): Deed => {
    const verb = kVerbs.find((one) => one in action);
    const body = (verb === undefined ? action : action[verb]) as Members;
    const of = (path: string, value: Json): Deed['lines'] => leavesOf(value, path).map(([at, text]) => ({ path: at, text: text.replace(/^=/, ''), computed: text.startsWith('=') }));
    const { resourceType, ...rest } = body;
    const what = verb === 'create' ? asText(resourceType) : verb === 'notify' ? toWhom(body['to']) : asText(body['type']);
    const inside = verb === 'update' && body['set'] !== undefined ? { ...rest, set: undefined } : rest;
    const lines = Object.entries(inside).filter(([name, value]) => value !== undefined && name !== 'type' && !(verb === 'notify' && name === 'to')).flatMap(([name, value]) => of(name, value as Json));
    const set = verb === 'update' && typeof body['set'] === 'object' ? Object.entries(body['set'] as Members).map(([path, value]) => ({ path, text: asText(value).replace(/^=/, ''), computed: typeof value === 'string' && value.startsWith('=') })) : [];
    const about = Object.entries(action).filter(([name]) => name !== verb && name !== 'when' && verb !== undefined).flatMap(([name, value]) => of(name, value));
    return { verb: verb ?? 'other', what, when: asText(action['when']), lines: [...lines, ...set, ...about] };
  });
}

function toWhom(to: Json | undefined): string {
  const all = Array.isArray(to) ? to : to === undefined ? [] : [to];
  return all.map((one) => (typeof one === 'object' && one !== null ? Object.values(one as Members).map(asText).join(' ') : asText(one))).join(', ');
}

/** "Observation/x/_history/2" → where it is read. */
export function causeOf(cause: string): { type: string; id: string; version: string } | null {
  const [, type, id, version] = /^([A-Z]\w*)\/([A-Za-z0-9\-.]{1,64})\/_history\/(\d+)$/.exec(cause) ?? [];
  return type && id && version ? { type, id, version } : null;
}

/** How many on each day of the device's calendar, oldest first, days without any between them too. */
export function byDay(found: readonly Finding[], dayOf: (ms: number) => string): { day: string; count: number }[] {
  const at = found.map((one) => Date.parse(one.at)).filter((ms) => !Number.isNaN(ms));
  const counts = new Map<string, number>();
  for (const ms of at) counts.set(dayOf(ms), (counts.get(dayOf(ms)) ?? 0) + 1);
  const days: { day: string; count: number }[] = [];
  if (at.length === 0) return days;
  const last = dayOf(at.reduce((a, b) => Math.max(a, b)));
  for (let ms = at.reduce((a, b) => Math.min(a, b)); days.at(-1)?.day !== last && days.length < 366; ms += 86_400_000) days.push({ day: dayOf(ms), count: counts.get(dayOf(ms)) ?? 0 });
  return days;
}
