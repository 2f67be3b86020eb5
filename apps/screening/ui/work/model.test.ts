import { describe, expect, test } from 'vitest';
import { FhirClient } from '@tk/fhir/client';
import { Http } from '@tk/fhir/http';
import { kAccountSystem, kRuleUrl, type Task } from '@tk/fhir/types';
import { Board } from './board';
import { closing, countRows, dueOf, inFilter, isOurs, ownerOf, rowOf, ruleOf, sortRows } from './model';

const kNow = Date.parse('2026-11-20T09:00:00+08:00');
const at = (minutes: number): string => new Date(kNow + minutes * 60_000).toISOString();

function task(id: string, status: string, dueMinutes: number | null, more: Partial<Task> = {}): Task {
  return {
    resourceType: 'Task',
    id,
    meta: { versionId: '1' },
    status,
    intent: 'order',
    extension: [{ url: kRuleUrl, valueString: 'screening.fever|2' }],
    authoredOn: at(-30),
    for: { reference: 'Patient/p1' },
    reasonReference: { reference: 'Observation/o1' },
    ...(dueMinutes === null ? {} : { restriction: { period: { end: at(dueMinutes) } } }),
    ...more,
  };
}

const row = (t: Task): ReturnType<typeof rowOf> => rowOf(t, undefined, undefined);

test('rule and version come from the extension', () => {
  expect(ruleOf(task('a', 'requested', 1))).toEqual({ id: 'screening.fever', version: '2' });
  expect(ruleOf({ ...task('a', 'requested', 1), extension: [] })).toBeNull();
  expect(isOurs({ ...task('a', 'requested', 1), extension: [{ url: kRuleUrl, valueString: 'booking.late|1' }] })).toBe(false);
});

test('counters add up with the lists they open', () => {
  const rows = [
    task('late', 'requested', -10),
    task('soon', 'accepted', 60),
    task('far', 'requested', 61),
    task('free', 'in-progress', null),
    task('done', 'completed', -5, { lastModified: at(-10) }),
    task('old', 'completed', -5, { lastModified: at(-60 * 24) }),
    task('gone', 'cancelled', -5),
  ].map(row);
  const c = countRows(rows, kNow);
  expect(c).toMatchObject({ open: 4, soon: 1, requested: 2, overdue: 1, longestLateMs: 600_000, done: 1, medianDoneMs: 20 * 60_000 });
  for (const f of ['open', 'requested', 'overdue', 'done'] as const) expect(rows.filter((r) => inFilter(r, f, kNow))).toHaveLength(c[f]);
});

test('open tasks are in the order of their time limits, those without one last', () => {
  const rows = [task('free', 'requested', null), task('b', 'requested', 20), task('a', 'accepted', -20)].map(row);
  expect(sortRows(rows, 'open').map((r) => r.id)).toEqual(['a', 'b', 'free']);
});

test('a time limit has one of four kinds', () => {
  expect(dueOf(kNow - 1, kNow).kind).toBe('late');
  expect(dueOf(kNow, kNow).kind).toBe('soon');
  expect(dueOf(kNow + 3_600_000, kNow).kind).toBe('soon');
  expect(dueOf(kNow + 3_600_001, kNow).kind).toBe('far');
  expect(dueOf(null, kNow).kind).toBe('none');
});

test('closing says the outcome as a code, and the reason in words', () => {
  expect(closing('home', '居家观察', '')).toEqual({ code: 'close', reason: '居家观察', inputs: { outcome: 'home' } });
  expect(closing('other', '其他', '已转学校').reason).toBe('其他：已转学校');
});

test('the owner is the account, or somebody else', () => {
  const me = { account: 'cdc', display: '周文博' };
  const owner = { identifier: { system: kAccountSystem, value: 'cdc' }, display: '周文博' };
  expect(ownerOf({ ...task('a', 'accepted', 1), owner }, me)).toEqual({ mine: true, name: '周文博' });
  expect(ownerOf({ ...task('a', 'accepted', 1), owner }, { ...me, account: 'x' })?.mine).toBe(false);
});

