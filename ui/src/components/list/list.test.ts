import { expect, test } from 'vitest';
import { FhirClient } from '../../fhir/client';
import { Failure, Http } from '../../fhir/http';
import { runBulk } from './bulk';
import { fhirSource } from './fhir_source';
import { type Column, type ListQuery, mayOrder, nextSort, shownColumns, sortOf, tableText } from './model';
import { isAt, kViewsMax, readKept, type Store, withoutView, withView, writeKept } from './views';

const query = (more: Partial<ListQuery> = {}): ListQuery => ({ show: 'all', sort: '', text: '', picks: {}, ...more });
const column = (id: string, more: Partial<Column<string>> = {}): Column<string> => ({ id, title: id, cell: (r) => r, text: (r) => r, ...more });

test('a title orders upwards, downwards, and then as the source likes', () => {
  expect(nextSort('', 'date')).toBe('date');
  expect(nextSort('date', 'date')).toBe('-date');
  expect(nextSort('-date', 'date')).toBe('');
  expect([sortOf('-date', 'date'), sortOf('date', 'date'), sortOf('name', 'date'), sortOf('', undefined)]).toEqual(['descending', 'ascending', 'none', 'none']);
});

test('an order for which the server would read all rows is offered where they are not too many', () => {
  const id = column('id', { sort: '_id', sortMax: 100 });
  expect([mayOrder(id, 100, ''), mayOrder(id, 101, ''), mayOrder(id, null, ''), mayOrder(id, 101, '-_id'), mayOrder(column('d', { sort: 'date' }), 1e6, ''), mayOrder(column('n'), 1, '')]).toEqual([true, false, false, true, true, false]);
});

test('the column that opens the row stays, whatever was chosen', () => {
  const all = [column('a', { fixed: true }), column('b'), column('c', { hidden: true })];
  expect(shownColumns(all, null).map((c) => c.id)).toEqual(['a', 'b']);
  expect(shownColumns(all, ['c']).map((c) => c.id)).toEqual(['a', 'c']);
});

test('a table that leaves can be read again, and runs nothing in a spreadsheet', () => {
  expect(tableText(['姓名', '体温'], [['张"三"', '36.5'], ['=1+1', '-3.5'], ['a,b', '两\n行']])).toBe('\uFEFF姓名,体温\r\n"张""三""",36.5\r\n\'=1+1,-3.5\r\n"a,b","两\n行"\r\n');
});

function shelf(): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return { kept, getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, v) };
}

test('views are kept for one account and hold nothing that was typed', () => {
  const store = shelf();
  const asked = query({ show: 'late', sort: '-date', text: '何思明', picks: { area: '380102' } });
  writeKept(store, 'li', 'tasks', withView(readKept(store, 'li', 'tasks'), ' 我的逾期 ', asked));
  expect([...store.kept.values()].join()).not.toContain('何思明');
  const { views } = readKept(store, 'li', 'tasks');
  expect(views).toEqual([{ name: '我的逾期', show: 'late', sort: '-date', picks: { area: '380102' } }]);
  expect(isAt(views[0]!, asked)).toBe(true);
  expect(isAt(views[0]!, query())).toBe(false);
  expect(readKept(store, 'wu', 'tasks').views).toEqual([]);
});

test('views: of one name the newest, so many and no more, gone when dropped; what cannot be read is nothing', () => {
  let kept = readKept(null, 'li', 'x');
  for (let i = 0; i < kViewsMax + 3; i += 1) kept = withView(kept, `v${i}`, query());
  expect(kept.views.length).toBe(kViewsMax);
  kept = withView(kept, 'v5', query({ show: 'other' }));
  expect(kept.views.filter((v) => v.name === 'v5')).toEqual([{ name: 'v5', show: 'other', sort: '', picks: {} }]);
  expect(withoutView(kept, 'v5').views.some((v) => v.name === 'v5')).toBe(false);
  expect(withView(kept, '   ', query())).toBe(kept);
  const store = shelf();
  store.setItem('tk.list.li.x', '{"views":[{"name":7},null,{"name":"ok","show":"a","sort":"","picks":{"p":1,"q":"z"}}],"columns":"no"}');
  expect(readKept(store, 'li', 'x')).toEqual({ views: [{ name: 'ok', show: 'a', sort: '', picks: { q: 'z' } }], columns: null });
  store.setItem('tk.list.li.x', 'no json');
  expect(readKept(store, 'li', 'x')).toEqual({ views: [], columns: null });
});

test('a FHIR list asks by POST, follows the links it is given, and lets the server count', async () => {
  const asked: [string, string, string][] = [];
  const http = new Http(async (input, init) => {
    asked.push([String(init.method), input, String(init.body ?? '')]);
    return new Response(JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: 2, entry: [{ resource: { resourceType: 'Task', id: 'a' } }], link: [{ relation: 'next', url: '/fhir?page=x' }] }));
  });
  const source = fhirSource(new FhirClient(http), { type: 'Task', sort: '-authored-on', params: (q) => (q.text ? [['code', q.text]] : []), counters: { all: [], open: [['status', 'requested']] } });
  const signal = new AbortController().signal;
  const first = await source.page(query({ show: 'open', text: '发热' }), null, signal);
  expect([first.total, first.next]).toEqual([2, '/fhir?page=x']);
  await source.page(query(), first.next, signal);
  expect(await source.counts?.(query(), signal)).toEqual({ all: 2, open: 2 });
  expect(asked[0]?.slice(0, 2)).toEqual(['POST', '/fhir/Task/_search']);
  expect(new URLSearchParams(asked[0]?.[2]).get('status')).toBe('requested');
  expect(new URLSearchParams(asked[0]?.[2]).get('_sort')).toBe('-authored-on');
  expect(asked[1]?.slice(0, 2)).toEqual(['GET', '/fhir?page=x']);
  expect(asked.slice(2).every(([, , body]) => body.includes('_summary=count'))).toBe(true);
});

test('several at once: one that fails is told and stops nobody; a stop ends it', async () => {
  const run = async (row: string): Promise<void> => {
    if (row === 'b') throw new Failure('forbidden', 403, '', '');
  };
  const deed = { id: 'd', label: 'd', hinders: () => '', run };
  const steps: number[] = [];
  const told = await runBulk({ deed, rows: ['a', 'b', 'c'], label: (r) => r, onStep: (n) => steps.push(n), stopped: () => false });
  expect([told.done, told.bad.map((x) => [x.label, x.failure.kind]), steps]).toEqual([2, [['b', 'forbidden']], [1, 2, 3]]);
  const heard: unknown[] = [];
  await runBulk({ deed: { ...deed, run: async (_row, answer) => void heard.push(answer) }, rows: ['a', 'c'], label: (r) => r, onStep: () => undefined, stopped: () => false, answer: 'because' });
  expect(heard).toEqual(['because', 'because']);
  expect((await runBulk({ deed, rows: ['a', 'c'], label: (r) => r, onStep: (n) => steps.push(n), stopped: () => steps.length > 3 })).done).toBe(1);
});
