// The search suite: loads Synthea's transactions into the program and checks every count that is known of them: downloads page after page by GET
// and by POST, orders, _summary=count, $everything. tk-target: tongkang
// Data: TK_SHARED/corpora/fhir-search (expected-counts.tsv) and TK_SHARED/corpora/synthea.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Server, freshFolder, request, root } from '../../tests/lib/server.mjs';

const kPage = 1000;
const kPerson = 'X79746011X';
const kOwnResources = 185;  // that the server whose counts these are brings itself, and the data do not

const shared = process.env.TK_SHARED ?? path.join(root, '../shared');
const corpus = path.join(shared, 'corpora/fhir-search/fhir-search.tar.zst');
const synthea = path.join(shared, 'corpora/synthea/blaze-synthea-transactions-bz2.tar');
for (const file of [corpus, synthea]) {
  if (fs.existsSync(file)) continue;
  console.log(`search not here: ${file}`);
  process.exit(0);
}
if (process.env.TK_BUILD) process.env.TK_PROGRAM ??= path.join(process.env.TK_BUILD, 'server/tongkang');

const folder = freshFolder('suite-search');
const server = new Server(path.join(folder, 'data'), { args: ['--timezone-offset-min', '0'] });
let token = '';

async function ask(method, target, body, headers = {}) {
  const answer = await request(server.base, method, target, { token, body, headers, timeoutMs: 600000 });
  if (answer.lost || answer.status >= 400) throw new Error(`${method} ${target.split('?')[0]}: ${answer.status ?? 'lost'} ${answer.text?.slice(0, 300) ?? ''}`);
  return answer.json;
}

/** Everything on the pages from `first` on. */
async function allPages(first) {
  const entries = [];
  for (let page = first; ;) {
    entries.push(...(page.entry ?? []));
    const next = page.link?.find((link) => link.relation === 'next')?.url;
    if (!next) return entries;
    page = await ask('GET', new URL(next).pathname + new URL(next).search);
  }
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const bar = (query) => query.replaceAll('|', '%7C');
const ids = (entries) => entries.map((entry) => entry.resource.id);

/** Downloads by GET and POST, and counts; answers what is wrong, '' if nothing is. */
async function download(type, query, sort, expected) {
  const asked = bar(query) + (sort ? `&_sort=${sort}` : '');
  const count = (await ask('GET', `/fhir/${type}?${bar(query)}&_summary=count`)).total;
  if (count !== expected) return `_summary=count is ${count}, not ${expected}`;
  const got = await allPages(await ask('GET', `/fhir/${type}?${asked}&_count=${kPage}`));
  if (new Set(ids(got)).size !== expected || got.length !== expected) return `${new Set(ids(got)).size} different of ${got.length}, not ${expected}`;
  const posted = await allPages(await ask('POST', `/fhir/${type}/_search`, `${asked}&_count=${kPage}`, form));
  if (ids(posted).join() !== ids(got).join()) return 'GET and POST differ';
  const of = { _id: (r) => r.id, _lastUpdated: (r) => r.meta.lastUpdated, '-_lastUpdated': (r) => r.meta.lastUpdated }[sort];
  for (let i = 1; of && i < got.length; ++i) {
    const [before, after] = [of(got[i - 1].resource), of(got[i].resource)];
    if (sort.startsWith('-') ? before < after : before > after) return `not in order at ${i}`;
  }
  return '';
}

async function everything(csv, window) {
  const found = await ask('GET', `/fhir/Patient?identifier=${kPerson}`);
  const entries = await allPages(await ask('GET', `/fhir/Patient/${found.entry[0].resource.id}/$everything?${window}`));
  const counts = {};
  for (const { resource, search } of entries) {
    counts[resource.resourceType] ??= { all: 0, match: 0 };
    counts[resource.resourceType].all++;
    if (search.mode === 'match') counts[resource.resourceType].match++;
  }
  const wrong = [];
  const listed = new Set();
  for (const line of csv.trim().split('\n')) {
    const [type, number] = [line.split(',')[0].replaceAll('"', ''), Number(line.split(',')[1])];
    listed.add(type);
    if ((counts[type]?.all ?? 0) !== number) wrong.push(`${type} ${counts[type]?.all ?? 0}, not ${number}`);
  }
  // What is named by the record comes along here (practitioners, places); beyond that nothing may.
  for (const [type, { match }] of Object.entries(counts)) if (!listed.has(type) && match > 0) wrong.push(`${type} ${match} unexpected`);
  if (new Set(entries.map(({ fullUrl }) => fullUrl)).size !== entries.length) wrong.push('something comes twice');
  return wrong.join(', ');
}

async function total(types, expected) {
  let sum = 0;
  for (const type of types) sum += (await ask('GET', `/fhir/${type}?_summary=count`)).total;
  return sum === expected ? '' : `${sum}, not ${expected}`;
}

/** The arguments of a line as a shell would part them. */
const parts = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => (match[1] ?? match[2]).trim());

