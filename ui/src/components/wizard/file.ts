// The file that was chosen: read for showing its rows, and sent to the program as it is.
// Limits: kBytesMax, as the program's; a spreadsheet that this browser cannot unpack is sent all the same, its rows are then not shown.
import { Failure } from '../../fhir/http';
import { http } from '../../shell/session';
import { type Answered, readCsv, readSheetXml, type Report, reportIn, type Sheet } from './table';

export const kBytesMax = 64 * 1024 * 1024;
const kShownBytesMax = 8 * 1024 * 1024; // larger ones are sent, and their rows not shown
const kSendMs = 600_000;
const kXlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export const isSpreadsheet = (file: File): boolean => /\.xlsx$/i.test(file.name);

/** UTF-8, else GB 18030, as the program reads it. */
function decoded(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

/** The files of a ZIP by name, unpacked when asked for. Source: APPNOTE 6.3.10, central directory. */
function zipOf(bytes: ArrayBuffer): (name: RegExp) => Promise<string> {
  const view = new DataView(bytes);
  let end = bytes.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  const entries: { name: string; method: number; size: number; at: number }[] = [];
  for (let i = 0, at = end < 0 ? 0 : view.getUint32(end + 16, true), n = end < 0 ? 0 : view.getUint16(end + 10, true); i < n; i += 1) {
    const length = view.getUint16(at + 28, true);
    entries.push({ name: new TextDecoder().decode(new Uint8Array(bytes, at + 46, length)), method: view.getUint16(at + 10, true), size: view.getUint32(at + 20, true), at: view.getUint32(at + 42, true) });
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return async (name) => {
    const entry = entries.filter((one) => name.test(one.name)).sort((a, b) => a.name.localeCompare(b.name))[0];
    if (!entry) return '';
    const from = entry.at + 30 + view.getUint16(entry.at + 26, true) + view.getUint16(entry.at + 28, true);
    const packed = new Blob([bytes.slice(from, from + entry.size)]);
    if (entry.method === 0) return packed.text();
    return new Response(packed.stream().pipeThrough(new DecompressionStream('deflate-raw'))).text();
  };
}

/** Its rows; null where they cannot be shown. */
export async function readSheet(file: File): Promise<Sheet | null> {
  if (file.size > kShownBytesMax) return null;
  try {
    const bytes = await file.arrayBuffer();
    if (!isSpreadsheet(file)) return readCsv(decoded(bytes));
    const open = zipOf(bytes);
    return readSheetXml(await open(/^xl\/worksheets\/sheet\d*\.xml$/), await open(/^xl\/sharedStrings\.xml$/));
  } catch {
    return null;
  }
}

/** Sends the table; `check`: tried, and nothing written. Throws Failure. */
export async function sendTable(path: string, file: File, check: boolean, unknown: (column: string) => string): Promise<Report> {
  const url = check ? `${path}${path.includes('?') ? '&' : '?'}check=true` : path;
  const answer = await http.send<Answered>('POST', url, { headers: { 'Content-Type': isSpreadsheet(file) ? kXlsx : 'text/csv' }, body: file, timeoutMs: kSendMs });
  if (!answer.body) throw new Failure('broken', answer.status, '', '');
  return reportIn(answer.body, unknown);
}
