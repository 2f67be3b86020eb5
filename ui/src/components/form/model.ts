// A Questionnaire as a form: what stands there now, what is wrong, what is sent. Pure.
// Shape:  an item stands at a path: "contact#1/name" is `name` in the second of the repeated groups `contact`. What was typed is kept as it was typed, so that nothing is
//         lost by a question that is hidden for a while; what is hidden is not sent.
// What the server calculates (readOnly) is shown, never sent as typed: the server puts it in. Source: FHIR R4 questionnaire.html, questionnaireresponse.html.
import type { Coding, Quantity, Reference, Resource } from '../../fhir/types';

export interface Attachment {
  contentType?: string;
  data?: string; // base64
  title?: string;
  size?: number;
}
/** A value[x] under whatever name. */
export interface Valued {
  valueBoolean?: boolean;
  valueDecimal?: number;
  valueInteger?: number;
  valueDate?: string;
  valueDateTime?: string;
  valueTime?: string;
  valueString?: string;
  valueUri?: string;
  valueCoding?: Coding;
  valueQuantity?: Quantity;
  valueReference?: Reference;
  valueAttachment?: Attachment;
}
export interface EnableWhen {
  question: string;
  operator: 'exists' | '=' | '!=' | '>' | '<' | '>=' | '<=';
  answerBoolean?: boolean;
  answerDecimal?: number;
  answerInteger?: number;
  answerDate?: string;
  answerDateTime?: string;
  answerTime?: string;
  answerString?: string;
  answerCoding?: Coding;
  answerQuantity?: Quantity;
}
export interface Item {
  linkId: string;
  text?: string;
  prefix?: string;
  type: string;
  required?: boolean;
  repeats?: boolean;
  readOnly?: boolean;
  maxLength?: number;
  enableWhen?: EnableWhen[];
  enableBehavior?: 'all' | 'any';
  answerOption?: Valued[];
  initial?: Valued[];
  item?: Item[];
  extension?: ({ url: string; valueCoding?: Coding } & Valued)[];
}
export interface Questionnaire extends Resource {
  resourceType: 'Questionnaire';
  url?: string;
  version?: string;
  title?: string;
  item?: Item[];
}

/** What was typed or chosen, as it was. */
export type Raw = string | boolean | Coding | Attachment;
export interface Filled {
  values: Readonly<Record<string, readonly Raw[]>>; // by path
  copies: Readonly<Record<string, number>>; // of repeated groups, by path; 1 unless said
}

export const kNothing: Filled = { values: {}, copies: {} };
const kMin = 'http://hl7.org/fhir/StructureDefinition/minValue';
const kMax = 'http://hl7.org/fhir/StructureDefinition/maxValue';
const kUnit = 'http://hl7.org/fhir/StructureDefinition/questionnaire-unit';

export const isGroup = (item: Item): boolean => item.type === 'group';
export const isShown = (item: Item): boolean => item.type === 'display';
const under = (path: string, item: Item): string => (path ? `${path}/${item.linkId}` : item.linkId);

/** Where its copies stand: of what does not repeat, and of questions, one. */
export function placesOf(item: Item, parent: string, filled: Filled): string[] {
  const path = under(parent, item);
  if (!isGroup(item) || !item.repeats) return [path];
  return Array.from({ length: Math.max(1, filled.copies[path] ?? 1) }, (_, i) => `${path}#${i}`);
}

const bare = (segment: string): string => segment.replace(/#\d+$/, '');
const lastOf = (path: string): string => bare(path.split('/').at(-1) ?? '');

/** Do they stand in two copies of one repeated group? */
function inOtherCopy(a: string, b: string): boolean {
  const x = a.split('/');
  const y = b.split('/');
  let n = 0;
  while (n < x.length && x[n] === y[n]) n += 1;
  return n < x.length && n < y.length && bare(x[n] ?? '') === bare(y[n] ?? '');
}

interface Known {
  items: Map<string, Item>; // by linkId
  parents: Map<string, string>; // linkId -> that of the item it stands in
}
export function knownOf(questionnaire: Questionnaire): Known {
  const known: Known = { items: new Map(), parents: new Map() };
  const walk = (items: readonly Item[] | undefined, parent: string): void => {
    for (const item of items ?? []) {
      known.items.set(item.linkId, item);
      if (parent) known.parents.set(item.linkId, parent);
      walk(item.item, item.linkId);
    }
  };
  walk(questionnaire.item, '');
  return known;
}

/** The answers to a question that count for an item at `from`: none of another copy of a group in which both stand. */
function answersFor(linkId: string, from: string, filled: Filled): readonly Raw[] {
  return Object.keys(filled.values).filter((path) => lastOf(path) === linkId && !inOtherCopy(path, from)).flatMap((path) => filled.values[path] ?? []);
}

function sameCoding(a: Coding, b: Coding): boolean {
  return a.code === b.code && (a.system ?? '') === (b.system ?? '');
}

function holds(raw: Raw, when: EnableWhen): boolean {
  const { operator } = when;
  if (when.answerCoding) {
    const same = typeof raw === 'object' && 'code' in raw && sameCoding(raw, when.answerCoding);
    return operator === '=' ? same : operator === '!=' && !same;
  }
  if (when.answerBoolean !== undefined) return operator === '=' ? raw === when.answerBoolean : operator === '!=' && raw !== when.answerBoolean;
  if (typeof raw !== 'string') return false;
  const number = when.answerDecimal ?? when.answerInteger ?? when.answerQuantity?.value;
  const [left, right] = number === undefined ? [raw, when.answerString ?? when.answerDate ?? when.answerDateTime ?? when.answerTime ?? ''] : [Number(raw), number];
  if (number !== undefined && (raw.trim() === '' || Number.isNaN(left))) return false;
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '>') return left > right;
  if (operator === '<') return left < right;
  return operator === '>=' ? left >= right : left <= right;
}

