// The tasks of the list, held against two writers: the list that is read as a whole and the changes that arrive live.
// Flow:   load() reads open tasks and those finished today; touch() reads one task after a live change; both then read
//         the persons and readings they point to.
// A change that arrives while a list is on its way is never overwritten by that older list: the newer version stays.
// Limits: kPageSize tasks a page; `more` says that there are further ones.
import type { FhirClient, SearchParams } from '@tk/fhir/client';
import { asFailure, type Failure } from '@tk/fhir/http';
import { dayOf } from '@tk/fhir/time';
import type { Observation, Patient, Resource, Task } from '@tk/fhir/types';
import { isOurs, kOpenStatus, patientIdOf, readingIdOf, type Row, rowOf } from './model';

const kPageSize = 200;
const kIdsPerSearch = 100;
const kReadsAtOnce = 6;

export interface BoardView {
  rows: Row[];
  loaded: boolean;
  loading: boolean;
  failure: Failure | null;
  more: boolean;
  fresh: ReadonlySet<string>; // arrived live and not looked at yet
}

export class Board {
  private view: BoardView = { rows: [], loaded: false, loading: false, failure: null, more: false, fresh: new Set() };
  private readonly listeners = new Set<() => void>();
  private readonly tasks = new Map<string, Task>();
  private readonly patients = new Map<string, Patient | null>();
  private readonly readings = new Map<string, Observation | null>();
  private readonly touchedAt = new Map<string, number>(); // task id -> `clock` of its last live change
  private clock = 0;
  private loadNumber = 0;
  private nextLinks: string[] = [];
  private readonly queue = new Set<string>();
  private reading = 0;

  constructor(
    private readonly fhir: FhirClient,
    private readonly onArrived: () => void = () => undefined,
    private readonly now: () => number = Date.now,
  ) {}

  getView = (): BoardView => this.view;

  subscribe = (l: () => void): (() => void) => {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  };

  async load(): Promise<void> {
    const mine = ++this.loadNumber;
    const began = ++this.clock;
    this.set({ loading: true });
    try {
      const dayStart = new Date(dayOf(this.now()) + 'T00:00:00').toISOString();
      const common: SearchParams = [
        ['_sort', '-_lastUpdated'],
        ['_count', String(kPageSize)],
      ];
      const pages = await Promise.all([
        this.fhir.search<Task>('Task', [['status', kOpenStatus.join(',')], ...common]),
        this.fhir.search<Task>('Task', [['status', 'completed'], ['_lastUpdated', 'ge' + dayStart], ...common]),
      ]);
      if (mine !== this.loadNumber) return;
      this.replace(pages.flatMap((p) => p.items), began);
      this.nextLinks = pages.flatMap((p) => (p.next ? [p.next] : []));
      this.set({ loaded: true, loading: false, failure: null, more: this.nextLinks.length > 0 });
      await this.fill();
    } catch (e) {
      if (mine === this.loadNumber) this.set({ loading: false, failure: asFailure(e) });
    }
  }

  async loadMore(): Promise<void> {
    this.set({ loading: true });
    try {
      const pages = await Promise.all(this.nextLinks.map((l) => this.fhir.page<Task>(l)));
      for (const t of pages.flatMap((p) => p.items)) this.keepNewer(t);
      this.nextLinks = pages.flatMap((p) => (p.next ? [p.next] : []));
      this.set({ loading: false, failure: null, more: this.nextLinks.length > 0 });
      await this.fill();
    } catch (e) {
      this.set({ loading: false, failure: asFailure(e) });
    }
  }

  /** A task has changed: read it. Many at once are read a few at a time, each once. */
  touch(id: string, created: boolean): void {
    this.queue.add(id);
    if (created && !this.tasks.has(id)) this.freshIds.add(id);
    this.drain();
  }

  private readonly freshIds = new Set<string>();

  drop(id: string): void {
    this.touchedAt.set(id, ++this.clock);
    this.tasks.delete(id);
    this.set({});
  }

  /** What this page has changed itself. */
  put(task: Task): void {
    this.touchedAt.set(task.id ?? '', ++this.clock);
    this.keepNewer(task);
    this.set({});
  }

  seen(id: string): void {
    if (!this.view.fresh.has(id)) return;
    const fresh = new Set(this.view.fresh);
    fresh.delete(id);
    this.set({ fresh });
  }

  private drain(): void {
    for (const id of this.queue) {
      if (this.reading >= kReadsAtOnce) return;
      this.queue.delete(id);
      this.reading += 1;
      void this.readOne(id).finally(() => {
        this.reading -= 1;
        this.drain();
      });
    }
  }

  private async readOne(id: string): Promise<void> {
    try {
      const task = await this.fhir.read<Task>('Task', id);
      const arrived = this.freshIds.delete(id) && isOurs(task);
      this.touchedAt.set(id, ++this.clock);
      this.keepNewer(task);
      this.set(arrived ? { fresh: new Set(this.view.fresh).add(id) } : {});
      if (arrived) this.onArrived();
      await this.fill();
    } catch (e) {
      const failure = asFailure(e);
      if (failure.kind === 'missing' || failure.kind === 'forbidden') this.drop(id);
      // Anything else: the next hello of the stream, or the next load, brings the whole list again.
      else this.set({ failure });
    }
  }

  private keepNewer(task: Task): void {
    if (!isOurs(task) || !task.id) return;
    const held = this.tasks.get(task.id);
    if (held && Number(held.meta?.versionId ?? 0) > Number(task.meta?.versionId ?? 0)) return;
    this.tasks.set(task.id, task);
  }

  private replace(list: Task[], began: number): void {
    const ids = new Set(list.map((t) => t.id));
    for (const id of [...this.tasks.keys()]) {
      if (!ids.has(id) && (this.touchedAt.get(id) ?? 0) < began) this.tasks.delete(id);
    }
    for (const t of list) {
      const dropped = !this.tasks.has(t.id ?? '') && (this.touchedAt.get(t.id ?? '') ?? 0) > began;
      if (!dropped) this.keepNewer(t);
    }
  }

  /** Reads the persons and readings that are pointed to and not known yet. */
  private async fill(): Promise<void> {
    const tasks = [...this.tasks.values()];
    await Promise.all([this.fillOne('Patient', this.patients, tasks.map(patientIdOf)), this.fillOne('Observation', this.readings, tasks.map(readingIdOf))]);
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
      this.set({});
    }
  }

  private set(change: Partial<BoardView>): void {
    const rows = [...this.tasks.values()].map((t) => rowOf(t, lookUp(this.patients, patientIdOf(t)), lookUp(this.readings, readingIdOf(t))));
    this.view = { ...this.view, ...change, rows };
    for (const l of this.listeners) l();
  }
}

function lookUp<T>(known: Map<string, T | null>, id: string | null): T | null | undefined {
  return id === null ? null : known.get(id);
}
