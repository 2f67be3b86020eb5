// What a record that a workflow governs may do now, as the program tells it ($transitions): its ways, what each asks for, and what stands in the way. Pure, but for
// the requests at the end. Source: docs/api.md, "$transitions, $transition, $states".
import type { Http } from '../../fhir/http';
import { parseTime } from '../../fhir/time';
import type { Reference, Resource } from '../../fhir/types';

export interface Said {
  zh: string;
  en: string;
}
export interface WayInput {
  name: string;
  title: Said;
  type: string; // FHIR's: code, string, date, dateTime, decimal, integer, boolean, Reference
  required: boolean;
  codes: string[];
}
export interface Way {
  code: string;
  title: Said;
  to: string; // "": it stays in its state
  may: boolean;
  why: string; // of what may not be: the program's words
  unmet: Said[]; // what is missing, of a way that leads out of this state
  posts: string[];
  reason: boolean; // asked for
  inputs: WayInput[];
}
export interface Ways {
  state: string;
  title: Said;
  sinceMs: number | null;
  dueMs: number | null;
  undoMs: number | null; // until when this account may take its last step back
  ways: Way[];
}

export interface Part {
  name?: string;
  valueCode?: string;
  valueString?: string;
  valueBoolean?: boolean;
  valueInstant?: string;
  valueInteger?: number;
  valueReference?: Reference;
  _valueString?: { extension?: { extension?: { url?: string; valueCode?: string; valueString?: string }[] }[] };
  part?: Part[];
}

const textIn = (parts: readonly Part[], name: string): string => {
  const part = parts.find((p) => p.name === name);
  return part?.valueCode ?? part?.valueString ?? '';
};
function saidBy(part: Part | undefined): Said {
  const zh = part?.valueString ?? '';
  const english = part?._valueString?.extension?.flatMap((e) => e.extension ?? []).find((e) => e.url === 'content')?.valueString;
  return { zh, en: english ?? zh };
}
const timeIn = (parts: readonly Part[], name: string): number | null => parseTime(parts.find((p) => p.name === name)?.valueInstant);
const holdsIn = (parts: readonly Part[], name: string): boolean => parts.find((p) => p.name === name)?.valueBoolean === true;

function inputOf(parts: readonly Part[]): WayInput {
  return { name: textIn(parts, 'name'), title: saidBy(parts.find((p) => p.name === 'title')), type: textIn(parts, 'type'), required: holdsIn(parts, 'required'), codes: parts.filter((p) => p.name === 'code').map((p) => p.valueCode ?? '') };
}

export function waysIn(parameters: readonly Part[]): Ways {
  const all = parameters.filter((p) => p.name === 'transition').map((p) => p.part ?? []);
  return {
    state: textIn(parameters, 'state'),
    title: saidBy(parameters.find((p) => p.name === 'title')),
    sinceMs: timeIn(parameters, 'since'),
    dueMs: timeIn(parameters, 'due'),
    undoMs: timeIn(parameters, 'undo'),
    ways: all.map((parts) => ({
      code: textIn(parts, 'code'),
      title: saidBy(parts.find((p) => p.name === 'title')),
      to: textIn(parts, 'to'),
      may: holdsIn(parts, 'may'),
      why: textIn(parts, 'why'),
      unmet: parts.filter((p) => p.name === 'unmet').map(saidBy),
      posts: parts.filter((p) => p.name === 'post').map((p) => p.valueCode ?? ''),
      reason: textIn(parts, 'reason') === 'required',
      inputs: parts.filter((p) => p.name === 'input').map((p) => inputOf(p.part ?? [])),
    })),
  };
}

export const saidIn = (said: Said, language: string): string => (language === 'en' ? said.en : said.zh);

/** A refusal "中文 / English", as guards say it: the half in this language. Of anything else the whole. */
export function spokenIn(text: string, language: string): string {
  const [zh, en, ...more] = text.split(' / ');
  if (zh === undefined || en === undefined || more.length > 0 || !/\p{Script=Han}/u.test(zh) || /\p{Script=Han}/u.test(en)) return text;
  return language === 'en' ? en : zh;
}

