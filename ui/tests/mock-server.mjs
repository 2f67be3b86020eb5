// A test double of the program, for the browser tests only. It keeps everything in memory, knows just enough FHIR for the
// pages, and can be told to fail. It proves nothing about the real program: set BASE to run the same tests against that.
// Run alone: node tests/mock-server.mjs [port] [people]
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const kDist = resolve(fileURLToPath(new URL('../dist', import.meta.url)));
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
// The strictest policy the pages must live with.
const kPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const kLimitCel = 37.3;
const kAreas = { '380102': '清江区柳溪街道', '380104': '云山县上茶亭壮族瑶族自治乡第三网格' };

// Of what the posts of the program may do, what the pages touch.
const kScreener = { read: ['Flag', 'Observation', 'Patient', 'Task'], write: ['Observation', 'Patient'], call: [] };
const kOfficer = { read: ['Flag', 'Observation', 'Patient', 'Task'], write: ['Flag', 'Observation', 'Task'], call: ['$everything', 'export', 'reveal'] };
const kClinical = ['AllergyIntolerance', 'Condition', 'DiagnosticReport', 'Encounter', 'Flag', 'Immunization', 'MedicationRequest', 'MedicationStatement', 'Observation', 'Organization', 'Patient', 'Procedure', 'Task'];
export const kAccounts = {
  doctor: { password: 'Doctor-2026', kind: 'person', display: '陈立', post: 'doctor', title_zh: '医生', title_en: 'Doctor', area: '380102', may: { read: kClinical, write: ['Encounter', 'Observation'], call: ['$everything', '$person', 'reveal'] } },
  gate: { password: 'Gate-2026', kind: 'person', display: '林晓云', post: 'screener', title_zh: '筛查员', title_en: 'Screener', area: '380102', may: kScreener },
  cdc: { password: 'Cdc-2026', kind: 'person', display: '周文博', post: 'cdc-officer', title_zh: '疾控人员', title_en: 'Disease control officer', area: '3801', may: kOfficer },
  ops: { password: 'Ops-2026', kind: 'person', display: '高志强', post: 'operator', title_zh: '运维人员', title_en: 'Operator', area: '', may: { read: [], write: [], call: ['metrics', 'rebuild'] } },
  idle: { password: 'Idle-2026', kind: 'person', display: '新来的', post: 'newcomer', title_zh: '未定岗', title_en: 'Not assigned', area: '380102', may: { read: [], write: [], call: [] } },
  anna: { password: 'Anna-2026', kind: 'resident', display: '安娜', post: 'resident', title_zh: '居民', title_en: 'Resident', area: '', may: { read: ['Observation', 'Patient', 'Task'], write: [], call: ['$everything', 'health-card-present'] } },
  boss: { password: 'Boss-2026', kind: 'person', display: '白指挥', post: 'cdc-officer', title_zh: '疾控人员', title_en: 'Disease control officer', area: '', may: { ...kOfficer, call: [...kOfficer.call, 'screening-daily', 'accounts'] } },
};

const kWays = { accept: { from: ['requested'], to: 'accepted' }, close: { from: ['accepted', 'on-hold'], to: 'completed' } };

class Refusal extends Error {
  constructor(status, code, text, path) {
    super(text);
    Object.assign(this, { status, code, text, path });
  }
}

export class MockServer {
  constructor() {
    this.log = []; // every version, in order: t = index + 1
    this.heads = new Map(); // "Type/id" -> resource
    this.sessions = new Map();
    this.keys = new Map(); // Idempotency-Key -> answer
    this.streams = new Set();
    this.incarnation = randomUUID();
    this.down = false; // answer nothing, as without network
    this.fail = null; // (method, path) => status or null
    this.requests = []; // {method, url}
    this.figures = [{ code: '3801', name: '安和市', screener: 0, self: 0, organization: 0, fever: 0, opened: 0, closed: 0, open: 0 }];
    this.reports = new Map(); // day -> made
    this.revealed = []; // {key, reason}
    this.dueMinutes = 120;
    this.ids = 0;
  }

