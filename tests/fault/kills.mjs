// kill -9 under load, again and again: nothing acknowledged may be lost, no transaction halved, no condition answered twice.
//
// Writers send transactions of three entries, single creates under a shared If-None-Exist, updates of counters, and deletes; each with an
// idempotency key. The process is killed at a random moment and started again. What was acknowledged must be there; what was not is
// sent again with its key, and must then be there once.
import http from 'node:http';
import { request, seeded, sleep } from '../lib/server.mjs';

const kTx = 'http://tongkang.dev/test/tx';
const kOne = 'http://tongkang.dev/test/one';
const kWriters = 6;
const kCounters = 4;

function transaction(n) {
  const about = { reference: `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}` };
  const observation = (part) => ({
    request: { method: 'POST', url: 'Observation' },
    resource: { resourceType: 'Observation', status: 'final', identifier: [{ system: kTx, value: `t${n}` }],
      code: { text: `part ${part}` }, subject: about, valueInteger: n },
  });
  return {
    resourceType: 'Bundle', type: 'transaction',
    entry: [
      { fullUrl: about.reference, request: { method: 'POST', url: 'Patient' },
        resource: { resourceType: 'Patient', identifier: [{ system: kTx, value: `t${n}` }], gender: 'unknown' } },
      observation(1), observation(2),
    ],
  };
}

