import { describe, expect, test } from 'vitest';
import { addressOf, type DoorName, doorsFor, entryAt, mayUse, type PageEntry, usable } from './pages';
import type { Session } from './session';

const page = (path: string, needs: Partial<PageEntry> = {}): PageEntry => ({ app: 'a', title: { 'zh-CN': path }, path, load: () => Promise.reject(new Error('not opened')), ...needs });
const session = (change: Partial<Session> = {}): Session => ({ account: 'a', display: 'A', kind: 'person', post: 'p', area: '380102', may: { read: ['Task'], write: [], call: ['verify'] }, ...change });
const kNone: Record<DoorName, PageEntry[]> = { work: [], m: [], me: [], city: [], ops: [] };

describe('which page is of use', () => {
  test('all rights that it names must be held; without any it is for everybody', () => {
    expect(mayUse(session(), page('/a'))).toBe(true);
    expect(mayUse(session(), page('/a', { read: 'Task', call: 'verify' }))).toBe(true);
    expect(mayUse(session(), page('/a', { read: 'Task', write: 'Task' }))).toBe(false);
    expect(usable(session(), [page('/a', { call: 'accounts' }), page('/b')]).map((p) => p.path)).toEqual(['/b']);
  });

  test('a path belongs to the page that it lies in', () => {
    const pages = [page('/a'), page('/ab')];
    expect(entryAt('m', pages, '/m/ab')?.path).toBe('/ab');
    expect(entryAt('m', pages, '/m/a/x')?.path).toBe('/a');
    expect(entryAt('m', pages, '/m')).toBeUndefined();
  });
});

describe('doors', () => {
  const pages = { ...kNone, work: [page('/t', { read: 'Task' })], m: [page('/o', { write: 'Observation' })], me: [page('/card', { call: 'verify' })], city: [page('/d', { read: 'Task' })], ops: [page('/inbox')] };

  test('an account has those behind which there is something to do; what everybody has does not count', () => {
    expect(doorsFor(session(), pages)).toEqual(['work']);
    expect(doorsFor(session({ may: { read: [], write: ['Observation'], call: [] } }), pages)).toEqual(['m']);
    expect(doorsFor(session({ may: { read: [], write: [], call: [] } }), pages)).toEqual([]);
  });

  test('the whole city is for accounts of the whole city', () => {
    expect(doorsFor(session({ area: '' }), pages)).toEqual(['work', 'city']);
  });

  test('a resident has his own door and no other', () => {
    expect(doorsFor(session({ kind: 'resident', area: '' }), pages)).toEqual(['me']);
  });
});

describe('where a record is shown', () => {
  const pages = [page('/desk', { read: 'Task', opens: [{ type: 'Task', as: 'task' }] }), page('/secret', { call: 'accounts', opens: [{ type: 'Flag', as: 'flag' }] })];

  test('at the page that opens its type', () => {
    expect(addressOf(session(), 'city', pages, 'Task/t-1')).toBe('/city/desk?task=t-1');
  });

  test('nowhere, if there is no such page, it is not for this post, or the reference is none of ours', () => {
    expect(addressOf(session(), 'work', pages, 'Patient/p')).toBeNull();
    expect(addressOf(session(), 'work', pages, 'Flag/f')).toBeNull();
    expect(addressOf(session(), 'work', pages, 'https://elsewhere.example/Task/1')).toBeNull();
    expect(addressOf(session(), 'work', pages, 'Task/../x')).toBeNull();
  });
});
