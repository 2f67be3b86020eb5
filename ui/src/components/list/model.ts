// What a list is made of: what is asked, what comes, what stands in its columns. A list knows no server: its source does.
// Flow:   the page's columns, counters and source → List → source.page(query, after) → rows, and where the next page is
// Limits: a page has as many rows as the source gives; only one page stands in the document, so ten million rows cost what a hundred do.
import type { ReactNode } from 'react';

/** What is asked. All of it but `text` stands in the URL; what is typed may be somebody's name. */
export interface ListQuery {
  show: string; // the counter that filters
  sort: string; // a column's `sort`, "-" before it: descending; "": as the source likes
  text: string;
  picks: Readonly<Record<string, string>>;
}

export interface ListPage<Row> {
  rows: Row[];
  next: string | null; // what asks for the next page
  total: number | null; // null: not told
  counts?: Readonly<Record<string, number>>; // of the counters, where they come with the first page
}

export interface ListSource<Row> {
  key: readonly string[]; // in the cache of queries
  page: (query: ListQuery, after: string | null, signal: AbortSignal) => Promise<ListPage<Row>>;
  counts?: (query: ListQuery, signal: AbortSignal) => Promise<Record<string, number>>;
}

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  text: (row: Row) => string; // in a table that leaves
  sort?: string;
  sortMax?: number; // no order by it of a list with more rows: the server would read them all
  width?: number;
  fixed?: boolean; // opens the row, and cannot be put away
  hidden?: boolean; // until it is chosen
  narrow?: boolean; // put away where the page is narrow
}

/** A choice beside the search field. */
export interface Choice {
  name: string; // in the URL
  label: string;
  any: string; // what is said where nothing is chosen
  options: readonly { value: string; label: string }[];
}

/** What can be done with several at once. */
export interface BulkDeed<Row> {
  id: string;
  label: string;
  /** Why not with this one; "": it can be. */
  hinders: (row: Row) => string;
  /** What is asked once before all go, and given to each; left out: nothing. */
  ask?: (p: { count: number; onGo: (answer: unknown) => void; onClose: () => void }) => ReactNode;
  /** Throws Failure for one that did not go. */
  run: (row: Row, answer?: unknown) => Promise<void>;
}

/** The next sort of a column that is clicked: ascending, descending, as the source likes. */
export function nextSort(sort: string, of: string): string {
  if (sort === of) return '-' + of;
  return sort === '-' + of ? '' : of;
}

/** Whether a list of `total` rows (null: not told) is ordered by this column; one that is stays so, to be taken back. */
export function mayOrder<Row>(column: Column<Row>, total: number | null, sort: string): boolean {
  if (column.sort === undefined) return false;
  return column.sortMax === undefined || (total !== null && total <= column.sortMax) || sortOf(sort, column.sort) !== 'none';
}

export function sortOf(sort: string, of: string | undefined): 'ascending' | 'descending' | 'none' {
  if (of === undefined) return 'none';
  return sort === of ? 'ascending' : sort === '-' + of ? 'descending' : 'none';
}

/** Which columns stand there: those that were chosen, always those that are fixed. */
export function shownColumns<Row>(columns: readonly Column<Row>[], chosen: readonly string[] | null): Column<Row>[] {
  return columns.filter((c) => c.fixed || (chosen === null ? !c.hidden : chosen.includes(c.id)));
}

const kNumber = /^[+-]?\d+(\.\d+)?$/;

/** A cell of a table that leaves. What a spreadsheet would take for a formula is made text. Source: RFC 4180; OWASP "CSV injection". */
function cellText(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !kNumber.test(value) ? "'" + value : value;
  return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

/** As the imports of the platform read it: UTF-8 with a mark at the beginning, a row of titles, CRLF. */
export function tableText(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return '\uFEFF' + [titles, ...rows].map((row) => row.map(cellText).join(',') + '\r\n').join('');
}
