// What the situation asks: counts until a time, the records behind a number, open tasks, what is short, and the areas on the map. All of it is the viewer's
// own: what he may not see is neither counted nor listed.
import { Failure, asFailure } from '@tk/fhir/http';
import { fhirDateTime } from '@tk/fhir/time';
import { idOf, type SearchParams } from '@tk/fhir/client';
import type { Observation, Patient, Resource, Task } from '@tk/fhir/types';
import { fhir, http } from '@tk/shell/session';
import { kLoinc, kTemperatureCode } from '../screening';

const kChannelSystem = 'http://tongkang.dev/fhir/CodeSystem/screening-channel';
const kTaskCode = 'http://tongkang.dev/fhir/CodeSystem/screening-task|fever-follow-up';
const kOpen = 'requested,received,ready,accepted,in-progress,on-hold';
const kPage = '100';

export const kChannels = ['screener', 'self', 'organization'] as const;
export type Behind = 'readings' | 'fever' | 'opened' | 'closed' | 'open' | (typeof kChannels)[number];
export const kBehind: readonly Behind[] = ['readings', 'fever', 'opened', 'closed', 'open', ...kChannels];

const isChannel = (what: Behind): what is (typeof kChannels)[number] => (kChannels as readonly string[]).includes(what);
export const typeBehind = (what: Behind): 'Observation' | 'Task' => (what === 'opened' || what === 'closed' || what === 'open' ? 'Task' : 'Observation');

/** The search whose matches a number of the day counts: as apps/screening/figures.cpp asks. */
export function searchBehind(what: Behind, day: string, feverLimitCel: number): SearchParams {
  if (what === 'open') return [['code', kTaskCode], ['status', kOpen], ['_sort', 'authored-on']];
  if (what === 'opened') return [['code', kTaskCode], ['authored-on', day], ['_sort', '-authored-on']];
  if (what === 'closed') return [['code', kTaskCode], ['status', 'completed'], ['modified', day], ['_sort', '-modified']];
  return [...readings(what, feverLimitCel), ['date', day], ['_sort', '-date']];
}

function readings(what: Behind, feverLimitCel: number): SearchParams {
  const channels = isChannel(what) ? [what] : kChannels;
  const search: SearchParams = [
    ['code', `${kLoinc}|${kTemperatureCode}`],
    ['status:not', 'entered-in-error'],
    ['category', channels.map((c) => `${kChannelSystem}|${c}`).join(',')],
  ];
  return what === 'fever' ? [...search, ['value-quantity', `ge${feverLimitCel}|http://unitsofmeasure.org|Cel`]] : search;
}

export interface SoFar {
  readings: number;
  fever: number;
}

/** What had come in on a day until a time of it. */
export async function askSoFar(day: string, untilMs: number, feverLimitCel: number, signal: AbortSignal): Promise<SoFar> {
  const within: SearchParams = [['date', `ge${day}`], ['date', `le${fhirDateTime(untilMs)}`]];
  const [all, fever] = await Promise.all((['readings', 'fever'] as const).map((what) => fhir.count('Observation', [...readings(what, feverLimitCel), ...within], signal)));
  return { readings: all ?? 0, fever: fever ?? 0 };
}

export interface PageBehind {
  items: (Observation | Task)[];
  persons: Map<string, Patient>;
  total: number | null;
  next: string | null;
}

/** A page of the records behind a number, with the persons whom they are about. */
export async function askBehind(what: Behind, day: string, feverLimitCel: number, link: string | null, signal: AbortSignal): Promise<PageBehind> {
  const type = typeBehind(what);
  const include = type === 'Task' ? 'Task:patient' : 'Observation:subject';
  const params: SearchParams = [...searchBehind(what, day, feverLimitCel), ['_include', include], ['_count', kPage], ['_total', 'accurate']];
  const found = link === null ? await fhir.search<Resource>(type, params, signal) : await fhir.page<Resource>(link, signal);
  const persons = found.items.filter((r): r is Patient => r.resourceType === 'Patient');
  return {
    items: found.items.filter((r): r is Observation | Task => r.resourceType === type),
    persons: new Map(persons.map((p) => [p.id ?? '', p])),
    total: found.total,
    next: found.next,
  };
}

export const personOf = (item: Observation | Task): string | null => idOf('Patient', 'subject' in item ? item.subject?.reference : (item as Task).for?.reference);

const kTasksAPage = 200;
const kTasksRead = 1000;

/** Open tasks, the oldest first, so that those past their limit are among them; `all` is false where there are more. */
export async function askTasks(signal: AbortSignal): Promise<{ tasks: Task[]; all: boolean }> {
  const tasks: Task[] = [];
  let page = await fhir.search<Task>('Task', [['status', kOpen], ['_sort', 'authored-on'], ['_count', String(kTasksAPage)]], signal);
  for (;;) {
    tasks.push(...page.items);
    if (page.next === null) return { tasks, all: true };
    if (tasks.length >= kTasksRead) return { tasks, all: false };
    page = await fhir.page<Task>(page.next, signal);
  }
}

export interface StockItem extends Resource {
  name?: string;
  unit?: string;
  onHand?: number;
  minimum?: number;
  area?: string;
}
const kStock = 'emergency-stock';
const kItemsShown = '50';

/** How many items are short of how many, and which; null: this city has no such app. */
export async function askShort(signal: AbortSignal): Promise<{ count: number; of: number; items: StockItem[] } | null> {
  try {
    const told = await http.send<{ total?: { count?: number; of?: number } }>('GET', `/app/${kStock}/indicators/short`, { signal });
    const items = await fhir.search<StockItem>('StockItem', [['state', 'active'], ['supply', 'short'], ['_count', kItemsShown]], signal);
    return { count: told.body?.total?.count ?? 0, of: told.body?.total?.of ?? 0, items: items.items };
  } catch (e) {
    if (asFailure(e).kind === 'missing') return null;
    throw e instanceof Failure ? e : asFailure(e);
  }
}