/** What a person must know though he cannot do it: ways that lack something, of his post or of the platform's own that the page names. */
export const lockedIn = (ways: Ways, post: string, told: readonly string[]): Way[] => ways.ways.filter((w) => !w.may && w.unmet.length > 0 && (w.posts.includes(post) || told.includes(w.code)));

/** What a step asks before it can go. */
export const asks = (way: Way): boolean => way.reason || way.inputs.length > 0;

/** What was filled in, by the inputs' types; null where nothing was. */
export function valuesOf(inputs: readonly WayInput[], filled: Readonly<Record<string, string>>): Record<string, Part & Record<string, unknown>> {
  const made: Record<string, Part & Record<string, unknown>> = {};
  for (const input of inputs) {
    const text = (filled[input.name] ?? '').trim();
    if (text === '') continue;
    const member = 'value' + input.type.charAt(0).toUpperCase() + input.type.slice(1);
    const value = input.type === 'decimal' || input.type === 'integer' ? Number(text) : input.type === 'boolean' ? text === 'true' : input.type === 'Reference' ? { reference: text } : text;
    made[input.name] = { [member]: value };
  }
  return made;
}

export type InputProblem = 'required' | 'number' | 'whole' | 'reference';
export function problemIn(input: WayInput, text: string): InputProblem | null {
  const said = text.trim();
  if (said === '') return input.required ? 'required' : null;
  if (input.type === 'decimal' && !/^-?\d{1,9}(\.\d{1,4})?$/.test(said)) return 'number';
  if (input.type === 'integer' && !/^-?\d{1,9}$/.test(said)) return 'whole';
  if (input.type === 'Reference' && !/^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(said)) return 'reference';
  return null;
}

export interface Step {
  state: string;
  transition: string;
  atMs: number | null;
  by: string; // who, in words; "": the platform
  reason: string;
  isLimit: boolean; // a time limit passed
}

export function stepsIn(parameters: readonly Part[]): Step[] {
  return parameters
    .filter((p) => p.name === 'step' || p.name === 'limit')
    .map((p) => {
      const parts = p.part ?? [];
      const by = parts.find((x) => x.name === 'by')?.valueReference;
      return { state: textIn(parts, 'state'), transition: textIn(parts, 'transition'), atMs: timeIn(parts, 'at'), by: by?.display ?? by?.identifier?.value ?? '', reason: textIn(parts, 'reason'), isLimit: p.name === 'limit' };
    });
}

const kMark = 'http://tongkang.dev/fhir/StructureDefinition/workflow';
type Marked = { extension?: { url: string; extension?: { url: string; valueInstant?: string }[] }[] };

/**
 * The time limit by which a record is late or will be: of those of its state that have passed the first, else the next; null: it has none. Source:
 * kernel/workflow/mark.h.
 */
export function limitOf(record: Resource): number | null {
  const mark = (record as unknown as Marked).extension?.find((e) => e.url === kMark)?.extension ?? [];
  return parseTime(mark.find((e) => e.url === 'due')?.valueInstant);
}

/** Since when it is in its state. */
export function sinceOf(record: Resource): number | null {
  const mark = (record as unknown as Marked).extension?.find((e) => e.url === kMark)?.extension ?? [];
  return parseTime(mark.find((e) => e.url === 'since')?.valueInstant);
}

const at = (type: string, id: string): string => `/fhir/${type}/${encodeURIComponent(id)}`;

export async function askWays(http: Http, type: string, id: string, signal?: AbortSignal): Promise<Ways> {
  const answer = await http.send<{ parameter?: Part[] }>('GET', `${at(type, id)}/$transitions`, { signal });
  return waysIn(answer.body?.parameter ?? []);
}

export async function askSteps(http: Http, type: string, id: string, signal?: AbortSignal): Promise<Step[]> {
  const answer = await http.send<{ parameter?: Part[] }>('GET', `${at(type, id)}/$states`, { signal });
  return stepsIn(answer.body?.parameter ?? []);
}
