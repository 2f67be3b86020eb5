import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../fhir/http';
import type { Resource } from '../fhir/types';
import { Outbox, type OutboxEntry } from './outbox';
import { DeviceStore, MemoryStore, type OutboxStore } from './store';

const entry = (key: string): Omit<OutboxEntry, 'account' | 'problem'> => ({ key, createdMs: Number(key.slice(1)), label: '何*明 37.6 ℃', resource: { resourceType: 'Observation' } });
const network = new Failure('network', 0, '', '');

describe.each([
  ['device', () => DeviceStore.open(new IDBFactory())],
  ['memory', async () => new MemoryStore()],
] as [string, () => Promise<OutboxStore>][])('outbox on %s', (_name, open) => {
  let store: OutboxStore;
  let sent: string[];
  let answer: (e: OutboxEntry) => Promise<Resource | null>;
  let outbox: Outbox;

  beforeEach(async () => {
    store = await open();
    sent = [];
    answer = async (e) => ({ resourceType: 'Observation', ...e.resource, id: 'made-' + e.key });
    outbox = new Outbox('gate', store, (e) => {
      sent.push(e.key);
      return answer(e);
    });
  });
  afterEach(() => outbox.stop());

  const flushed = async (): Promise<void> => {
    await outbox.flush();
    await outbox.flush();
  };

  test('an entry is sent once and then gone', async () => {
    await outbox.add(entry('k1'));
    await flushed();
    expect(sent).toEqual(['k1']);
    expect(await store.all()).toEqual([]);
    expect(outbox.sentAs('k1')?.resource?.id).toBe('made-k1');
  });

  test('without network it stays and is sent again with the same key', async () => {
    answer = () => Promise.reject(network);
    await outbox.add(entry('k1'));
    await outbox.flush();
    expect(outbox.getView()).toMatchObject({ failure: network, entries: [{ key: 'k1', problem: null }] });
    answer = async () => null;
    await flushed();
    expect(new Set(sent)).toEqual(new Set(['k1']));
    expect(outbox.getView()).toMatchObject({ failure: null, entries: [] });
  });

  test('an ended session keeps everything', async () => {
    answer = () => Promise.reject(new Failure('signed-out', 401, '', ''));
    await outbox.add(entry('k1'));
    await outbox.flush();
    expect((await store.all()).map((e) => e.key)).toEqual(['k1']);
  });

  test('a refusal stays with its words and does not hold up the others', async () => {
    answer = async (e) => {
      if (e.key === 'k1') throw new Failure('refused', 422, 'value too high', 'Observation.value');
      return null;
    };
    await store.put({ ...entry('k1'), account: 'gate', problem: null });
    await store.put({ ...entry('k2'), account: 'gate', problem: null });
    await flushed();
    expect(outbox.getView().entries).toMatchObject([{ key: 'k1', problem: 'value too high' }]);
    await flushed();
    expect(sent.filter((k) => k === 'k1')).toHaveLength(1);
    expect(await outbox.discard('k1')).toBe(true);
    expect(await store.all()).toEqual([]);
  });

  test('entries of another account are not sent, only counted', async () => {
    await store.put({ ...entry('k9'), account: 'other', problem: null });
    await flushed();
    expect(sent).toEqual([]);
    expect(outbox.getView()).toMatchObject({ entries: [], othersCount: 1 });
  });

  test('what is added while sending is sent too, in order', async () => {
    let release: () => void = () => undefined;
    answer = () => new Promise((done) => (release = () => done(null)));
    await outbox.add(entry('k1'));
    await vi.waitFor(() => expect(sent).toEqual(['k1']));
    await outbox.add(entry('k2'));
    answer = async () => null;
    release();
    await vi.waitFor(async () => expect(await store.all()).toEqual([]));
    expect(sent).toEqual(['k1', 'k2']);
  });

  test('discard tells when it came too late', async () => {
    await outbox.add(entry('k1'));
    await flushed();
    expect(await outbox.discard('k1')).toBe(false);
  });

  test('counts what was entered', async () => {
    expect(await store.count('a', 0)).toBe(0);
    await store.count('a', 1);
    expect(await store.count('a', 1)).toBe(2);
    expect(await store.count('b', 0)).toBe(0);
  });
});

test('entries outlive the page', async () => {
  const factory = new IDBFactory();
  const first = await DeviceStore.open(factory);
  await first.put({ ...entry('k1'), account: 'gate', problem: null });
  const second = await DeviceStore.open(factory);
  expect((await second.all()).map((e) => e.key)).toEqual(['k1']);
});
