// A table that somebody wants to import, as he sent it: its rows with their lines, so that what the program says of a line can stand beside the row. Pure.
// The program reads the table by itself; this is for showing and giving back, and where it cannot be read the lines stand alone.
// Source: RFC 4180; ECMA-376 part 1, 18.3 (worksheets), 18.4 (shared strings).
import { tableText } from '../list/model';

export interface Issue {
  line: number;
  column?: string;
  text: string;
}
export interface Report {
  rows: number;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  issues: Issue[];
  joined?: number; // found to be somebody who is known
  review?: number[]; // lines about which a person must decide
  notes?: string[]; // what is said of the table as a whole: columns that are not known
}
export interface Sheet {
  titles: string[];
  rows: Map<number, string[]>; // by line; the titles' is not among them
}

/** Records of a CSV with the line at which each begins, counted from 1. */
export function readCsv(text: string): Sheet {
  const records: { line: number; cells: string[] }[] = [];
  let line = 1, begun = 1, cell = '', cells: string[] = [], quoted = false;
  const end = (): void => {
    cells.push(cell);
    if (cells.some((one) => one !== '')) records.push({ line: begun, cells });
    cells = [];
    cell = '';
  };
  const source = text.replace(/^\uFEFF/, '');
  for (let i = 0; i < source.length; i += 1) {
    const c = source[i] ?? '';
    if (quoted) {
      if (c === '"' && source[i + 1] === '"') { cell += '"'; i += 1; }
      else if (c === '"') quoted = false;
      else {
        if (c === '\n') line += 1;
        cell += c;
      }
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === ',' || c === '\t') { cells.push(cell); cell = ''; }
    else if (c === '\n') { end(); line += 1; begun = line; }
    else if (c !== '\r') cell += c;
  }
  if (cell !== '' || cells.length > 0) end();
  const [head, ...rest] = records;
  return { titles: head?.cells ?? [], rows: new Map(rest.map((record) => [record.line, record.cells])) };
}

interface Said {
  severity?: string;
  details?: { text?: string };
  diagnostics?: string;
}
interface Part {
  name?: string;
  valueInteger?: number;
  resource?: { issue?: Said[] };
}
/** What the program answers: members of a report (kernel/app/import.h), or Parameters with an OperationOutcome ($import-areas, docs/flow/areas.md). */
export type Answered = Partial<Report> & { resourceType?: string; parameter?: Part[]; unknown_columns?: string[] };

const kPlace = /^Line (\d+)(?:, ([^:]+))?: ([\s\S]*)$/;

/** `unknown` puts a column that is not known into words. */
export function reportIn(told: Answered, unknown: (column: string) => string): Report {
  const n = (value: number | undefined): number => value ?? 0;
  if (told.resourceType !== 'Parameters') {
    const notes = (told.unknown_columns ?? []).map(unknown);
    return { rows: n(told.rows), added: n(told.added), changed: n(told.changed), unchanged: n(told.unchanged), refused: n(told.refused), issues: told.issues ?? [], joined: told.joined, review: told.review, ...(notes.length > 0 ? { notes } : {}) };
  }
  const of = (name: string): Part | undefined => told.parameter?.find((part) => part.name === name);
  const count = (name: string): number => n(of(name)?.valueInteger);
  const issues: Issue[] = [];
  const notes: string[] = [];
  for (const issue of of('outcome')?.resource?.issue ?? []) {
    const text = issue.details?.text ?? issue.diagnostics ?? '';
    const [, line, column, rest = ''] = kPlace.exec(text) ?? [];
    const [, passed] = /^The column "(.*)" is not known/.exec(text) ?? [];
    if (line !== undefined) issues.push({ line: Number(line), column: column ?? '', text: rest });
    else if (passed !== undefined) notes.push(unknown(passed));
    else if (issue.severity !== 'information' || /more rows/.test(text)) notes.push(text);
  }
  return { rows: count('rows'), added: count('added'), changed: count('changed'), unchanged: count('unchanged'), refused: count('refused'), issues, ...(notes.length > 0 ? { notes } : {}) };
}

const textOf = (xml: string): string =>
  [...xml.matchAll(/<t(?:\s[^>]*)?>([\s\S]*?)<\/t>/g)].map((m) => m[1] ?? '').join('').replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" })[name] ?? '');

/** "C7" is column 2 (from 0). */
function columnOf(place: string): number {
  return [...place.replace(/\d+$/, '')].reduce((n, c) => n * 26 + c.charCodeAt(0) - 64, 0) - 1;
}

/** A worksheet's XML with the workbook's shared strings. */
export function readSheetXml(sheet: string, shared: string): Sheet {
  const strings = [...shared.matchAll(/<si>([\s\S]*?)<\/si>/g)].map((m) => textOf(m[1] ?? ''));
  const records: { line: number; cells: string[] }[] = [];
  for (const row of sheet.matchAll(/<row\b([^>]*)>([\s\S]*?)<\/row>/g)) {
    const cells: string[] = [];
    for (const cell of (row[2] ?? '').matchAll(/<c\b([^>]*?)(?:\/>|>([\s\S]*?)<\/c>)/g)) {
      const [, about = '', inside = ''] = cell;
      const place = /\br="([A-Z]+\d+)"/.exec(about)?.[1];
      const type = /\bt="(\w+)"/.exec(about)?.[1];
      const value = /<v>([\s\S]*?)<\/v>/.exec(inside)?.[1] ?? '';
      cells[place ? columnOf(place) : cells.length] = type === 's' ? (strings[Number(value)] ?? '') : type === 'inlineStr' ? textOf(inside) : value;
    }
    const filled = Array.from(cells, (one) => one ?? '');
    if (filled.some((one) => one !== '')) records.push({ line: Number(/\br="(\d+)"/.exec(row[1] ?? '')?.[1] ?? records.length + 1), cells: filled });
  }
  const [head, ...rest] = records;
  return { titles: head?.cells ?? [], rows: new Map(rest.map((record) => [record.line, record.cells])) };
}

/** What is wrong, line by line, with all that is wrong in it together. */
export function byLine(issues: readonly Issue[]): { line: number; said: { column: string; text: string }[] }[] {
  const lines = new Map<number, { column: string; text: string }[]>();
  for (const issue of issues) {
    const said = lines.get(issue.line) ?? [];
    said.push({ column: issue.column ?? '', text: issue.text });
    lines.set(issue.line, said);
  }
  return [...lines].sort(([a], [b]) => a - b).map(([line, said]) => ({ line, said }));
}

/** The rows that were not taken, as a table that can be mended and sent alone: their titles, and what is wrong in a column of its own. */
export function badTable(sheet: Sheet, issues: readonly Issue[], problem: string): string {
  const bad = byLine(issues).filter(({ line }) => sheet.rows.has(line));
  const width = Math.max(sheet.titles.length, ...bad.map(({ line }) => sheet.rows.get(line)?.length ?? 0));
  const full = (cells: readonly string[]): string[] => Array.from({ length: width }, (_, i) => cells[i] ?? '');
  return tableText([...full(sheet.titles), problem], bad.map(({ line, said }) => [...full(sheet.rows.get(line) ?? []), said.map(({ column, text }) => [column, text].filter(Boolean).join('：')).join('；')]));
}

