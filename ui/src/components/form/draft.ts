// What has been filled in and not sent: it outlives a reload, not the tab, so that nothing of a person stays on a shared machine. Photos are not kept: they are too large.
import type { Filled, Raw } from './model';

export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
const kPrefix = 'tk.form.';

const isRaw = (value: unknown): value is Raw => typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));

/** null: there is none, or it cannot be read. */
export function readDraft(shelf: Shelf | null, key: string): Filled | null {
  try {
    const told = JSON.parse(shelf?.getItem(kPrefix + key) ?? 'null') as Partial<Filled> | null;
    if (!told || typeof told.values !== 'object' || typeof told.copies !== 'object') return null;
    const values = Object.fromEntries(Object.entries(told.values ?? {}).filter(([, v]) => Array.isArray(v) && v.every(isRaw)));
    const copies = Object.fromEntries(Object.entries(told.copies ?? {}).filter(([, n]) => Number.isInteger(n) && n > 0 && n < 1000));
    return { values, copies };
  } catch {
    return null;
  }
}

/** null forgets it. */
export function keepDraft(shelf: Shelf | null, key: string, filled: Filled | null): void {
  try {
    if (filled === null) return shelf?.removeItem(kPrefix + key);
    const values = Object.fromEntries(Object.entries(filled.values).map(([path, all]) => [path, all.filter((raw) => !(typeof raw === 'object' && 'data' in raw))]));
    shelf?.setItem(kPrefix + key, JSON.stringify({ values, copies: filled.copies }));
  } catch {
    // Without storage the draft lives in the page only.
  }
}

export function tabShelf(): Shelf | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
