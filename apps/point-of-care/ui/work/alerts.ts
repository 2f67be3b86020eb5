// The alerts that are open, and those of today that were seen, held against two writers: the list that is read as a whole and the changes that arrive live.
// Flow:   load() reads receipts, then the persons and flags that they name; touch() reads one receipt after a live change; a newer version is never replaced by an older one.
//         What could not be read is read again by itself while somebody looks: the stream may be whole while a request is lost, and then brings no hello.
// Limits: kPageSize receipts of each kind; `more` says that there are further ones.
import type { FhirClient, SearchParams } from '@tk/fhir/client';
import { asFailure, type Failure, type Http } from '@tk/fhir/http';
import { dayOf } from '@tk/fhir/time';
import type { Patient, Resource } from '@tk/fhir/types';
import { type AlertReceipt, type Card, cardOf, type Flag, flagIdOf, isOpen, kOpenStatus, patientIdOf } from './model';

const kPageSize = 200;
const kIdsPerSearch = 100;
const kAgainMs = 3_000;

export interface AlertsView {
  cards: Card[];
  loaded: boolean;
  failure: Failure | null;
  more: boolean;
}

export class Alerts {
  private view: AlertsView = { cards: [], loaded: false, failure: null, more: false };
  private readonly listeners = new Set<() => void>();
  private readonly receipts = new Map<string, AlertReceipt>();
  private readonly patients = new Map<string, Patient | null>();
  private readonly flags = new Map<string, Flag | null>();
  private loadNumber = 0;
  private again: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly fhir: FhirClient,
    private readonly http: Http,
    private readonly onArrived: () => void = () => undefined,
    private readonly now: () => number = Date.now,
  ) {}

  getView = (): AlertsView => this.view;
  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };

  async load(): Promise<void> {
    const mine = ++this.loadNumber;
    const held = new Set(this.receipts.keys());
    try {
      const today = new Date(dayOf(this.now()) + 'T00:00:00').toISOString();
      const common: SearchParams = [
        ['_sort', '-_lastUpdated'],
        ['_count', String(kPageSize)],
      ];
      const pages = await Promise.all([
        this.fhir.search<AlertReceipt>('AlertReceipt', [['status', kOpenStatus.join(',')], ...common]),
        this.fhir.search<AlertReceipt>('AlertReceipt', [['status', 'acknowledged'], ['_lastUpdated', 'ge' + today], ...common]),
      ]);
      if (mine !== this.loadNumber) return;
      const listed = new Set(pages.flatMap((p) => p.items.map((r) => r.id ?? '')));
      for (const id of held) if (!listed.has(id)) this.receipts.delete(id);
      const arrived = this.view.loaded && pages[0].items.some((r) => !held.has(r.id ?? ''));
      for (const r of pages.flatMap((p) => p.items)) this.keepNewer(r);
      this.set({ loaded: true, failure: null, more: pages.some((p) => p.next !== null) });
      if (arrived) this.onArrived();
      await this.fill();
    } catch (e) {
      if (mine === this.loadNumber) this.fail(asFailure(e));
    }
  }

  async touch(id: string): Promise<void> {
    try {
      const fresh = !this.receipts.has(id);
      const receipt = await this.fhir.read<AlertReceipt>('AlertReceipt', id);
      this.keepNewer(receipt);
      await this.fill();
      if (fresh && isOpen(receipt)) this.onArrived();
    } catch (e) {
      const failure = asFailure(e);
      if (failure.kind === 'missing' || failure.kind === 'forbidden') this.drop(id);
      else this.fail(failure);
    }
  }

  private fail(failure: Failure): void {
    this.set({ failure });
    if (!failure.retryable) return;
    this.again ??= setTimeout(() => {
      this.again = null;
      if (this.listeners.size > 0) void this.load();
    }, kAgainMs);
  }

  drop(id: string): void {
    this.receipts.delete(id);
    this.set({});
  }

  /** By the one who is signed in. Throws Failure. */
  async acknowledge(receipt: AlertReceipt): Promise<void> {
    await this.http.send('POST', '/app/point-of-care/acknowledge', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ alert: receipt.alert.reference }),
    });
    await this.touch(receipt.id ?? '');
  }

  private keepNewer(receipt: AlertReceipt): void {
    const id = receipt.id ?? '';
    const held = this.receipts.get(id);
    if (held && Number(held.meta?.versionId ?? 0) > Number(receipt.meta?.versionId ?? 0)) return;
    this.receipts.set(id, receipt);
  }

  private async fill(): Promise<void> {
    const receipts = [...this.receipts.values()];
    await Promise.all([this.fillOne('Patient', this.patients, receipts.map(patientIdOf)), this.fillOne('Flag', this.flags, receipts.map(flagIdOf))]);
    this.set({});
  }

  private async fillOne<T extends Resource>(type: T['resourceType'], known: Map<string, T | null>, ids: (string | null)[]): Promise<void> {
    const missing = [...new Set(ids.filter((id): id is string => id !== null && !known.has(id)))];
    for (let i = 0; i < missing.length; i += kIdsPerSearch) {
      const part = missing.slice(i, i + kIdsPerSearch);
      const page = await this.fhir.search<T>(type, [
        ['_id', part.join(',')],
        ['_count', String(kIdsPerSearch)],
      ]);
      for (const id of part) known.set(id, page.items.find((r) => r.id === id) ?? null);
    }
  }

  private set(change: Partial<AlertsView>): void {
    const cards = [...this.receipts.values()].map((r) => cardOf(r, this.patients.get(patientIdOf(r) ?? ''), this.flags.get(flagIdOf(r) ?? '')));
    this.view = { ...this.view, ...change, cards };
    for (const l of this.listeners) l();
  }
}
