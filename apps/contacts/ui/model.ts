// What the pages of contact tracing know of its records: a case, a contact who is observed, who was exposed to whom; the days of an observation. Pure.
// Source: apps/contacts/types, apps/contacts/workflows/watch.json (which tests count).
import { dayOf, parseTime } from '@tk/fhir/time';
import type { Reference, Resource } from '@tk/fhir/types';

export interface TracingCase extends Resource {
  resourceType: 'TracingCase';
  status: string;
  subject?: Reference;
  form: string;
  onset?: string;
  sampled?: string;
  infectious?: string;
  symptoms?: string;
  source?: string;
  interview?: Reference;
  watch?: Reference;
  opened?: string;
  by?: Reference;
}
export interface Visit {
  when: string;
  outcome: string;
  temperature?: number;
}
export interface Test {
  taken: string;
  result: string;
  evidence?: Reference;
}
export interface ContactWatch extends Resource {
  resourceType: 'ContactWatch';
  status: string;
  subject?: Reference;
  kind: string;
  last: string;
  until: string;
  since?: string;
  exposure?: Reference[];
  withdrawn?: Reference[];
  missed?: number;
  visit?: Visit[];
  test?: Test[];
  ended?: string;
  endRule?: string;
  case?: Reference;
}
export interface Exposure extends Resource {
  resourceType: 'Exposure';
  status: string;
  subject?: Reference;
  source?: Reference;
  event?: string;
  case?: Reference;
  through?: Reference;
  kind: string;
  first?: string;
  last: string;
  place?: string;
  setting?: string;
  certainty?: string;
  frequency?: string;
  relation?: string;
  named?: string;
  reason?: string;
}
export interface Presence extends Resource {
  resourceType: 'Presence';
  place: string;
  area?: string;
  address?: string;
  start: string;
  end?: string;
  vehicle?: string;
  mask?: boolean;
}

export interface Settings {
  observation_close_days: number;
  tests_close: number;
  tests_secondary: number;
  fever_limit_cel: number;
}

const kDayMs = 86_400_000;
const dayMs = (day: string): number => Date.parse(day + 'T00:00:00');

/** Of each result its last word: one that was withdrawn or mended later counts as what was said last. */
export function standing(tests: readonly Test[]): Test[] {
  return tests.filter((test, i) => !tests.slice(i + 1).some((later) => later.evidence?.reference !== undefined && later.evidence.reference === test.evidence?.reference));
}

/** Negative specimens since the day after the last exposure, each time once, as the release counts them. */
export function negativesOf(watch: ContactWatch, nowMs: number): number {
  const from = dayMs(watch.last) + kDayMs;
  const times = standing(watch.test ?? []).filter((test) => test.result === 'negative').map((test) => parseTime(test.taken) ?? NaN).filter((ms) => ms >= from && ms <= nowMs);
  return new Set(times).size;
}
export const neededOf = (watch: ContactWatch, settings: Settings): number => (watch.kind === 'close' ? settings.tests_close : settings.tests_secondary);
export const isPositive = (watch: ContactWatch): boolean => standing(watch.test ?? []).some((test) => test.result === 'positive');
export const lastVisit = (watch: ContactWatch): Visit | undefined => watch.visit?.at(-1);

/** When an observation ends if nothing more happens: the end of its last day, in the city. */
export const endOf = (watch: ContactWatch): number => dayMs(watch.until) + kDayMs;

export interface ObservedDay {
  day: string;
  visits: Visit[];
  tests: Test[];
}
export const kDaysShown = 15;

/** The days of an observation from the last exposure to its end; of a longer one the last kDaysShown. */
export function daysOf(watch: ContactWatch): ObservedDay[] {
  const days: ObservedDay[] = [];
  const end = watch.until;
  for (let ms = dayMs(watch.last) + kDayMs / 2; days.length < 400; ms += kDayMs) {
    const day = dayOf(ms);
    if (day > end) break;
    const on = (time: string): boolean => dayOf(parseTime(time) ?? 0) === day;
    days.push({ day, visits: (watch.visit ?? []).filter((visit) => on(visit.when)), tests: standing(watch.test ?? []).filter((test) => on(test.taken)) });
  }
  return days.slice(-kDaysShown);
}

export interface ChainNode {
  node: number;
  generation: number;
  kind?: 'case' | 'contact' | 'person' | 'event';
  hidden?: boolean;
  patient?: string;
  case?: string;
  form?: string;
  onset?: string;
  watch?: string;
  state?: string;
}
export interface ChainEdge {
  from: number;
  to: number;
  hidden?: boolean;
  exposure?: string;
  kind?: string;
  first?: string;
  last?: string;
  setting?: string;
  certainty?: string;
  serialIntervalDays?: number;
}
export interface Chain {
  asOf: string;
  depth: number;
  nodes: ChainNode[];
  edges: ChainEdge[];
}

/** How a node looks: how sure a case is in three steps, then contacts, then who is not shown. */
export function lookOf(node: ChainNode): 'strong' | 'middle' | 'weak' | 'plain' | 'unseen' | 'event' {
  if (node.hidden) return 'unseen';
  if (node.kind === 'event') return 'event';
  if (node.kind !== 'case') return 'plain';
  return node.form === 'confirmed' ? 'strong' : node.form === 'asymptomatic' ? 'middle' : 'weak';
}

export interface Named {
  added: number;
  changed: number;
  unchanged: number;
  refused: { contact: number; text: string }[];
}
