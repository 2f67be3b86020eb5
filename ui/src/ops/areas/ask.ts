// The tree of areas as the server keeps it (Location/$tree, docs/flow/areas.md), the institutions of an area, and the shapes for its map.
import type { Division } from '../../components/map/shapes';
import type { Resource } from '../../fhir/types';
import { fhir, http } from '../../shell/session';

const kLevel = 'http://tongkang.dev/fhir/CodeSystem/area-level';
const kArea = 'http://tongkang.dev/fhir/sid/area';

interface Part {
  name: string;
  part?: Part[];
  valueCode?: string;
  valueString?: string;
  valueInteger?: number;
  valueBoolean?: boolean;
  valueDate?: string;
  valueReference?: { reference?: string };
}

export interface Area {
  code: string;
  name: string;
  level: string; // city, county, township, village, grid
  path: string; // names from above, of the area that was asked for
  location: string; // "Location/x"
  active: boolean;
  until: string;
  successor: string;
  below: number; // all levels together
  children: Area[];
}

/** Of the answer of $tree. */
export function areaIn(part: Part): Area {
  const of = (name: string): Part | undefined => part.part?.find((one) => one.name === name);
  return {
    code: of('code')?.valueCode ?? '',
    name: of('name')?.valueString ?? '',
    level: of('level')?.valueCode ?? '',
    path: of('path')?.valueString ?? '',
    location: of('location')?.valueReference?.reference ?? '',
    active: of('active')?.valueBoolean ?? true,
    until: of('until')?.valueDate ?? '',
    successor: of('successor')?.valueCode ?? '',
    below: of('below')?.valueInteger ?? 0,
    children: (part.part ?? []).filter((one) => one.name === 'child').map(areaIn),
  };
}

export async function askArea(code: string, signal?: AbortSignal): Promise<Area> {
  const told = await http.send<{ parameter?: Part[] }>('GET', `/fhir/Location/$tree?code=${encodeURIComponent(code)}&depth=1`, { signal });
  return areaIn(told.body?.parameter?.find((one) => one.name === 'area') ?? { name: 'area' });
}

interface Place extends Resource {
  name?: string;
  identifier?: { system?: string; value?: string }[];
}

export interface Found {
  code: string;
  name: string;
}

const codeOf = (place: Place): string => place.identifier?.find((one) => one.system === kArea)?.value ?? '';

/** The areas that lie in no other: codes of an upper level begin those below. */
export async function askTops(signal?: AbortSignal): Promise<Found[]> {
  const levels = ['province', 'city', 'county'];
  for (const level of levels) {
    const page = await fhir.search<Place>('Location', [['type', `${kLevel}|${level}`], ['_sort', '_id'], ['_count', '50'], ['_elements', 'name,identifier']], signal);
    if (page.items.length > 0) return page.items.map((place) => ({ code: codeOf(place), name: place.name ?? '' }));
  }
  return [];
}

/** By what its name begins with or holds, or by its code. */
export async function findAreas(text: string, signal?: AbortSignal): Promise<Found[]> {
  const how: [string, string] = /^\d+$/.test(text) ? ['identifier', `${kArea}|${text}`] : ['name:contains', text];
  const page = await fhir.search<Place>('Location', [how, ['type', `${kLevel}|`], ['_count', '50'], ['_elements', 'name,identifier']], signal);
  return page.items.map((place) => ({ code: codeOf(place), name: place.name ?? '' })).filter((one) => one.code !== '');
}

export interface Institution extends Resource {
  name?: string;
  active?: boolean;
  type?: { text?: string; coding?: { code?: string; display?: string }[] }[];
  telecom?: { system?: string; value?: string }[];
}

export async function askInstitutions(code: string, signal?: AbortSignal): Promise<{ items: Institution[]; total: number | null }> {
  return fhir.search<Institution>('Organization', [['_tag', `${kArea}|${code}`], ['_sort', 'name'], ['_count', '100'], ['_total', 'accurate']], signal);
}

/** Those below with their boundaries; without any its own. */
export async function askShapes(area: Area, signal?: AbortSignal): Promise<Division[]> {
  const ids = [area.location, ...area.children.map((one) => one.location)].map((one) => one.split('/')[1] ?? '').filter(Boolean);
  return (await fhir.search<Division>('Location', [['_id', ids.slice(0, 300).join(',')], ['_elements', 'name,position,extension,identifier'], ['_count', '300']], signal)).items;
}

export interface Unfit {
  record: string;
  text: string;
}

/** Where what is stored does not fit together. */
export async function askIssues(signal?: AbortSignal): Promise<Unfit[]> {
  interface Outcome {
    issue?: { severity?: string; diagnostics?: string; details?: { text?: string }; expression?: string[] }[];
  }
  const told = await http.send<Outcome>('GET', '/fhir/Location/$tree?issues=true', { signal });
  return (told.body?.issue ?? []).filter((one) => one.severity !== 'information').map((one) => ({ record: one.expression?.[0] ?? '', text: one.details?.text ?? one.diagnostics ?? '' }));
}
