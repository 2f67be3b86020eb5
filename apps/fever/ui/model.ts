// What the desk of fever patients knows of its records. Pure. Source: apps/fever/types.
import type { Reference, Resource } from '@tk/fhir/types';

export interface FeverEpisode extends Resource {
  resourceType: 'FeverEpisode';
  status: string;
  subject?: Reference;
  registered?: string;
  onset?: string;
  temperature?: number;
  symptoms?: string;
  contact?: boolean;
  clinic?: string;
  outcome?: string;
  isolated?: string;
  test?: { taken: string; result: string; evidence?: Reference }[];
  visit?: { when: string; temperature: number; symptoms?: boolean }[];
  released?: string;
  releaseRule?: string;
}
export interface FeverTransport extends Resource {
  resourceType: 'FeverTransport';
  status: string;
  place: string;
  clinic: string;
  requested?: string;
  car?: string;
  by?: Reference;
}

/** The way of a fever: who is at hospital was not at home before, so both are the fourth step. */
export const kSteps = ['registered', 'transport', 'clinic', 'isolated', 'released'] as const;
export function stepOf(status: string): number {
  if (status === 'hospital' || status === 'follow-up') return 3;
  if (status === 'cancelled') return 4;
  return Math.max(0, kSteps.indexOf(status as (typeof kSteps)[number]));
}

interface Event {
  at: string;
  kind: 'visit' | 'test';
  word: string; // "symptoms", "well"; a result
  temperature?: number;
}

/** Visits and tests as they were, the latest first. */
export function eventsOf(episode: FeverEpisode): Event[] {
  const visits = (episode.visit ?? []).map((v): Event => ({ at: v.when, kind: 'visit', word: v.symptoms ? 'symptoms' : 'well', temperature: v.temperature }));
  const tests = (episode.test ?? []).map((test): Event => ({ at: test.taken, kind: 'test', word: test.result }));
  return [...visits, ...tests].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