describe('board', () => {
  /** A program that answers when the test says so. */
  class Program {
    tasks = new Map<string, Task>();
    waiting: (() => void)[] = [];
    held = false;
    arrived = 0;
    board = new Board(new FhirClient(new Http((url, init) => this.answer(url, init))), () => (this.arrived += 1), () => kNow);

    private async answer(url: string, init: RequestInit): Promise<Response> {
      const one = /^\/fhir\/Task\/([^/_]+)$/.exec(url)?.[1];
      const params = new URLSearchParams(String(init.body ?? ''));
      const wanted = params.get('status')?.split(',');
      // The answer is made now and delivered later, as a slow network does.
      const found = url.includes('/Task/_search') ? [...this.tasks.values()].filter((t) => wanted?.includes(t.status)) : [];
      const body = one ? this.tasks.get(one) : { resourceType: 'Bundle', type: 'searchset', entry: found.map((resource) => ({ resource })) };
      const text = JSON.stringify(body);
      if (this.held && !one) await new Promise<void>((go) => this.waiting.push(go));
      return body ? new Response(text) : new Response('{}', { status: 404 });
    }
  }
  const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 5));
  const ids = (p: Program): string[] => p.board.getView().rows.map((r) => r.id).sort();

  test('a change that arrives during a slow load is not undone by it', async () => {
    const p = new Program();
    p.tasks.set('a', task('a', 'requested', 10));
    p.held = true;
    const load = p.board.load();
    await settle();
    p.tasks.set('a', task('a', 'accepted', 10, { meta: { versionId: '2' } }));
    p.tasks.set('b', task('b', 'requested', 10));
    p.held = false;
    p.board.touch('a', false);
    p.board.touch('b', true);
    await settle();
    for (const go of p.waiting) go();
    await load;
    expect(p.board.getView().rows.find((r) => r.id === 'a')?.task.status).toBe('accepted');
    expect(ids(p)).toEqual(['a', 'b']);
    expect([...p.board.getView().fresh]).toEqual(['b']);
    expect(p.arrived).toBe(1);
  });

  test('a task that is gone leaves the list', async () => {
    const p = new Program();
    p.tasks.set('a', task('a', 'requested', 10));
    await p.board.load();
    expect(ids(p)).toEqual(['a']);
    p.tasks.delete('a');
    p.board.touch('a', false);
    await settle();
    expect(ids(p)).toEqual([]);
  });

  test('a load forgets what the program no longer lists', async () => {
    const p = new Program();
    p.tasks.set('a', task('a', 'requested', 10));
    await p.board.load();
    p.tasks.clear();
    p.tasks.set('b', task('b', 'requested', 10));
    await p.board.load();
    expect(ids(p)).toEqual(['b']);
  });

  test('a hundred changes at once are all read', async () => {
    const p = new Program();
    await p.board.load();
    for (let i = 0; i < 100; i += 1) p.tasks.set('t' + i, task('t' + i, 'requested', i));
    for (let i = 0; i < 100; i += 1) p.board.touch('t' + i, true);
    await settle();
    await settle();
    expect(p.board.getView().rows).toHaveLength(100);
    expect(p.arrived).toBe(100);
  });

  test('tasks of other apps stay out', async () => {
    const p = new Program();
    await p.board.load();
    p.tasks.set('x', { ...task('x', 'requested', 1), extension: [{ url: kRuleUrl, valueString: 'booking.late|1' }] });
    p.board.touch('x', true);
    await settle();
    expect(ids(p)).toEqual([]);
    expect(p.arrived).toBe(0);
  });

  test('a failed load says so and keeps what was there', async () => {
    const p = new Program();
    p.tasks.set('a', task('a', 'requested', 10));
    await p.board.load();
    const broken = new Board(new FhirClient(new Http(() => Promise.reject(new Error('net')))));
    await broken.load();
    expect(broken.getView()).toMatchObject({ loaded: false, loading: false, failure: { kind: 'network' } });
  });
});