/** Is it asked now? Answers to what is not asked itself do not count. */
export function isEnabled(item: Item, path: string, filled: Filled, known: Known, depth = 0): boolean {
  const conditions = item.enableWhen ?? [];
  const kDeepest = 32; // a form whose questions wait for one another ends here
  if (depth > kDeepest) return false;
  const parent = known.parents.get(item.linkId);
  const parentItem = parent === undefined ? undefined : known.items.get(parent);
  if (parentItem && !isEnabled(parentItem, path.slice(0, Math.max(0, path.lastIndexOf('/'))), filled, known, depth + 1)) return false;
  if (conditions.length === 0) return true;
  const one = (when: EnableWhen): boolean => {
    const asked = known.items.get(when.question);
    const live = asked !== undefined && asked.linkId !== item.linkId && isEnabled(asked, path, filled, known, depth + 1);
    const answers = live ? answersFor(when.question, path, filled).filter((raw) => raw !== '') : [];
    if (when.operator === 'exists') return (answers.length > 0) === (when.answerBoolean ?? true);
    return answers.some((raw) => holds(raw, when));
  };
  return item.enableBehavior === 'any' ? conditions.some(one) : conditions.every(one);
}

export type Problem = 'required' | 'number' | 'whole' | 'date' | 'dateTime' | 'time' | 'long' | 'small' | 'large' | 'reference' | 'uri';

const kShapes: Record<string, [RegExp, Problem]> = {
  decimal: [/^-?\d{1,12}(\.\d{1,6})?$/, 'number'], quantity: [/^-?\d{1,12}(\.\d{1,6})?$/, 'number'], integer: [/^-?\d{1,9}$/, 'whole'],
  date: [/^\d{4}(-\d{2}(-\d{2})?)?$/, 'date'], dateTime: [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, 'dateTime'], time: [/^\d{2}:\d{2}(:\d{2})?$/, 'time'],
  reference: [/^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/, 'reference'], url: [/^\S+:\S+$/, 'uri'],
};

function limitOf(item: Item, url: string): number | undefined {
  const told = item.extension?.find((e) => e.url === url);
  return told?.valueDecimal ?? told?.valueInteger;
}

/** What is wrong with what stands there; null: nothing, or nothing stands there. */
export function wrongIn(item: Item, raw: Raw): Problem | null {
  if (typeof raw !== 'string' || raw.trim() === '') return null;
  const shape = kShapes[item.type];
  if (shape && !shape[0].test(raw.trim())) return shape[1];
  if (item.maxLength !== undefined && [...raw].length > item.maxLength) return 'long';
  if (['decimal', 'integer', 'quantity'].includes(item.type)) {
    const [least, most] = [limitOf(item, kMin), limitOf(item, kMax)];
    if (least !== undefined && Number(raw) < least) return 'small';
    if (most !== undefined && Number(raw) > most) return 'large';
  }
  return null;
}

export const limitsOf = (item: Item): { least: number | undefined; most: number | undefined } => ({ least: limitOf(item, kMin), most: limitOf(item, kMax) });
export const unitOf = (item: Item): Coding | undefined => item.extension?.find((e) => e.url === kUnit)?.valueCoding;

/** A copy of a group that need not be there, and of which nothing is filled in: it is not sent, so nothing of it is wanted. */
const isLeftOut = (item: Item, path: string, filled: Filled): boolean =>
  isGroup(item) && item.repeats === true && !item.required && !Object.entries(filled.values).some(([at, values]) => at.startsWith(path + '/') && values.some((raw) => raw !== ''));

/** Every problem, by path, in the order in which the questions stand. */
export function problemsOf(questionnaire: Questionnaire, filled: Filled): Map<string, Problem> {
  const known = knownOf(questionnaire);
  const found = new Map<string, Problem>();
  const walk = (items: readonly Item[] | undefined, parent: string): void => {
    for (const item of items ?? []) {
      for (const path of placesOf(item, parent, filled)) {
        if (!isEnabled(item, path, filled, known) || isLeftOut(item, path, filled)) continue;
        const values = (filled.values[path] ?? []).filter((raw) => raw !== '');
        const wrong = values.map((raw) => wrongIn(item, raw)).find((p) => p !== null);
        if (wrong) found.set(path, wrong);
        else if (item.required && !item.readOnly && !isGroup(item) && !isShown(item) && values.length === 0) found.set(path, 'required');
        walk(item.item, path);
      }
    }
  };
  walk(questionnaire.item, '');
  return found;
}

