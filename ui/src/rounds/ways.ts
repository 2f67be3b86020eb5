// What may be done with a record that a workflow governs, as the server tells it ($transitions), and the form of each way. Pure but for askWays.
// Flow: GET $transitions -> Ways -> a way's inputs as a Questionnaire (components/form) -> its answers as the Parameters of POST $transition
// A way whose input is a reference to another record is not offered here: a phone has no list to choose it from.
import type { Coding } from '../fhir/types';
import type { Http } from '../fhir/http';
import type { Item, Questionnaire, QuestionnaireResponse, Valued } from '../components/form/model';
import { parseTime } from '../fhir/time';

interface Part {
  name: string;
  valueCode?: string;
  valueString?: string;
  valueBoolean?: boolean;
  valueInstant?: string;
  _valueString?: { extension?: { extension?: { url: string; valueString?: string; valueCode?: string }[] }[] };
  part?: Part[];
}
/** In both languages. */
export interface Said {
  zh: string;
  en: string;
}
export interface Input {
  name: string;
  title: Said;
  type: string;
  required: boolean;
  codes: string[];
}
export interface Way {
  code: string;
  title: Said;
  to: string; // the state that it leads to; "" if it stays
  may: boolean;
  why: string; // why not
  reason: boolean; // must one be given
  inputs: Input[];
}
export interface Ways {
  state: Said;
  sinceMs: number | null;
  undoMs: number | null; // until when the last step may be taken back by who asks
  ways: Way[];
}

const kReason = '-reason';
const find = (parts: readonly Part[], name: string): Part | undefined => parts.find((p) => p.name === name);

function saidOf(part: Part | undefined): Said {
  const zh = part?.valueString ?? '';
  const en = part?._valueString?.extension?.flatMap((e) => e.extension ?? []).find((e) => e.url === 'content')?.valueString;
  return { zh, en: en ?? zh };
}

function wayOf(parts: readonly Part[]): Way {
  const inputs = parts.filter((p) => p.name === 'input').map(({ part = [] }): Input => ({
    name: find(part, 'name')?.valueString ?? '',
    title: saidOf(find(part, 'title')),
    type: find(part, 'type')?.valueCode ?? 'string',
    required: find(part, 'required')?.valueBoolean === true,
    codes: part.filter((p) => p.name === 'code').map((p) => p.valueCode ?? ''),
  }));
  return {
    code: find(parts, 'code')?.valueCode ?? '',
    title: saidOf(find(parts, 'title')),
    to: find(parts, 'to')?.valueCode ?? '',
    may: find(parts, 'may')?.valueBoolean === true,
    why: find(parts, 'why')?.valueString ?? '',
    reason: find(parts, 'reason')?.valueCode === 'required',
    inputs,
  };
}

export function waysOf(parameters: { parameter?: Part[] }): Ways {
  const all = parameters.parameter ?? [];
  return {
    state: saidOf(find(all, 'title')),
    sinceMs: parseTime(find(all, 'since')?.valueInstant),
    undoMs: parseTime(find(all, 'undo')?.valueInstant),
    ways: all.filter((p) => p.name === 'transition').map((p) => wayOf(p.part ?? [])),
  };
}

export async function askWays(http: Http, type: string, id: string, signal?: AbortSignal): Promise<Ways> {
  const answer = await http.send<{ parameter?: Part[] }>('GET', `/fhir/${type}/${encodeURIComponent(id)}/$transitions`, { signal });
  return waysOf(answer.body ?? {});
}

const kTypes: Record<string, string> = { code: 'choice', boolean: 'boolean', decimal: 'decimal', integer: 'integer', date: 'date', dateTime: 'dateTime', string: 'string' };
const kNearEnd = ['completed', 'in-progress', 'accepted', 'on-hold'];
const distanceOf = (way: Way): number => (kNearEnd.includes(way.to) ? kNearEnd.indexOf(way.to) : kNearEnd.length);

/** What may be done here now; what brings the task nearest to its end first. */
export const openWays = (told: Ways): Way[] => told.ways.filter((w) => w.may && canFill(w)).sort((a, b) => distanceOf(a) - distanceOf(b));

/** Can it be filled in on a phone? */
export const canFill = (way: Way): boolean => way.inputs.every((input) => kTypes[input.type] !== undefined);
/** Is there anything to fill in? Else the button is all. */
export const asksFor = (way: Way): boolean => way.inputs.length > 0 || way.reason;

/** The form of a way. `word` says a code in words; `reason` and `note` are the question for the reason, where it must and where it may be given. */
export function formOf(way: Way, language: string, word: (code: string) => string, words: { reason: string }): Questionnaire {
  const said = (s: Said): string => (language === 'en' ? s.en : s.zh);
  const item = way.inputs.map((input): Item => ({
    linkId: input.name,
    text: said(input.title),
    type: kTypes[input.type] ?? 'string',
    required: input.required,
    ...(input.codes.length > 0 ? { answerOption: input.codes.map((code) => ({ valueCoding: { code, display: word(code) } })) } : {}),
  }));
  item.push({ linkId: kReason, text: words.reason, type: 'text', required: way.reason, maxLength: 500 });
  return { resourceType: 'Questionnaire', title: said(way.title), item };
}

function valueOf(type: string, answer: Valued & { valueCoding?: Coding }): object {
  if (type === 'code') return { valueCode: answer.valueCoding?.code ?? '' };
  return answer;
}

/** What is sent to $transition. */
export function parametersOf(way: Way, response: QuestionnaireResponse | null): object {
  const answers = new Map((response?.item ?? []).map((i) => [i.linkId, i.answer?.[0]]));
  const parameter: object[] = [{ name: 'code', valueCode: way.code }];
  const reason = (answers.get(kReason) as Valued | undefined)?.valueString;
  if (reason) parameter.push({ name: 'reason', valueString: reason });
  const part = way.inputs.flatMap((input) => {
    const answer = answers.get(input.name);
    return answer === undefined ? [] : [{ name: input.name, ...valueOf(input.type, answer as Valued) }];
  });
  if (part.length > 0) parameter.push({ name: 'inputs', part });
  return { resourceType: 'Parameters', parameter };
}
