// Where the outbox lies: IndexedDB, or memory where the browser refuses storage (then `lasting` is false and pages say so).
// Also counts what was entered on this device today, per account.
import type { OutboxEntry } from './outbox';

export interface OutboxStore {
  readonly lasting: boolean;
  put(entry: OutboxEntry): Promise<void>;
  remove(key: string): Promise<void>;
  all(): Promise<OutboxEntry[]>;
  count(name: string, add: number): Promise<number>;
}

export class MemoryStore implements OutboxStore {
  readonly lasting: boolean = false;
  private readonly entries = new Map<string, OutboxEntry>();
  private readonly counts = new Map<string, number>();

  async put(entry: OutboxEntry): Promise<void> {
    this.entries.set(entry.key, entry);
  }
  async remove(key: string): Promise<void> {
    this.entries.delete(key);
  }
  async all(): Promise<OutboxEntry[]> {
    return [...this.entries.values()];
  }
  async count(name: string, add: number): Promise<number> {
    const n = (this.counts.get(name) ?? 0) + add;
    this.counts.set(name, n);
    return n;
  }
}

const kDatabase = 'tongkang';

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

/** Resolves when the transaction is on the device, not merely when its request succeeded. */
function complete(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error('IndexedDB'));
    tx.onerror = () => reject(tx.error ?? new Error('IndexedDB'));
  });
}

export class DeviceStore implements OutboxStore {
  readonly lasting = true;
  private constructor(private readonly db: IDBDatabase) {}

  static async open(factory: IDBFactory): Promise<DeviceStore> {
    const request = factory.open(kDatabase, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: 'key' });
      request.result.createObjectStore('counts');
    };
    const db = await done(request);
    // A newer page that wants to upgrade must not be held up by this one.
    db.onversionchange = () => db.close();
    return new DeviceStore(db);
  }

  async put(entry: OutboxEntry): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite', { durability: 'strict' });
    tx.objectStore('outbox').put(entry);
    await complete(tx);
  }
  async remove(key: string): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite');
    tx.objectStore('outbox').delete(key);
    await complete(tx);
  }
  async all(): Promise<OutboxEntry[]> {
    return done(this.db.transaction('outbox').objectStore('outbox').getAll() as IDBRequest<OutboxEntry[]>);
  }
  async count(name: string, add: number): Promise<number> {
    const tx = this.db.transaction('counts', 'readwrite');
    const store = tx.objectStore('counts');
    const n = Number((await done(store.get(name))) ?? 0) + add;
    if (add !== 0) store.put(n, name);
    await complete(tx);
    return n;
  }
}

export async function openStore(): Promise<OutboxStore> {
  try {
    return await DeviceStore.open(indexedDB);
  } catch {
    return new MemoryStore();
  }
}