  async listen(port = 0) {
    this.server = createServer((q, a) => this.handle(q, a));
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.ticker = setInterval(() => this.tick(), 10_000);
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  async close() {
    clearInterval(this.ticker);
    this.dropStreams();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  dropStreams() {
    for (const s of this.streams) s.answer.destroy();
    this.streams.clear();
  }

  setDown(down) {
    this.down = down;
    if (down) this.dropStreams();
  }

  tick() {
    for (const s of this.streams) s.answer.write(`event: tick\nid: ${this.incarnation}-${this.log.length}\ndata: ${JSON.stringify({ t: this.log.length, at: new Date().toISOString() })}\n\n`);
  }

  // ---- the one log ----

  write(resource, op) {
    const now = new Date().toISOString();
    const key = `${resource.resourceType}/${resource.id}`;
    const version = String(Number(this.heads.get(key)?.meta?.versionId ?? 0) + 1);
    const stored = { ...resource, meta: { ...resource.meta, versionId: version, lastUpdated: now } };
    this.heads.set(key, stored);
    this.log.push({ key, resource: stored, op, at: now });
    this.announce(this.log.length);
    return stored;
  }

  create(resource) {
    this.ids += 1;
    return this.write({ ...resource, id: `${resource.resourceType[0].toLowerCase()}${this.ids}` }, 'create');
  }

  event(t) {
    const e = this.log[t - 1];
    const [type, id] = e.key.split('/');
    return { type, text: `id: ${this.incarnation}-${t}\nevent: change\ndata: ${JSON.stringify({ t, at: e.at, type, id, version: e.resource.meta.versionId, op: e.op })}\n\n` };
  }

  announce(t) {
    const { type, text } = this.event(t);
    for (const s of this.streams) if (s.types.includes(type)) s.answer.write(text);
  }

  /** The rule: a temperature at or above the limit raises a Flag and a Task. */
  applyRule(o) {
    const q = o.valueQuantity;
    if (o.code?.coding?.[0]?.code !== '8310-5' || q?.code !== 'Cel' || q.value < kLimitCel || o.status !== 'final') return;
    const now = Date.now();
    const tag = this.heads.get(o.subject.reference)?.meta?.tag;
    const meta = tag ? { tag } : undefined;
    this.create({ resourceType: 'Flag', meta, status: 'active', category: [{ text: '疫情防控' }], code: { text: '发热' }, subject: o.subject, period: { start: o.effectiveDateTime } });
    this.create({
      resourceType: 'Task', meta, status: 'requested', intent: 'order', priority: 'urgent', code: { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/screening-task', code: 'fever-follow-up', display: '发热随访' }], text: '发热随访' },
      extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/rule', valueString: 'screening.fever|3' }],
      focus: { reference: `Observation/${o.id}` }, for: o.subject, authoredOn: new Date(now).toISOString(), lastModified: new Date(now).toISOString(),
      reasonReference: { reference: `Observation/${o.id}` }, reasonCode: { text: `体温 ${q.value.toFixed(1)} °C，达到或超过 ${kLimitCel} °C` },
      restriction: { period: { end: new Date(now + this.dueMinutes * 60_000).toISOString() } },
    });
  }

  // ---- seeding, through the same door as everybody ----

  addPatient(number, name, gender, birthDate, area = '380102') {
    return this.create({
      resourceType: 'Patient', meta: { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: area, display: kAreas[area] }] },
      identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }], name: [{ text: name }], gender, birthDate,
    });
  }

  addReading(patient, cel, agoMinutes = 0, symptoms = ['none'], dueMinutes = 120) {
    const o = this.create({
      resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }], text: '体温' },
      subject: { reference: `Patient/${patient.id}` }, effectiveDateTime: new Date(Date.now() - agoMinutes * 60_000).toISOString(),
      valueQuantity: { value: cel, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' },
      component: symptoms.map((code) => ({ code: { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/screening-symptom', code }] }, valueBoolean: true })),
    });
    this.dueMinutes = dueMinutes - agoMinutes;
    this.applyRule(o);
    this.dueMinutes = 120;
    const task = [...this.heads.values()].findLast((r) => r.resourceType === 'Task');
    if (task && task.focus.reference === `Observation/${o.id}` && agoMinutes > 0) {
      task.authoredOn = new Date(Date.now() - agoMinutes * 60_000).toISOString();
    }
    return o;
  }

  // ---- HTTP ----

  async handle(q, a) {
    const url = new URL(q.url, 'http://x');
    this.requests.push({ method: q.method, url: q.url });
    if (this.down) return q.socket.destroy();
    try {
      const status = this.fail?.(q.method, url.pathname);
      if (status) throw new Refusal(status, 'transient', 'told to fail');
      await this.route(q, a, url);
    } catch (e) {
      const r = e instanceof Refusal ? e : new Refusal(500, 'exception', String(e));
      if (!(e instanceof Refusal)) console.error(e);
      if (a.headersSent) return a.destroy();
      const issue = { severity: 'error', code: r.code, diagnostics: r.text, ...(r.path ? { expression: [r.path] } : {}) };
      this.json(a, r.status, { resourceType: 'OperationOutcome', issue: [issue] }, r.status === 429 ? { 'Retry-After': '30' } : {});
    }
  }

  json(a, status, body, headers = {}) {
    a.writeHead(status, { 'Content-Type': 'application/fhir+json', 'Cache-Control': 'no-store', ...headers });
    a.end(body === null ? undefined : JSON.stringify(body));
  }

  async route(q, a, url) {
    const p = url.pathname;
    const body = await readAll(q);
    if (!/^\/(auth|fhir|live|app)(\/|$)/.test(p)) return this.page(a, p);
    if (q.method !== 'GET' && q.headers['x-tongkang'] !== '1') throw new Refusal(403, 'forbidden', 'X-Tongkang header missing');
    if (p === '/auth/sign-in') return this.signIn(a, JSON.parse(body));
    const account = this.sessions.get(/tk_session=([^;]+)/.exec(q.headers.cookie ?? '')?.[1]);
    if (!account) throw new Refusal(401, 'login', 'sign in first');
    const { password: _, ...me } = kAccounts[account];
    if (p === '/auth/me') return this.json(a, 200, { account, ...me });
    if (p === '/auth/sign-out') return this.signOut(q, a);
    if (p === '/app/screening/settings') return this.json(a, 200, { fever_limit_cel: kLimitCel, source: '国务院联防联控机制综合组《新型冠状病毒肺炎防控方案》：发热指体温 ≥ 37.3 °C', edition: '第九版', date: '2022-06-27', follow_up_limit_minutes: 120 });
    if (p === '/app/screening/statistics') return this.json(a, 200, { day: url.searchParams.get('day'), areas: this.figures });
    if (p === '/app/screening/daily') return this.daily(q, a, url);
    if (p === '/live') return this.live(q, a, url);
    if (p === '/fhir/$inbox') return this.inbox(a, account, url);
    if (p.endsWith('/$read')) return this.markRead(a, p.split('/')[3]);
    this.permit(account, q.method, url);
    return this.fhir(q, a, url, body);
  }

  permit(account, method, url) {
    const [, , type, id, op] = url.pathname.split('/');
    const what = method === 'GET' || id === '_search' || op === '$transition' || op === '$reveal' ? 'read' : 'write'; // the workflow says who may move a record
    if (!kAccounts[account].may[what].includes(type)) throw new Refusal(403, 'forbidden', `Your post may not ${what} ${type}.`);
  }

  signIn(a, { account, password }) {
    if (kAccounts[account]?.password !== password) throw new Refusal(401, 'login', 'account or password wrong');
    const id = randomUUID();
    this.sessions.set(id, account);
    const { password: _, ...me } = kAccounts[account];
    this.json(a, 200, { account, ...me }, { 'Set-Cookie': `tk_session=${id}; HttpOnly; SameSite=Strict; Path=/` });
  }

  signOut(q, a) {
    this.sessions.delete(/tk_session=([^;]+)/.exec(q.headers.cookie ?? '')?.[1]);
    this.json(a, 204, null, { 'Set-Cookie': 'tk_session=; Max-Age=0; Path=/' });
  }

  daily(q, a, url) {
    const day = url.searchParams.get('day');
    if (q.method === 'POST' && !this.reports.has(day)) this.reports.set(day, new Date().toISOString());
    if (!this.reports.has(day)) throw new Refusal(404, 'not-found', 'There is no report of this day.');
    this.json(a, 200, { day, made: this.reports.get(day) });
  }

  /** Notices to the account's post, newest first. */
  inbox(a, account, url) {
    const unread = url.searchParams.get('unread') !== 'false';
    const mine = [...this.heads.values()].filter((r) => r.resourceType === 'Communication' && r.recipient[0].identifier.value === kAccounts[account].post && (!unread || r.status === 'in-progress')).reverse();
    this.json(a, 200, { resourceType: 'Bundle', type: 'searchset', total: mine.length, entry: mine.map((resource) => ({ resource })) });
  }

  markRead(a, id) {
    this.json(a, 200, this.write({ ...this.heads.get(`Communication/${id}`), status: 'completed' }, 'update'));
  }

  addNotice(post, zh, en, { priority = 'urgent', about, text = [zh, en] } = {}) {
    return this.create({
      resourceType: 'Communication', status: 'in-progress', priority, category: [{ coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/notice', code: 'notice' }], text: zh }], topic: { text: en },
      recipient: [{ identifier: { system: 'http://tongkang.dev/fhir/sid/post', value: post } }], ...(about ? { about: [{ reference: about }] } : {}), sent: new Date().toISOString(), payload: text.map((contentString) => ({ contentString })),
    });
  }

  live(q, a, url) {
    a.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const stream = { answer: a, types: (url.searchParams.get('types') ?? '').split(',') };
    const resume = new RegExp(`^${this.incarnation}-(\\d+)$`).exec(q.headers['last-event-id'] ?? '')?.[1];
    a.write(`event: hello\n${resume ? '' : `id: ${this.incarnation}-${this.log.length}\n`}data: ${JSON.stringify({ incarnation: this.incarnation, t: this.log.length, at: new Date().toISOString() })}\n\n`);
    const from = Number(resume ?? this.log.length);
    for (let t = from + 1; t <= this.log.length; t += 1) {
      const e = this.event(t);
      if (stream.types.includes(e.type)) a.write(e.text);
    }
    this.streams.add(stream);
    a.on('close', () => this.streams.delete(stream)); // the request itself has closed when its body was read
  }

  fhir(q, a, url, body) {
    const [, , type, id, op] = url.pathname.split('/');
    if (op === '$person') return this.json(a, 200, { resourceType: 'Person', id, link: this.sameAs(id).map((reference) => ({ target: { reference } })) });
    if (op === '$everything') return this.everything(a, `Patient/${id}`, url.searchParams.get('_type').split(','));
    if (op === '$reveal') return this.reveal(a, `${type}/${id}`, JSON.parse(body));
    if (op === '$transitions') return this.transitions(q, a, `${type}/${id}`);
    if (op === '$transition') return this.transition(q, a, `${type}/${id}`, JSON.parse(body));
    if (q.method === 'POST' && id === '_search') return this.search(a, type, new URLSearchParams(body));
    if (q.method === 'GET' && !id) return this.search(a, type, url.searchParams);
    if (q.method === 'POST') return this.post(q, a, type, JSON.parse(body));
    const head = this.heads.get(`${type}/${id}`);
    if (!head) throw new Refusal(404, 'not-found', 'no such resource');
    if (q.method === 'GET' && op === '_history') return this.history(a, `${type}/${id}`);
    if (q.method === 'GET') return this.json(a, 200, head, { ETag: `W/"${head.meta.versionId}"` });
    if (q.method === 'PATCH') return this.patch(q, a, head, JSON.parse(body));
    throw new Refusal(405, 'not-supported', 'method');
  }

  /** Records that are one person's: those of one number. */
  sameAs(id) {
    const number = (r) => r.identifier?.[0]?.value;
    const mine = this.heads.get(`Patient/${id}`);
    if (!mine) throw new Refusal(404, 'not-found', 'no such resource');
    return [...this.heads.values()].filter((r) => r === mine || (r.resourceType === 'Patient' && number(r) && number(r) === number(mine))).map((r) => `Patient/${r.id}`);
  }

  everything(a, patient, types) {
    const his = (r) => [r.subject, r.patient, r.for].some((x) => x?.reference === patient) || `${r.resourceType}/${r.id}` === patient || r.resourceType === 'Organization';
    const found = [...this.heads.values()].filter((r) => types.includes(r.resourceType) && his(r));
    this.json(a, 200, { resourceType: 'Bundle', type: 'searchset', total: found.length, entry: found.map((resource) => ({ resource, search: { mode: 'match' } })) });
  }

  reveal(a, key, asked) {
    const reason = asked.parameter?.find((p) => p.name === 'reason')?.valueCode;
    if (!reason) throw new Refusal(400, 'required', 'a reason');
    this.revealed.push({ key, reason });
    this.json(a, 200, this.heads.get(key));
  }

  post(q, a, type, resource) {
    const key = q.headers['idempotency-key'];
    if (!key) throw new Refusal(400, 'required', 'Idempotency-Key header missing');
    if (resource.resourceType !== type) throw new Refusal(400, 'invalid', 'type', 'resourceType');
    if (this.keys.has(key)) return this.json(a, 201, this.keys.get(key));
    const exists = q.headers['if-none-exist'];
    if (exists) {
      const found = this.match(type, new URLSearchParams(exists));
      if (found.length > 1) throw new Refusal(412, 'multiple-matches', 'more than one matches');
      if (found.length === 1) return this.json(a, 200, found[0]);
    }
    const made = this.create(resource);
    this.keys.set(key, made);
    if (type === 'Observation') this.applyRule(made);
    this.json(a, 201, made, { ETag: 'W/"1"', Location: `/fhir/${type}/${made.id}/_history/1` });
  }

  patch(q, a, head, steps) {
    const seen = q.headers['if-match'];
    if (seen && seen !== `W/"${head.meta.versionId}"`) throw new Refusal(412, 'conflict', 'the version has changed');
    const next = structuredClone(head);
    for (const s of steps) {
      const keys = s.path.slice(1).split('/');
      const last = keys.pop();
      const at = keys.reduce((o, k) => o[k], next);
      if (s.op === 'test' ? JSON.stringify(at[last]) !== JSON.stringify(s.value) : s.op === 'replace' && at[last] === undefined) throw new Refusal(422, 'invalid', 'patch', s.path);
      if (s.op === 'remove') delete at[last];
      else if (s.op !== 'test') at[last] = s.value;
    }
    this.json(a, 200, this.write(next, 'update'));
  }

  // Of the workflow, what the pages use.
  way(q, head, code) {
    const me = kAccounts[this.sessions.get(/tk_session=([^;]+)/.exec(q.headers.cookie ?? '')?.[1])];
    return me.post === 'cdc-officer' && kWays[code].from.includes(head.status);
  }

  transitions(q, a, key) {
    const head = this.heads.get(key);
    if (!head) throw new Refusal(404, 'not-found', 'no such resource');
    const parameter = Object.keys(kWays).map((code) => ({ name: 'transition', part: [{ name: 'code', valueCode: code }, { name: 'may', valueBoolean: this.way(q, head, code) }] }));
    this.json(a, 200, { resourceType: 'Parameters', parameter });
  }

  transition(q, a, key, asked) {
    const head = this.heads.get(key);
    if (!head) throw new Refusal(404, 'not-found', 'no such resource');
    const seen = q.headers['if-match'];
    if (seen && seen !== `W/"${head.meta.versionId}"`) throw new Refusal(412, 'conflict', 'the version has changed');
    const given = (name) => asked.parameter.find((p) => p.name === name);
    const code = given('code').valueCode;
    if (!this.way(q, head, code)) throw new Refusal(409, 'conflict', `not from ${head.status}`);
    const account = this.sessions.get(/tk_session=([^;]+)/.exec(q.headers.cookie ?? '')[1]);
    const next = { ...head, status: kWays[code].to, lastModified: new Date().toISOString(), owner: { identifier: { system: 'http://tongkang.dev/fhir/sid/account', value: account }, display: kAccounts[account].display } };
    if (code === 'close') {
      const outcome = given('inputs').part.find((p) => p.name === 'outcome').valueCode;
      next.statusReason = { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/screening-outcome', code: outcome }], text: given('reason').valueString };
    }
    this.json(a, 200, this.write(next, 'update'));
  }

  history(a, key) {
    const versions = this.log.filter((e) => e.key === key).reverse();
    this.json(a, 200, { resourceType: 'Bundle', type: 'history', total: versions.length, entry: versions.map((v) => ({ resource: v.resource })) });
  }

  search(a, type, params) {
    const found = this.match(type, params);
    const bundle = { resourceType: 'Bundle', type: 'searchset', total: found.length };
    if (params.get('_summary') === 'count') return this.json(a, 200, bundle);
    const count = Number(params.get('_count') ?? 50);
    const offset = Number(params.get('__offset') ?? 0);
    const rest = new URLSearchParams(params);
    rest.set('__offset', String(offset + count));
    if (offset + count < found.length) bundle.link = [{ relation: 'next', url: `http://inside.example/fhir/${type}?${rest}` }];
    this.json(a, 200, { ...bundle, entry: found.slice(offset, offset + count).map((resource) => ({ resource, search: { mode: 'match' } })) });
  }

  match(type, params) {
    let found = [...this.heads.values()].filter((r) => r.resourceType === type);
    for (const [name, value] of params) {
      const any = value.split(',');
      const token = value.split('|');
      if (name === '_id') found = found.filter((r) => any.includes(r.id));
      else if (name === 'identifier') found = found.filter((r) => r.identifier?.some((i) => (token.length === 1 || i.system === token[0]) && i.value === token.at(-1)));
      else if (name === 'name') found = found.filter((r) => r.name?.some((n) => n.text.startsWith(value)));
      else if (name === 'phone') found = found.filter((r) => r.telecom?.some((t) => t.value === value));
      else if (name === 'status') found = found.filter((r) => any.includes(r.status));
      else if (name === 'status:not') found = found.filter((r) => !any.includes(r.status));
      else if (name === 'category') found = found.filter((r) => r.category?.some((c) => c.coding?.some((o) => any.includes(`${o.system}|${o.code}`))));
      else if (name === 'value-quantity') found = found.filter((r) => r.valueQuantity?.value >= Number(token[0].slice(2)));
      else if (name === 'date') found = found.filter((r) => onDay(r.effectiveDateTime, value));
      else if (name === 'subject') found = found.filter((r) => r.subject?.reference === value);
      else if (name === 'code') found = found.filter((r) => r.code?.coding?.some((c) => c.system === token[0] && c.code === token[1]));
      else if (name === '_lastUpdated') found = found.filter((r) => Date.parse(r.meta.lastUpdated) >= Date.parse(value.slice(2)));
      else if (name === '_sort') found.sort((x, y) => sortKey(x, value).localeCompare(sortKey(y, value)) * (value.startsWith('-') ? -1 : 1));
      else if (!['_count', '_summary', '_total', '_include', '__offset'].includes(name)) throw new Refusal(400, 'not-supported', `search parameter ${name}`);
    }
    return found;
  }

  page(a, path) {
    const door = /^\/(m|work|me|city|ops)(\/|$)/.exec(path)?.[1];
    const wanted = normalize(join(kDist, path));
    const file = wanted.startsWith(kDist) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(kDist, door ?? '', 'index.html');
    const asset = path.startsWith('/assets/');
    a.writeHead(200, {
      'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': kPolicy, 'X-Content-Type-Options': 'nosniff',
      'Cache-Control': asset ? 'public, max-age=31536000, immutable' : 'no-cache', 'Content-Encoding': 'gzip',
    });
    a.end(gzipSync(readFileSync(file)));
  }
}

/** ge2026-11-24, le2026-11-24T12:00:00+08:00, or of a day; days are those of this machine. */
function onDay(when, asked) {
  const [, how, rest] = /^(ge|le)?(.*)$/.exec(asked);
  const from = Date.parse(rest.length === 10 ? `${rest}T00:00:00` : rest);
  const at = Date.parse(when);
  return how === 'le' ? at <= from : at >= from && (how === 'ge' || at < from + 86_400_000);
}

function sortKey(r, sort) {
  const by = sort.replace(/^-/, '');
  return String({ date: r.effectiveDateTime, _lastUpdated: r.meta.lastUpdated, 'authored-on': r.authoredOn }[by] ?? '');
}

function readAll(q) {
  return new Promise((done, fail) => {
    let text = '';
    q.setEncoding('utf8');
    q.on('data', (d) => (text += d));
    q.on('end', () => done(text));
    q.on('error', fail);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = new MockServer();
  const url = await mock.listen(Number(process.argv[2] ?? 8090));
  const { seedPeople } = await import('../../tests/browser/people.mjs');
  seedPeople(mock, Number(process.argv[3] ?? 12));
  console.log(`test double at ${url}; accounts: ${Object.entries(kAccounts).map(([a, v]) => `${a} / ${v.password}`).join(', ')}`);
}
