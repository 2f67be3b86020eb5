// What was entered waits here until the program has it: written down first, then sent, sent once.
// Flow:   add -> store (IndexedDB) -> POST with the entry's own Idempotency-Key -> removed when acknowledged. A resource is created by FHIR;
//         what an operation of an app takes is sent there as JSON (`told`).
//         A lost answer is sent again with the same key, so the program stores it once.
// Errors: no network, a busy program or an ended session: the entry stays and is tried again. A refusal stays too, with
//         the program's words, until a person decides; nothing is thrown away silently.
// An entry is sent only under the account that made it.
import { asFailure, type Failure, type FailureKind } from '../fhir/http';
import type { Resource } from '../fhir/types';
import type { OutboxStore } from './store';

export interface OutboxEntry {
  key: string; // the Idempotency-Key
  account: string;
  createdMs: number;
  label: string; // what a person may see of it: masked
  resource?: Resource; // this one is created, or
  told?: { path: string; body: object; seen?: string }; // this is told to an operation, which counts the entry once by its key or by an id of its own in `body`; `seen`: the version of
  // the record that it is about and no other
  about?: string; // the record that it changes ("Task/1"), for pages that show it as waiting
  problem: string | null; // set when the program refused it: its words
  problemKind?: FailureKind; // and what kind of refusal that was
}

export type Send = (entry: OutboxEntry) => Promise<Resource | null>;

export interface OutboxView {
  ready: boolean;
  entries: OutboxEntry[]; // oldest first, this account's only
  othersCount: number; // entries of other accounts on this device
  sending: boolean;
  failure: Failure | null; // why the last try stopped
  lasting: boolean; // false: this browser refuses storage, entries live only as long as the page
}

const kFirstWaitMs = 3_000;
const kMaxWaitMs = 60_000;

export class Outbox {
  private view: OutboxView;
  private readonly listeners = new Set<() => void>();
  private waitMs = kFirstWaitMs;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly sent = new Map<string, Resource | null>();
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly account: string,
    private readonly store: OutboxStore,
    private readonly send: Send,
  ) {
    this.view = { ready: false, entries: [], othersCount: 0, sending: false, failure: null, lasting: store.lasting };
  }

  getView = (): OutboxView => this.view;

  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };

  /** What the program made of an entry that has been sent since this page opened. */
  sentAs(key: string): { resource: Resource | null } | null {
    return this.sent.has(key) ? { resource: this.sent.get(key) ?? null } : null;
  }

  /** Written down when this returns; sending goes on by itself. */
  async add(entry: Omit<OutboxEntry, 'account' | 'problem'>): Promise<void> {
    await this.store.put({ ...entry, account: this.account, problem: null });
    await this.reload();
    void this.flush();
  }

  /** Takes an entry out again. False if it has been sent meanwhile. */
  async discard(key: string): Promise<boolean> {
    if (this.running) await this.running;
    const there = this.view.entries.some((e) => e.key === key);
    if (there) await this.store.remove(key);
    await this.reload();
    return there;
  }

  async reload(): Promise<void> {
    const all = await this.store.all();
    const mine = all.filter((e) => e.account === this.account).sort((a, b) => a.createdMs - b.createdMs);
    this.set({ ready: true, entries: mine, othersCount: all.length - mine.length, lasting: this.store.lasting });
  }

  /** Sends what waits, in the order it was entered. Calls while one is under way share it. */
  flush(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = null;
      this.set({ sending: false });
      // Something may have been added after the last look.
      if (!this.stopped && !this.view.failure && this.view.entries.some((e) => e.problem === null)) void this.flush();
    });
    return this.running;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    if (this.stopped) return;
    await this.reload();
    const waiting = this.view.entries.filter((e) => e.problem === null);
    if (waiting.length === 0) return this.set({ failure: null });
    this.set({ sending: true });
    for (const entry of waiting) {
      // Another account may have signed in meanwhile: nothing more is sent for this one.
      if (this.stopped || !(await this.sendOne(entry))) return;
    }
    this.waitMs = kFirstWaitMs;
    this.set({ failure: null });
  }

  /** False if there is no sense in going on now. */
  private async sendOne(entry: OutboxEntry): Promise<boolean> {
    try {
      const made = await this.send(entry);
      this.sent.set(entry.key, made);
      await this.store.remove(entry.key);
      await this.reload();
      return true;
    } catch (e) {
      const failure = asFailure(e);
      if (failure.retryable) {
        this.set({ failure });
        if (this.stopped) return false;
        const wait = failure.retryAfterMs ?? this.waitMs;
        this.waitMs = Math.min(this.waitMs * 2, kMaxWaitMs);
        this.timer = setTimeout(() => void this.flush(), wait);
        return false;
      }
      await this.store.put({ ...entry, problem: failure.text || failure.kind, problemKind: failure.kind });
      await this.reload();
      return true;
    }
  }

  private set(change: Partial<OutboxView>): void {
    this.view = { ...this.view, ...change };
    for (const l of this.listeners) l();
  }
}
