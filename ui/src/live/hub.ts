// One stream for the whole page, however many parts of it listen: a browser opens six connections to a server, over all its tabs, and no more.
// Flow:   join(types, handlers) -> one LiveStream of all types that anybody wants -> each hears of its own types
// Shape:  a stream of more types is a new one: everybody is told to read anew (onSync) by its hello, so nothing is missed between the two; until then the
//         last state is shown. Who joins a stream that has his types already is told to read at once.
// Errors: none are thrown; they are states (stream.ts).
import { type Change, type LiveOptions, LiveStream, type Snapshot } from './stream';

export interface LiveHandlers {
  onChange: (c: Change) => void;
  onSync: (fresh: boolean) => void;
}

interface Member extends LiveHandlers {
  types: ReadonlySet<string>;
  isNew: boolean; // has not been told to read yet
}

type Stream = Pick<LiveStream, 'start' | 'stop' | 'retryNow' | 'getSnapshot' | 'subscribe'>;

const kIdle: Snapshot = { state: 'connecting', at: null, skewMs: 0 };

export class LiveHub {
  private readonly members = new Set<Member>();
  private readonly listeners = new Set<() => void>();
  private snapshot: Snapshot = kIdle;
  private stream: Stream | null = null;
  private types: ReadonlySet<string> = new Set();
  private settling = false;

  constructor(
    private readonly onSignedOut: () => void,
    private readonly open: (options: LiveOptions) => Stream = (options) => new LiveStream(options),
    private readonly later: (act: () => void) => void = (act) => void setTimeout(act),
  ) {}

  getSnapshot = (): Snapshot => this.snapshot;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins to listen, until the answer is called. */
  join(types: readonly string[], handlers: LiveHandlers): () => void {
    const member: Member = { ...handlers, types: new Set(types), isNew: true };
    this.members.add(member);
    this.settleSoon();
    return () => {
      this.members.delete(member);
      this.settleSoon();
    };
  }

  /** Does not wait any longer: for a button, or when the device says that it has a network again. */
  retryNow = (): void => this.stream?.retryNow();

  /** All parts of a page that come or go together make one change of the stream. */
  private settleSoon(): void {
    if (this.settling) return;
    this.settling = true;
    this.later(() => {
      this.settling = false;
      this.settle();
    });
  }

  private settle(): void {
    const wanted = new Set([...this.members].flatMap((m) => [...m.types]));
    if (wanted.size === 0) return this.end();
    if (this.stream === null || [...wanted].some((type) => !this.types.has(type))) return this.begin(wanted);
    if (this.stream.getSnapshot().state === 'live') this.tellToRead((m) => m.isNew, true);
  }

  private end(): void {
    this.stream?.stop();
    this.stream = null;
    this.types = new Set();
    this.set(kIdle);
  }

  private begin(types: ReadonlySet<string>): void {
    this.stream?.stop();
    this.types = types;
    const stream = this.open({
      url: '/live?types=' + [...types].sort().join(','),
      onChange: (c) => {
        for (const m of [...this.members]) if (m.types.has(c.type)) m.onChange(c);
      },
      onSync: (fresh) => this.tellToRead(() => true, fresh),
      onSignedOut: this.onSignedOut,
    });
    this.stream = stream;
    stream.subscribe(() => {
      if (this.stream !== stream) return;
      const next = stream.getSnapshot();
      if (next.state !== 'connecting') this.set(next);
    });
    stream.start();
  }

  private tellToRead(which: (m: Member) => boolean, fresh: boolean): void {
    for (const m of [...this.members].filter(which)) {
      const first = m.isNew;
      m.isNew = false;
      m.onSync(fresh || first);
    }
  }

  private set(next: Snapshot): void {
    this.snapshot = next;
    for (const l of this.listeners) l();
  }
}
