import { beforeEach, expect, test } from 'vitest';
import { LiveHub } from './hub';
import type { Change, LiveOptions, Snapshot } from './stream';

/** A stream that the test holds in its hand. */
class Line {
  state: Snapshot = { state: 'connecting', at: null, skewMs: 0 };
  running = false;
  retried = 0;
  private readonly listeners: (() => void)[] = [];
  constructor(readonly options: LiveOptions) {}
  start = (): void => void (this.running = true);
  stop = (): void => void (this.running = false);
  retryNow = (): void => void (this.retried += 1);
  getSnapshot = (): Snapshot => this.state;
  subscribe = (l: () => void): (() => void) => {
    this.listeners.push(l);
    return () => undefined;
  };
  become(state: Snapshot['state'], at = 5): void {
    this.state = { state, at, skewMs: 0 };
    for (const l of this.listeners) l();
  }
  hello(fresh: boolean): void {
    this.become('live');
    this.options.onSync(fresh);
  }
}

let lines: Line[];
let due: (() => void)[];
let hub: LiveHub;
const settle = (): void => due.splice(0).forEach((act) => act());
const change = (type: string): Change => ({ t: 1, at: null, type, id: 'x', version: '1', op: 'create' });

beforeEach(() => {
  lines = [];
  due = [];
  hub = new LiveHub(
    () => undefined,
    (options) => {
      const line = new Line(options);
      lines.push(line);
      return line;
    },
    (act) => void due.push(act),
  );
});

function listener(): { heard: string[]; onChange: (c: Change) => void; onSync: (fresh: boolean) => void } {
  const heard: string[] = [];
  return { heard, onChange: (c) => void heard.push(c.type), onSync: (fresh) => void heard.push(fresh ? 'all' : 'again') };
}

test('parts that come together share one stream, and each hears of its own types', () => {
  const a = listener();
  const b = listener();
  hub.join(['Task'], a);
  hub.join(['Communication'], b);
  settle();
  expect(lines.map((l) => l.options.url)).toEqual(['/live?types=Communication,Task']);
  lines[0]?.hello(true);
  lines[0]?.options.onChange(change('Task'));
  expect(a.heard).toEqual(['all', 'Task']);
  expect(b.heard).toEqual(['all']);
});

test('who comes later with a type that is there is told to read at once; with a new type there is a new stream for all', () => {
  const a = listener();
  hub.join(['Task', 'Flag'], a);
  settle();
  lines[0]?.hello(true);
  const b = listener();
  hub.join(['Flag'], b);
  settle();
  expect(lines).toHaveLength(1);
  expect(b.heard).toEqual(['all']);
  const c = listener();
  hub.join(['Patient'], c);
  settle();
  expect(lines[0]?.running).toBe(false);
  expect(lines[1]?.options.url).toBe('/live?types=Flag,Patient,Task');
  expect(hub.getSnapshot().state).toBe('live'); // the old state stands until the new stream has one
  lines[1]?.hello(true);
  expect(a.heard).toEqual(['all', 'all']);
  expect(c.heard).toEqual(['all']);
});

test('a resumed stream says so; but to whom it is new everything is new', () => {
  const a = listener();
  hub.join(['Task'], a);
  settle();
  lines[0]?.hello(true);
  lines[0]?.become('lost');
  expect(hub.getSnapshot().state).toBe('lost');
  const b = listener();
  hub.join(['Task'], b);
  settle();
  expect(b.heard).toEqual([]); // nothing to read from yet
  lines[0]?.hello(false);
  expect(a.heard).toEqual(['all', 'again']);
  expect(b.heard).toEqual(['all']);
});

test('when the last one leaves the stream ends; leaving and coming in one step keeps it', () => {
  const leave = hub.join(['Task'], listener());
  settle();
  lines[0]?.hello(true);
  leave();
  const again = hub.join(['Task'], listener());
  settle();
  expect(lines).toHaveLength(1);
  again();
  settle();
  expect(lines[0]?.running).toBe(false);
  expect(hub.getSnapshot().state).toBe('connecting');
});

test('an ended stream is heard no more', () => {
  hub.join(['Task'], listener());
  settle();
  hub.join(['Flag'], listener());
  settle();
  lines[1]?.hello(true);
  lines[0]?.become('lost');
  expect(hub.getSnapshot().state).toBe('live');
  hub.retryNow();
  expect(lines[1]?.retried).toBe(1);
});