export class KillTest {
  constructor(server, seed) {
    this.server = server;
    this.random = seeded(seed);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: kWriters * 2 });
    this.sent = { transactions: 0, creates: 0, updates: 0 };
    this.next = 1;
    this.open = new Map();       // n → acknowledged? of transactions since the last check
    this.ones = new Map();       // k → acknowledged? of conditional creates since the last check
    this.counters = Array.from({ length: kCounters }, () => ({ acknowledged: 0, sent: 0 }));
    this.acknowledged = { transactions: 0, creates: 0, updates: 0 };
    this.problems = [];
    this.startMs = [];
    this.everTransactions = 0;
    this.everOnes = 0;
  }

  ask(method, target, options = {}) {
    return request(this.server.base, method, `/fhir${target}`, { token: this.tokenText, agent: this.agent, ...options });
  }

  problem(text) { this.problems.push(text); }

  async sendTransaction(n) {
    this.sent.transactions++;
    const answer = await this.ask('POST', '', { body: transaction(n), headers: { 'idempotency-key': `tx-${n}` } });
    if (answer.status === 200) { this.open.set(n, true); return; }
    if (!answer.lost && ![429, 503].includes(answer.status)) this.problem(`transaction answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }

  async sendOne(k) {
    this.sent.creates++;
    const answer = await this.ask('POST', '/Observation', {
      body: { resourceType: 'Observation', status: 'final', identifier: [{ system: kOne, value: `o${k}` }], code: { text: 'one' } },
      headers: { 'if-none-exist': `identifier=${kOne}|o${k}` },
    });
    if (answer.status === 200 || answer.status === 201) this.ones.set(k, true);
    else if (!answer.lost && ![429, 503].includes(answer.status)) this.problem(`conditional create answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }

  async sendUpdate(c) {
    const counter = this.counters[c];
    const value = ++counter.sent;
    this.sent.updates++;
    const answer = await this.ask('PUT', `/Basic/counter-${c}`, {
      body: { resourceType: 'Basic', id: `counter-${c}`, code: { text: String(value) } },
    });
    if (answer.status === 200 || answer.status === 201) counter.acknowledged = value;
    else if (!answer.lost && ![429, 503].includes(answer.status)) this.problem(`update answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  }

  async writer(w) {
    while (this.running) {
      const what = this.random(10);
      if (what < 5) {
        const n = this.next++;
        this.open.set(n, false);
        await this.sendTransaction(n);
      } else if (what < 8) {
        // Everybody takes the same number: six creates under one condition at once.
        const k = Math.floor(this.next / kWriters);
        if (!this.ones.has(k)) this.ones.set(k, false);
        await this.sendOne(k);
      } else if (w < kCounters) {
        await this.sendUpdate(w);   // one writer a counter, so its values come in order
      }
      if (!this.running) return;
    }
  }

  async totalOf(type, identifier) {
    const answer = await this.ask('GET', `/${type}?identifier=${encodeURIComponent(identifier)}&_summary=count`);
    if (answer.status !== 200) { this.problem(`count answered ${answer.status ?? 'nothing'}: ${(answer.text ?? '').slice(0, 200)}`); return NaN; }
    return answer.json.total;
  }

  async checkTransaction(n, acknowledged) {
    const patients = await this.totalOf('Patient', `${kTx}|t${n}`);
    const observations = await this.totalOf('Observation', `${kTx}|t${n}`);
    const whole = patients === 1 && observations === 2;
    const none = patients === 0 && observations === 0;
    if (!whole && !none) this.problem(`half a transaction: t${n} has ${patients} patients and ${observations} observations`);
    if (none && acknowledged) this.problem(`lost: transaction t${n} was acknowledged`);
    return whole;
  }

  async check() {
    for (const [n, acknowledged] of this.open) {
      const there = await this.checkTransaction(n, acknowledged);
      if (!there || !acknowledged) {
        // Not acknowledged: sent again under its key, whether it is there or not. It must be there once.
        await this.sendTransaction(n);
        if (!(await this.checkTransaction(n, true))) this.problem(`not there after it was sent again: t${n}`);
      }
      this.everTransactions++;
    }
    this.acknowledged.transactions += this.open.size;
    for (const [k, acknowledged] of this.ones) {
      const total = await this.totalOf('Observation', `${kOne}|o${k}`);
      if (total > 1) this.problem(`duplicates: o${k} exists ${total} times`);
      if (total === 0 && acknowledged) this.problem(`lost: conditional create o${k} was acknowledged`);
      if (total === 0) this.ones.delete(k);
      this.everOnes += total;
    }
    this.acknowledged.creates += [...this.ones.values()].filter(Boolean).length;
    await this.checkCounters();
    // The last number may be taken again by the next round, so it stays open.
    const last = Math.floor(this.next / kWriters);
    const keep = this.ones.has(last);
    this.open.clear();
    this.ones.clear();
    if (keep) { this.everOnes -= 1; this.ones.set(last, true); }
  }

  async checkCounters() {
    for (const [c, counter] of this.counters.entries()) {
      if (counter.sent === 0) continue;
      const answer = await this.ask('GET', `/Basic/counter-${c}`);
      const value = answer.status === 200 ? Number(answer.json.code.text) : 0;
      if (value < counter.acknowledged) this.problem(`lost: counter ${c} is ${value}, ${counter.acknowledged} was acknowledged`);
      if (value > counter.sent) this.problem(`invented: counter ${c} is ${value}, ${counter.sent} was sent`);
      this.acknowledged.updates += counter.acknowledged;
      counter.sent = counter.acknowledged = value;
    }
  }

  async round() {
    this.running = true;
    const writers = Array.from({ length: kWriters }, (_, w) => this.writer(w));
    await sleep(60 + this.random(300));
    await this.server.kill();
    this.running = false;
    await Promise.all(writers);
    const from = Date.now();
    await this.server.start();
    this.startMs.push(Date.now() - from);
    await this.check();
  }

  /** Plays `kills` rounds; `progress` gets a line now and then. */
  async play(kills, progress = () => {}) {
    await this.server.start();
    this.tokenText = await this.server.token();
    for (let i = 1; i <= kills && this.problems.length === 0; i++) {
      await this.round();
      this.kills = i;
      if (i % 50 === 0) progress(`${i} kills, ${this.everTransactions} transactions, ${this.problems.length} problems`);
    }
    await this.checkSums();
    this.agent.destroy();
    return this.summary();
  }

  /** At the end all that ever was must be there together. */
  async checkSums() {
    const expected = { Patient: this.everTransactions, Basic: this.counters.filter((c) => c.sent > 0).length };
    expected.Observation = this.everTransactions * 2 + this.everOnes + (this.ones.size > 0 ? 1 : 0);
    for (const [type, count] of Object.entries(expected)) {
      const answer = await this.ask('GET', `/${type}?_summary=count`);
      if (answer.json?.total !== count) this.problem(`${type}: ${answer.json?.total} are there, ${count} should be`);
    }
  }

  summary() {
    const sorted = [...this.startMs].sort((a, b) => a - b);
    return { kills: this.kills, sent: this.sent, checked: { transactions: this.everTransactions, conditional: this.everOnes },
      restartMsMedian: sorted[Math.floor(sorted.length / 2)], restartMsMax: sorted.at(-1), problems: this.problems };
  }
}