/** What is chosen first: initial values, and options that are marked so. */
export function initialOf(questionnaire: Questionnaire): Filled {
  const values: Record<string, Raw[]> = {};
  const walk = (items: readonly Item[] | undefined, parent: string): void => {
    for (const item of items ?? []) {
      const [path = ''] = placesOf(item, parent, kNothing);
      const given = (item.initial ?? []).map(rawOf).filter((raw): raw is Raw => raw !== null);
      if (given.length > 0 && !item.readOnly) values[path] = given;
      walk(item.item, path);
    }
  };
  walk(questionnaire.item, '');
  return { values, copies: {} };
}

export function rawOf(valued: Valued): Raw | null {
  const number = valued.valueDecimal ?? valued.valueInteger ?? valued.valueQuantity?.value;
  if (number !== undefined) return String(number);
  return valued.valueBoolean ?? valued.valueCoding ?? valued.valueAttachment ?? valued.valueString ?? valued.valueDate ?? valued.valueDateTime ?? valued.valueTime ?? valued.valueUri ?? valued.valueReference?.reference ?? null;
}

/** A local date and time as an instant with the device's offset. */
function zoned(text: string): string {
  const full = /:\d{2}:\d{2}$/.test(text) ? text : text + ':00';
  const offset = -new Date(full).getTimezoneOffset();
  const pad = (n: number): string => String(n).padStart(2, '0');
  return `${full}${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
}

export function valuedOf(item: Item, raw: Raw): Valued {
  if (typeof raw === 'boolean') return { valueBoolean: raw };
  if (typeof raw === 'object') return item.type === 'attachment' ? { valueAttachment: raw as Attachment } : { valueCoding: raw as Coding };
  const text = raw.trim();
  const unit = unitOf(item);
  switch (item.type) {
    case 'decimal':
      return { valueDecimal: Number(text) };
    case 'integer':
      return { valueInteger: Number(text) };
    case 'quantity':
      return { valueQuantity: { value: Number(text), ...(unit && { unit: unit.display ?? unit.code, system: unit.system, code: unit.code }) } };
    case 'date':
      return { valueDate: text };
    case 'dateTime':
      return { valueDateTime: zoned(text) };
    case 'time':
      return { valueTime: text.length === 5 ? text + ':00' : text };
    case 'url':
      return { valueUri: text };
    case 'reference':
      return { valueReference: { reference: text } };
    default:
      return { valueString: raw };
  }
}

interface ResponseItem {
  linkId: string;
  text?: string;
  answer?: (Valued & { item?: ResponseItem[] })[];
  item?: ResponseItem[];
}
export interface QuestionnaireResponse extends Resource {
  resourceType: 'QuestionnaireResponse';
  questionnaire?: string;
  status: string;
  subject?: Reference;
  authored?: string;
  item?: ResponseItem[];
}

/** What is asked and answered; what is hidden, empty or calculated by the server is left out. */
export function responseOf(questionnaire: Questionnaire, filled: Filled): QuestionnaireResponse {
  const known = knownOf(questionnaire);
  const walk = (items: readonly Item[] | undefined, parent: string): ResponseItem[] =>
    (items ?? []).flatMap((item) =>
      placesOf(item, parent, filled).flatMap((path): ResponseItem[] => {
        if (isShown(item) || !isEnabled(item, path, filled, known)) return [];
        const inside = walk(item.item, path);
        if (isGroup(item)) return inside.length > 0 ? [{ linkId: item.linkId, item: inside }] : [];
        const answers = item.readOnly ? [] : (filled.values[path] ?? []).filter((raw) => raw !== '' && !(typeof raw === 'string' && raw.trim() === ''));
        if (answers.length === 0) return [];
        return [{ linkId: item.linkId, answer: answers.map((raw, i) => ({ ...valuedOf(item, raw), ...(i === 0 && inside.length > 0 ? { item: inside } : {}) })) }];
      }),
    );
  const item = walk(questionnaire.item, '');
  return { resourceType: 'QuestionnaireResponse', questionnaire: [questionnaire.url, questionnaire.version].filter(Boolean).join('|') || undefined, status: 'completed', ...(item.length > 0 ? { item } : {}) };
}

/** A copy of a repeated group is taken out: those behind it move up with all that stands in them. */
export function withoutCopy(filled: Filled, group: string, at: number): Filled {
  const moved = (path: string): string | null => {
    const head = `${group}#`;
    if (!path.startsWith(head)) return path;
    const rest = path.slice(head.length);
    const n = Number(/^\d+/.exec(rest)?.[0]);
    if (n === at) return null;
    return n > at ? `${head}${n - 1}${rest.slice(String(n).length)}` : path;
  };
  const keep = <T>(all: Readonly<Record<string, T>>): Record<string, T> => Object.fromEntries(Object.entries(all).flatMap(([path, value]) => { const to = moved(path); return to === null ? [] : [[to, value]]; }));
  return { values: keep(filled.values), copies: { ...keep(filled.copies), [group]: Math.max(1, (filled.copies[group] ?? 1) - 1) } };
}
