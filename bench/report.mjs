// From runs to a table: median and spread, beside the marks and what others publish.
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../tests/lib/server.mjs';

const marks = JSON.parse(fs.readFileSync(path.join(root, 'bench/marks.json'), 'utf8'));

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** { field: { median, min, max } } of runs that all have the same fields; null when there are none. */
export function summary(runs) {
  if (!runs || runs.length === 0) return null;
  const fields = Object.keys(runs[0]).filter((key) => typeof runs[0][key] === 'number');
  return Object.fromEntries(fields.map((field) => [field, spread(runs.map((one) => one[field]))]));
}

const number = (value) => {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value < 10 ? 2 : 1);
};

function valueOf(row, result) {
  if (row.key === 'bytes') {
    const all = Object.entries(result.bytes_per_resource ?? {}).filter(([part]) => part !== 'wal').reduce((sum, [, bytes]) => sum + bytes, 0);
    return all === 0 ? null : { median: all };
  }
  const runs = summary(result.runs[row.key]);
  if (!runs) return null;
  return row.key === 'restart' ? runs.ms : runs[row.take ?? 'rate'];
}

const verdict = (row, value) => (row.mark === undefined ? '' : (row.less ? value <= row.mark : value >= row.mark) ? 'hit' : `missed: ${number(value / row.mark)} ×`);

function phaseTable(result) {
  const lines = ['| phase | median | lowest – highest | p50 ms | p99 ms | CPU µs each | runs | errors | mark | |', '|---|---|---|---|---|---|---|---|---|---|'];
  for (const row of marks.rows) {
    const value = valueOf(row, result);
    if (!value) continue;
    const runs = summary(result.runs[row.key]) ?? {};
    const errors = (result.runs[row.key] ?? []).reduce((sum, one) => sum + (one.errors ?? 0), 0);
    lines.push(`| ${row.what} (${row.unit}) | ${number(value.median)} | ${value.min === undefined ? '' : `${number(value.min)} – ${number(value.max)}`} | ` +
      `${number(runs.p50_ms?.median)} | ${number(runs.p99_ms?.median)} | ${number(runs.cpu_us?.median)} | ${result.runs[row.key]?.length ?? 1} | ${errors} | ` +
      `${row.mark === undefined ? '' : number(row.mark)} | ${result.backend === 'sqlite' ? verdict(row, value.median) : ''} |`);
  }
  return lines.join('\n');
}

const bytesLine = (result) => Object.entries(result.bytes_per_resource ?? {}).map(([part, bytes]) => `${part} ${number(bytes)}`).join(' · ');

function resultText(title, result) {
  const half = summary(result.runs.read_half);
  return `## ${title}\n\n${phaseTable(result)}\n
Bytes per resource: ${bytesLine(result)}${result.backend === 'postgres' ? ' (write-ahead log apart from the sum)' : ''}. Memory: ${result.memory?.now_mb} MB at the end, ` +
    `${result.memory?.peak_server_mb} MB the highest of the server. ${half ? `The p99 at half the rate was taken at ${number(half.rate.median)} requests/s. ` : ''}` +
    `$everything answered ${number(result.targets?.everything_bytes)} bytes.${result.syncs_per_second ? ` The disk did ${number(result.syncs_per_second)} synced 4 KB appends a second.` : ''}\n`;
}

function peersTable() {
  const lines = ['| what | mark | others | source |', '|---|---|---|---|'];
  for (const row of marks.rows) for (const [who, figure, source] of row.peers) lines.push(`| ${row.what} (${row.unit}) | ${row.mark === undefined ? '' : number(row.mark)} | ${who}: ${figure} | ${source} |`);
  lines.push('', ...Object.entries(marks.sources).map(([key, text]) => `- ${key}: ${text}`));
  return lines.join('\n');
}

/** Writes `file` (Markdown) and the same with .json: all runs. */
export function writeReport(file, all) {
  const { machine, asked } = all;
  const parts = [`# Bench, ${machine.date}, commit ${machine.commit}${machine.changed ? ' with local changes' : ''}\n
${machine.cpus} × ${machine.cpu}, ${machine.memory_gb} GB, Linux ${machine.kernel}; load average before ${machine.load_before.join(' ')}${machine.load_after ? `, after ${machine.load_after.join(' ')}` : ''}. The load
client runs on the same machine. Signed in as a doctor of one township of 48 (ingest: admin), audited, every write synced. ${asked.rounds} rounds of
${asked.seconds} s, phases in turn${asked.quick ? '; **a quick run, not a measurement**' : ''}. CPU is that of server and database together. Ingest runs are slices of the growing store.\n`];
  for (const note of all.notes) parts.push(`- ${note}\n`);
  for (const result of all.cities) parts.push(resultText(`${result.backend}: city of ${number(result.resources)} resources`, result));
  for (const result of all.synthea?.backends ?? []) parts.push(resultText(`${result.backend}: Synthea, ${all.synthea.bundles} bundles, ${number(result.resources)} resources; ingest into fresh stores`, result));
  parts.push(`## Others\n\n${peersTable()}\n`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, parts.join('\n'));
  fs.writeFileSync(file.replace(/\.md$/, '') + '.json', JSON.stringify(all, null, 1));
}
