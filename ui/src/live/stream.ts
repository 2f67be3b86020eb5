// The live stream with an honest state: what is shown is either of now, or says since when it is not.
// Flow:   fetch /live (text/event-stream) -> hello, change, tick, reset, end -> listeners; broken or silent -> wait -> again
//         from the last event id ("<incarnation>-<t>"). A new incarnation of the log voids it.
// Shape:  Snapshot.at is the program's clock at its last sign of life, so every page shows one time, not the device's.
// Errors: none are thrown; they are states. 401 is 'signed-out' and stops until start() is called again.
// `onSync` is called after every hello: the page reads its list anew, so a missed change can never stay missing.
import { EventParser, type StreamEvent } from './sse';

export type LiveState = 'connecting' | 'live' | 'lost' | 'signed-out';

export interface Snapshot {
  state: LiveState;
  at: number | null; // ms, program's clock
  skewMs: number; // program's clock minus the device's
}

export interface Change {
  t: number;
  at: number | null;
  type: string;
  id: string;
  version: string;
  op: 'create' | 'update' | 'delete';
}

/** The program ticks every 10 s; two and a half missed ticks are silence. */
export const kSilenceMs = 25_000;
const kFirstWaitMs = 500;
const kMaxWaitMs = 15_000;

type StreamFetch = (input: string, init: RequestInit) => Promise<Response>;

export interface LiveOptions {
  url: string;
  onChange: (c: Change) => void;
  onSync: (fresh: boolean) => void;
  onSignedOut?: () => void;
  fetch?: StreamFetch;
  now?: () => number;
  random?: () => number;
}

export class LiveStream {
  private snapshot: Snapshot = { state: 'connecting', at: null, skewMs: 0 };
  private readonly listeners = new Set<() => void>();
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private waitMs = kFirstWaitMs;
  private incarnation: string | null = null;
  private position: string | null = null;
  private readonly fetch_: StreamFetch;
  private readonly now: () => number;
  private readonly random: () => number;

  constructor(private readonly options: LiveOptions) {
    this.fetch_ = options.fetch ?? ((input, init) => fetch(input, init));
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
  }

  getSnapshot = (): Snapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    this.stop();
    this.abort = new AbortController();
    void this.run(this.abort);
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.abort?.abort();
    this.abort = null;
  }

  /** Does not wait any longer: for a button, or when the device says that it has a network again. */
  retryNow = (): void => {
    if (this.snapshot.state === 'live') return;
    this.waitMs = kFirstWaitMs;
    this.start();
  };

  private set(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const l of this.listeners) l();
  }

  private async run(owner: AbortController): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.position !== null) headers['Last-Event-ID'] = this.position;
    this.watch(owner);
    try {
      const response = await this.fetch_(this.options.url, { headers, signal: owner.signal, credentials: 'same-origin', cache: 'no-store' });
      if (response.status === 401) return this.leave();
      // 410: the position is too old to resume from; begin at the head.
      if (response.status === 410) this.position = null;
      if (response.ok && response.body) await this.consume(response.body, owner);
    } catch {
      // A broken connection is a state, not an error: it is shown, and tried again below.
    }
    if (this.abort === owner) this.lose(owner);
  }

  private async consume(body: ReadableStream<Uint8Array>, owner: AbortController): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser((e) => this.take(e));
    try {
      while (this.abort === owner) {
        const { value, done } = await reader.read();
        if (done || this.abort !== owner) return;
        this.watch(owner);
        if (!parser.push(decoder.decode(value, { stream: true }))) return;
      }
    } finally {
      void reader.cancel().catch(() => undefined);
    }
  }

  private watch(owner: AbortController): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (this.abort !== owner) return;
      this.lose(owner);
    }, kSilenceMs);
  }

  /** The session has ended: said once, not tried again until somebody has signed in. */
  private leave(): void {
    this.stop();
    this.set({ state: 'signed-out' });
    this.options.onSignedOut?.();
  }

  private lose(owner: AbortController): void {
    clearTimeout(this.silence);
    owner.abort();
    this.abort = null;
    this.set({ state: 'lost' });
    // Spread over the half of the wait, so that a thousand pages do not come back in one moment.
    const wait = this.waitMs * (0.5 + this.random() / 2);
    this.waitMs = Math.min(this.waitMs * 2, kMaxWaitMs);
    this.timer = setTimeout(() => this.start(), wait);
  }

  private take(e: StreamEvent): void {
    let data: Record<string, unknown>;
    try {
      data = JSON.parse(e.data) as Record<string, unknown>;
    } catch {
      return;
    }
    const at = timeOf(data['at']);
    const clock = at === null ? {} : { at, skewMs: at - this.now() };
    if (e.event === 'hello') return this.hello(String(data['incarnation'] ?? ''), e.id, clock);
    // The id stands only where a transaction is complete, so that none is taken up in its middle.
    if (e.id !== null) this.position = e.id;
    if (e.event === 'reset') this.options.onSync(true);
    if (e.event === 'end' && data['reason'] === 'signed-out') return this.leave();
    if (e.event === 'tick') this.set(clock);
    if (e.event === 'change') {
      this.set(clock);
      this.options.onChange({
        t: Number(data['t']),
        at,
        type: String(data['type']),
        id: String(data['id']),
        version: String(data['version'] ?? ''),
        op: data['op'] as Change['op'],
      });
    }
  }

  private hello(incarnation: string, id: string | null, clock: Partial<Snapshot>): void {
    const fresh = this.incarnation === null || this.incarnation !== incarnation;
    // On a resumed stream the head in the hello is ahead of what has been replayed: the old position stays.
    if (fresh) this.position = id;
    this.incarnation = incarnation;
    this.waitMs = kFirstWaitMs;
    this.set({ ...clock, state: 'live' });
    this.options.onSync(fresh);
  }
}

function timeOf(value: unknown): number | null {
  const ms = typeof value === 'number' ? value : Date.parse(String(value ?? ''));
  return Number.isNaN(ms) ? null : ms;
}