async function load() {
  execFileSync('tar', ['xf', synthea, '-C', folder]);
  const files = execFileSync('find', [folder, '-name', '*.bz2'], { encoding: 'utf8' }).trim().split('\n');
  const first = (file) => (/hospital|practitioner/i.test(path.basename(file)) ? 0 : 1);
  files.sort((a, b) => first(a) - first(b) || (a < b ? -1 : 1));
  const types = new Set();
  for (const file of files) {
    const bundle = execFileSync('bzip2', ['-dc', file], { encoding: 'utf8', maxBuffer: 1 << 29 });
    for (const { resource } of JSON.parse(bundle).entry) types.add(resource.resourceType);
    const answer = await ask('POST', '/fhir', bundle);
    const refused = answer.entry.filter((entry) => !/^20/.test(entry.response.status));
    if (refused.length > 0) throw new Error(`${path.basename(file)}: ${refused.length} refused, the first ${JSON.stringify(refused[0].response).slice(0, 500)}`);
  }
  return types;
}

/** One line of expected-counts.tsv; null for what is no search. */
function caseOf(kind, args, types) {
  if (kind === 'check-total-number-of-resources') return () => total(types, Number(args[0]) - kOwnResources);
  if (kind === 'download-resources-query') return () => download(args[0], args[1], '', Number(args[2]));
  if (kind === 'download-resources-query-sort') return () => download(args[0], args[1], args[2], Number(args[3]));
  if (kind === 'count-async') return () => download('Observation', `code=http://loinc.org|${args[0]}`, '', Number(args[1]));
  return null;
}

async function main() {
  execFileSync('bash', ['-c', `zstd -dc --long=27 "${corpus}" | tar x -C "${folder}"`]);
  const given = path.join(folder, 'fhir-search/blaze');
  await server.start();
  token = await server.token();
  const types = await load();
  const cases = [];
  let others = 0;
  for (const line of fs.readFileSync(path.join(given, 'expected-counts.tsv'), 'utf8').trim().split('\n').slice(1)) {
    const [kind, text] = line.split('\t');
    const check = caseOf(kind, parts(text), types);
    if (check) cases.push([`${kind} ${text.length > 120 ? `${text.slice(0, 60)}… (${text.length} characters)` : text}`, check]);
    else others++;
  }
  const csv = (name) => fs.readFileSync(path.join(given, 'patient-everything', name), 'utf8');
  cases.push(['patient-everything', () => everything(csv(`${kPerson}-type-counts.csv`), '')]);
  cases.push(['patient-everything 2013-2014', () => everything(csv(`${kPerson}-type-counts-2013-2014.csv`), 'start=2013&end=2014')]);
  const failing = [];
  for (const [name, check] of cases) {
    let wrong;
    try { wrong = await check(); } catch (error) { wrong = error.message; }
    if (wrong) { failing.push(name); console.log(`  ${name}: ${wrong}`); }
  }
  console.log(`  ${others} lines ask for CQL measures, which are no searches: not counted here`);
  console.log(`search ${cases.length - failing.length}/${cases.length}${failing.length > 0 ? `, failing: ${failing.join('; ')}` : ''}`);
  return failing.length === 0 ? 0 : 1;
}

let code = 2;
try {
  code = await main();
} catch (error) {
  console.error(error.message, server.output.slice(-2000));
} finally {
  if (server.child) await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
