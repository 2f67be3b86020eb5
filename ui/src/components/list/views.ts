// Views of a list that somebody has kept, and the columns that he wants, on this device and for this account alone: they hold filters and an order, never what was
// searched for. On the device and not on the server: nothing of them is worth an audit, and they serve without network too.
import type { ListQuery } from './model';

export interface View {
  name: string;
  show: string;
  sort: string;
  picks: Record<string, string>;
}
export interface Kept {
  views: View[];
  columns: string[] | null; // null: as the list comes
}

export const kViewsMax = 20;
const kNameMax = 30;

/** What of a browser's storage is needed. */
export type Store = Pick<Storage, 'getItem' | 'setItem'>;

const keyOf = (account: string, list: string): string => `tk.list.${account}.${list}`;
const isText = (value: unknown): value is string => typeof value === 'string';

function viewOf(value: unknown): View | null {
  const { name, show, sort, picks } = (value ?? {}) as Partial<View>;
  if (!isText(name) || name === '' || !isText(show) || !isText(sort) || typeof picks !== 'object' || picks === null) return null;
  return { name, show, sort, picks: Object.fromEntries(Object.entries(picks).filter(([, v]) => isText(v))) };
}

/** What was kept; nothing where it cannot be read. */
export function readKept(store: Store | null, account: string, list: string): Kept {
  try {
    const told = JSON.parse(store?.getItem(keyOf(account, list)) ?? '{}') as { views?: unknown[]; columns?: unknown };
    const views = (Array.isArray(told.views) ? told.views : []).map(viewOf).filter((v): v is View => v !== null);
    return { views: views.slice(0, kViewsMax), columns: Array.isArray(told.columns) ? told.columns.filter(isText) : null };
  } catch {
    return { views: [], columns: null };
  }
}

export function writeKept(store: Store | null, account: string, list: string, kept: Kept): void {
  try {
    store?.setItem(keyOf(account, list), JSON.stringify(kept));
  } catch {
    // Private windows may refuse storage; it then lasts as long as the page.
  }
}

/** With this one added, in place of one of the same name; the newest first. */
export function withView(kept: Kept, name: string, query: ListQuery): Kept {
  const short = [...name.trim()].slice(0, kNameMax).join('');
  if (short === '') return kept;
  const view: View = { name: short, show: query.show, sort: query.sort, picks: { ...query.picks } };
  return { ...kept, views: [view, ...kept.views.filter((v) => v.name !== short)].slice(0, kViewsMax) };
}

export const withoutView = (kept: Kept, name: string): Kept => ({ ...kept, views: kept.views.filter((v) => v.name !== name) });

/** Is it this view that stands there? */
export function isAt(view: View, query: ListQuery): boolean {
  const names = new Set([...Object.keys(view.picks), ...Object.keys(query.picks)]);
  return view.show === query.show && view.sort === query.sort && [...names].every((n) => (view.picks[n] ?? '') === (query.picks[n] ?? ''));
}

/** The browser's, or null where it refuses even to be looked at. */
export function deviceStore(): Store | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
