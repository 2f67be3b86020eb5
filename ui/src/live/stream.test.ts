import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventParser, type StreamEvent } from './sse';
import { type Change, kSilenceMs, LiveStream } from './stream';

function parse(pieces: string[]): StreamEvent[] {
  const got: StreamEvent[] = [];
  const parser = new EventParser((e) => got.push(e));
  for (const p of pieces) parser.push(p);
  return got;
}

describe('event parser', () => {
  const text = ': beat\r\nid: 7\r\nevent: change\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: tick\ndata: x\n\n';
  const events = [
    { event: 'change', data: '{"a":\n1}', id: '7' },
    { event: 'tick', data: 'x', id: '7' },
  ];

  test('reads fields, comments and line ends', () => {
    expect(parse([text])).toEqual(events);
  });

  test('is the same however the text is cut', () => {
    for (let cut = 1; cut < text.length; cut += 1) expect(parse([text.slice(0, cut), text.slice(cut)])).toEqual(events);
    expect(parse([...text])).toEqual(events);
  });

  test('gives up a line without end', () => {
    const parser = new EventParser(() => undefined);
    expect(parser.push('data: ' + 'x'.repeat(1_000_001))).toBe(false);
  });
});

/** A server end that the test holds in its hand. */
class Wire {
  headers: Record<string, string>[] = [];
  private out: ReadableStreamDefaultController<Uint8Array> | null = null;
  status = 200;

  fetch = async (_url: string, init: RequestInit): Promise<Response> => {
    this.headers.push(init.headers as Record<string, string>);
    if (this.status !== 200) return new Response('', { status: this.status });
    return new Response(new ReadableStream<Uint8Array>({ start: (c) => void (this.out = c) }));
  };
  say(event: string, data: object, id?: string): void {
    this.out?.enqueue(new TextEncoder().encode(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }
  cut(): void {
    this.out?.error(new Error('cut'));
  }
}

describe('live stream', () => {
  let wire: Wire;
  let changes: Change[];
  let syncs: boolean[];
  let stream: LiveStream;
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-20T09:00:00Z') });
    wire = new Wire();
    changes = [];
    syncs = [];
    stream = new LiveStream({ url: '/live', fetch: wire.fetch, onChange: (c) => changes.push(c), onSync: (f) => syncs.push(f), random: () => 1 });
  });
  afterEach(() => {
    stream.stop();
    vi.useRealTimers();
  });

  async function connect(incarnation = 'a', resumed = false): Promise<void> {
    await settle();
    wire.say('hello', { incarnation, t: 5, at: '2026-11-20T09:00:30Z' }, resumed ? undefined : incarnation + '-5');
    await settle();
  }

  test('is live after hello, with the clock of the program', async () => {
    stream.start();
    expect(stream.getSnapshot().state).toBe('connecting');
    await connect();
    expect(stream.getSnapshot()).toEqual({ state: 'live', at: Date.parse('2026-11-20T09:00:30Z'), skewMs: 30_000 });
    expect(syncs).toEqual([true]);
  });

  test('passes changes on and resumes after the last one', async () => {
    stream.start();
    await connect();
    wire.say('change', { t: 6, at: '2026-11-20T09:00:31Z', type: 'Task', id: 't1', version: '1', op: 'create' }, 'a-6');
    await settle();
    expect(changes).toMatchObject([{ t: 6, type: 'Task', id: 't1', op: 'create' }]);
    wire.cut();
    await settle();
    expect(stream.getSnapshot().state).toBe('lost');
    expect(stream.getSnapshot().at).toBe(Date.parse('2026-11-20T09:00:31Z'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(wire.headers[1]?.['Last-Event-ID']).toBe('a-6');
    await connect();
    expect(stream.getSnapshot().state).toBe('live');
    expect(syncs).toEqual([true, false]);
  });

  test('silence is a lost connection, a tick is a sign of life', async () => {
    stream.start();
    await connect();
    await vi.advanceTimersByTimeAsync(kSilenceMs - 1);
    wire.say('tick', { t: 5, at: '2026-11-20T09:00:55Z' });
    await settle();
    await vi.advanceTimersByTimeAsync(kSilenceMs - 1);
    expect(stream.getSnapshot().state).toBe('live');
    await vi.advanceTimersByTimeAsync(1);
    expect(stream.getSnapshot().state).toBe('lost');
  });

  test('a new incarnation voids the position and asks for a fresh list', async () => {
    stream.start();
    await connect('a');
    wire.cut();
    await vi.advanceTimersByTimeAsync(1000);
    expect(wire.headers[1]?.['Last-Event-ID']).toBe('a-5');
    await connect('b');
    expect(syncs).toEqual([true, true]);
  });

  test('waits longer and longer, and a person can stop the waiting', async () => {
    wire.status = 503;
    stream.start();
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = wire.headers.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(12);
    wire.status = 200;
    stream.retryNow();
    await connect();
    expect(stream.getSnapshot().state).toBe('live');
  });

  test('an ended session is said and not hammered', async () => {
    wire.status = 401;
    stream.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stream.getSnapshot().state).toBe('signed-out');
    expect(wire.headers.length).toBe(1);
  });

  test('a position that is too old begins at the head', async () => {
    stream.start();
    await connect();
    wire.status = 410;
    wire.cut();
    await vi.advanceTimersByTimeAsync(1000);
    wire.status = 200;
    await vi.advanceTimersByTimeAsync(5000);
    expect(wire.headers.at(-1)?.['Last-Event-ID']).toBeUndefined();
  });

  test('a resumed stream keeps its place until it has passed it', async () => {
    stream.start();
    await connect();
    wire.cut();
    await vi.advanceTimersByTimeAsync(1000);
    await connect('a', true);
    wire.say('change', { t: 9, type: 'Task', id: 't1', version: '1', op: 'create' });
    await settle();
    wire.cut();
    await vi.advanceTimersByTimeAsync(1000);
    expect(wire.headers[2]?.['Last-Event-ID']).toBe('a-5');
    expect(changes).toHaveLength(1);
  });

  test('reset asks for a fresh list, an end by sign-out is said', async () => {
    stream.start();
    await connect();
    wire.say('reset', { reason: 'too far behind' });
    await settle();
    expect(syncs).toEqual([true, true]);
    wire.say('end', { reason: 'signed-out' });
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stream.getSnapshot().state).toBe('signed-out');
    expect(wire.headers.length).toBe(1);
  });

  test('what cannot be read is left out', async () => {
    stream.start();
    await connect();
    wire.say('change', { t: 7, type: 'Task', id: 't2', version: '1', op: 'update' }, 'a-7');
    await settle();
    expect(changes).toMatchObject([{ id: 't2', at: null }]);
    expect(stream.getSnapshot().at).toBe(Date.parse('2026-11-20T09:00:30Z'));
  });
});
