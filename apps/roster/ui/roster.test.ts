import { expect, test } from 'vitest';
import { Http } from '@tk/fhir/http';
import { rosterSource, rowsOf, sheetPath } from './roster';

test('rows of all lists are read alike, reasons one by one', () => {
  const [row] = rowsOf({ day: 'd', total: 1, rows: [{ report: 'RosterReport/1', name: '何小明', reasons: ['fever', 'absent-ill'], temperature: 38.2 }] }, 0);
  expect([row?.key, row?.name, row?.reasons, row?.temperature, row?.unit]).toEqual(['RosterReport/1', '何小明', ['fever', 'absent-ill'], '38.2', '']);
  expect(rowsOf({ day: 'd', total: 1, rows: [{}] }, 50)[0]?.key).toBe('50');
});

test('pages go on where the last one ended, and stop with the last row; the class that is typed narrows lists and counts', async () => {
  const asked: string[] = [];
  const http = new Http(async (url) => {
    asked.push(url);
    const count = url.startsWith('/app/roster/day') ? { missing: 60, exceptions: { all: 2 } } : { day: 'd', total: 60, rows: Array.from({ length: url.includes('_offset=50') ? 10 : 50 }, (_, i) => ({ member: `m${i}` })) };
    return new Response(JSON.stringify(count));
  });
  const source = rosterSource(http, '2026-11-24');
  const query = { show: 'missing', sort: '', text: '一班', picks: {} };
  const signal = new AbortController().signal;
  const first = await source.page(query, null, signal);
  expect([first.next, first.total]).toEqual(['50', 60]);
  expect((await source.page(query, first.next, signal)).next).toBeNull();
  expect(decodeURIComponent(asked[0] ?? '')).toBe('/app/roster/missing?day=2026-11-24&unit=一班&_count=50&_offset=0');
  expect(await source.counts?.(query, signal)).toEqual({ missing: 60, exceptions: 2, return: 60 });
  expect(sheetPath('return', '2026-11-24', '')).toBe('/app/roster/return?format=xlsx');
});
