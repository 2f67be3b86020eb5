// What is loaded, as the server tells it (GET /app, kernel/app/contents.h), and a rule tried on history page by page (kernel/app/try_rule.h).
import { Failure } from '../fhir/http';
import { http } from '../shell/session';

export type Words = Record<string, string>;

export interface Part {
  part: string; // "rules"
  name: string; // of the file: "fever"
  id?: string; // "screening.fever"
  version?: number | string;
  title?: Words | string;
}
export interface Pack {
  id: string;
  version: string;
  title: Words;
  from: 'program' | 'folder';
  reads: string[];
  writes: string[];
  parts: Part[];
}

export async function askPacks(signal?: AbortSignal): Promise<Pack[]> {
  return (await http.send<{ apps: Pack[] }>('GET', '/app', { signal })).body?.apps ?? [];
}

export async function askFile(pack: string, part: string, name: string, signal?: AbortSignal): Promise<object> {
  const where = part === 'settings' ? 'settings' : `files/${encodeURIComponent(part)}/${encodeURIComponent(name)}`;
  return (await http.send<object>('GET', `/app/${encodeURIComponent(pack)}/${where}`, { signal })).body ?? {};
}

export interface Made {
  record: string; // "Flag/x"
  is: 'created' | 'changed';
  resource?: object;
}
export interface Finding {
  at: string;
  cause: string; // "Observation/x/_history/2"
  made?: Made[];
  failure?: string;
  searched?: boolean; // it would have looked for something first, which a trial does not ask
}
export interface TrialPage {
  type: string;
  from: string;
  until: string;
  judged: number;
  fired: number;
  failed: number;
  unreadable: number;
  progress: number;
  complete: boolean;
  rows: Finding[];
  next?: string;
}

export interface TrialAsked {
  pack: string;
  rule: string; // of an installed one
  text: string | null; // of one's own: the file
  from: string; // YYYY-MM-DD
  until: string; // "": until now
}

export const kFindingsShown = 500;
const kOnPage = 50;

/** Page after page until it is done; `onPage` has what was found so far. Beyond kFindingsShown the numbers alone are asked for. Ends with `signal`; throws Failure. */
export async function tryRule(asked: TrialAsked, onPage: (page: TrialPage, found: Finding[]) => void, signal: AbortSignal): Promise<void> {
  const where = asked.text === null ? `${encodeURIComponent(asked.rule)}/try` : 'try';
  const query = new URLSearchParams({ from: asked.from, ...(asked.until ? { until: asked.until } : {}), _count: String(kOnPage) });
  const found: Finding[] = [];
  for (let next: string | undefined = `/app/${encodeURIComponent(asked.pack)}/rules/${where}?${query}`; next !== undefined; ) {
    const init = asked.text === null ? { signal } : { signal, body: asked.text, headers: { 'Content-Type': 'application/json' } };
    const page: TrialPage | null = (await http.send<TrialPage>(asked.text === null ? 'GET' : 'POST', next, init)).body;
    if (page === null) throw new Failure('broken', 200, '', '');
    found.push(...page.rows.slice(0, kFindingsShown - found.length));
    onPage(page, [...found]);
    next = page.next === undefined || found.length < kFindingsShown ? page.next : withoutList(page.next);
  }
}

/** The same page without its list. */
export function withoutList(next: string): string {
  const [path, query] = next.split('?');
  const params = new URLSearchParams(query);
  params.set('_count', '0');
  return `${path}?${params}`;
}
