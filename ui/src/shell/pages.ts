// Pages and doors as facts: which page stands behind which door, and which of them a post has something to do with. Pure.
// Flow: apps/*/manifest.json -> virtual:tk-pages/<door> (vite/apps_plugin.ts), with the platform's own (own_pages.ts) -> usable() -> navigation, the
//       front page's doors, what a door opens at.
import type { ComponentType } from 'react';
import type { IconName } from '../components/icon';
import { may, type Session } from './session';

export const kDoors = ['work', 'm', 'me', 'city', 'ops'] as const;
export type DoorName = (typeof kDoors)[number];
/** Of a text: one in each language. */
export type Words = Record<string, string>;

export interface PageEntry {
  app: string;
  title: Words;
  path: string; // behind the door: "/screening"
  call?: string; // for posts that may call this operation,
  read?: string; // that may read this type,
  write?: string; // that may write it: all that are named must hold
  icon?: IconName;
  help?: Words; // what the page is for, in two or three sentences
  keys?: { key: string; does: Words }[]; // what the keyboard does on it
  ownBar?: boolean; // on a phone: it draws the bar at the top by itself
  main?: boolean; // on a phone: the large cell in the middle of the tab bar
  tab?: Words; // on a phone: it has a cell of the tab bar, with this word
  opens?: { type: string; as: string }[]; // records of this type are shown at path?as=ID
  load: () => Promise<{ default: ComponentType }>;
}

/** What an app brings to a page of the platform; `Props` is what it is given there. */
export interface PartEntry<Props> {
  app: string;
  call?: string;
  read?: string;
  write?: string;
  load: () => Promise<{ default: ComponentType<Props> }>;
}

export function mayUse(session: Session, page: Pick<PageEntry, 'call' | 'read' | 'write'>): boolean {
  return (
    (page.call === undefined || may(session, 'call', page.call)) &&
    (page.read === undefined || may(session, 'read', page.read)) &&
    (page.write === undefined || may(session, 'write', page.write))
  );
}

/** Those that this post has something to do with. */
export const usable = (session: Session, pages: PageEntry[]): PageEntry[] => pages.filter((p) => mayUse(session, p));

const asksForARight = (page: PageEntry): boolean => page.call !== undefined || page.read !== undefined || page.write !== undefined;

/**
 * The doors of an account: those behind which it has something to do that not everybody has (notices are everybody's). /me is for residents, and for
 * them alone; to /city belongs the whole city.
 */
export function doorsFor(session: Session, pages: Record<DoorName, PageEntry[]>): DoorName[] {
  const isResident = session.kind === 'resident';
  return kDoors.filter((door) => {
    if ((door === 'me') !== isResident) return false;
    if (door === 'city' && session.area !== '') return false;
    return usable(session, pages[door]).some(asksForARight);
  });
}

/** The page that a path lies in. */
export const entryAt = (door: string, pages: PageEntry[], path: string): PageEntry | undefined =>
  pages.find((p) => path === `/${door}${p.path}` || path.startsWith(`/${door}${p.path}/`));

/** A record of this server, and no path: an id is not made of dots alone. */
const kReference = /^([A-Z][A-Za-z]+)\/(?!\.+$)([A-Za-z0-9\-.]{1,64})$/;

/** Where a record is shown behind this door, as this post may see it: path?as=ID; null if nowhere. */
export function addressOf(session: Session, door: string, pages: PageEntry[], reference: string): string | null {
  const [, type, id] = kReference.exec(reference) ?? [];
  if (type === undefined || id === undefined) return null;
  for (const page of usable(session, pages)) {
    const how = page.opens?.find((o) => o.type === type);
    if (how) return `/${door}${page.path}?${how.as}=${id}`;
  }
  return null;
}
