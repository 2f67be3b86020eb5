// What a browser test does behind the pages' back: seed people and readings, change a task as somebody else, cut the network,
// end sessions. The same words for the test double and for a real program; there all data go through FHIR, as an
// administrator, and every task is one that the program's own rule has made.
import { spawnSync } from 'node:child_process';
import { MockServer } from '../../ui/tests/mock-server.mjs';
import { Line } from './proxy.mjs';

const kSid = 'http://tongkang.dev/fhir/sid';
const kAreaNames = { 380102: '清江区柳溪街道', 380104: '云山县上茶亭壮族瑶族自治乡第三网格' };
const kRuleMs = 60_000;
const minutesFromNow = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();

class DoubleWorld {
  async open() {
    this.mock = new MockServer();
    this.base = await this.mock.listen();
    return this;
  }
  async clear() {}
  async close() { await this.mock.close(); }
  async addPatient(key, number, name, gender, birthDate, area) { return this.mock.addPatient(number, name, gender, birthDate, area); }
  async addReading(patient, cel, minutesAgo = 0, symptoms = ['none']) { return this.mock.addReading(patient, cel, minutesAgo, symptoms); }
  async all(type) { return [...this.mock.heads.values()].filter((r) => r.resourceType === type); }
  async write(resource) { return this.mock.write(resource, 'update'); }
  async take(task, account, display) {
    return this.write({ ...task, status: 'accepted', owner: { identifier: { system: `${kSid}/account`, value: account }, display } });
  }
  setDown(down) { this.mock.setDown(down); }
  async endSessions() { this.mock.sessions.clear(); }
}

class ProgramWorld {
  constructor(base) {
    this.direct = base.replace(/\/$/, '');
    this.known = new Map(); // patient id -> patient
    this.others = new Map(); // account -> token
    this.round = Date.now().toString(36); // nobody gets the id of one who was erased
  }
  async open() {
    this.line = new Line(this.direct);
    this.base = await this.line.listen();
    return this;
  }
  async close() { await this.line.close(); }
  setDown(down) { this.line.setDown(down); }

  async ask(method, path, body, headers = {}) {
    const answer = await fetch(`${this.direct}/fhir/${path}`, {
      method, body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${process.env.ADMIN_TOKEN}`, 'Content-Type': 'application/fhir+json', ...headers },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
  async all(type, query = '') {
    const found = [];
    let next = `${type}?_count=200${query}`;
    while (next) {
      const page = await this.ask('GET', next);
      found.push(...(page.entry ?? []).map((e) => e.resource));
      next = page.link?.find((l) => l.relation === 'next')?.url.split('/fhir/')[1];
    }
    return found;
  }
  /** What a workflow governs nobody deletes: it goes with the person whom it is about. */
  async clear() {
    const erased = new Set();
    const erase = async (person) => {
      await this.ask('POST', `${person}/$erase`, { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'purpose-ended' }] });
      erased.add(person);
    };
    for (const { id } of await this.all('Patient')) if (/^w-r\w+-/.test(id)) await erase(`Patient/${id}`);
    const remove = async (one) => {
      const person = (one.for ?? one.subject)?.reference ?? '';
      if (erased.has(person)) return;
      await this.ask('DELETE', `${one.resourceType}/${one.id}`).catch(async (error) => {
        if (!person.startsWith('Patient/') || !error.message.includes(': 422 ')) throw error;
        await erase(person);
      });
    };
    // Reviews of the person index are its own; nobody deletes them, and no desk shows them.
    const isReview = (one) => one.code?.coding?.some(({ system }) => system === 'http://tongkang.dev/fhir/CodeSystem/person-review');
    for (const type of ['Task', 'Flag', 'Observation']) {
      for (const one of await this.all(type)) if (!isReview(one)) await remove(one);
    }
  }
  async addPatient(key, number, name, gender, birthDate, area) {
    const put = (id) => this.ask('PUT', `Patient/${id}`, {
      resourceType: 'Patient', id, meta: { tag: [{ system: `${kSid}/area`, code: area, display: kAreaNames[area] }] },
      identifier: [{ system: `${kSid}/cn-resident-id`, value: number }], name: [{ text: name }], gender, birthDate,
    });
    const patient = await put(`w-${key}`).catch((error) => {
      if (!error.message.includes(': 410 ')) throw error;
      return put(`w-r${this.round}-${key}`);
    });
    this.known.set(patient.id, patient);
    return patient;
  }
  async addReading(patient, cel, minutesAgo = 0, symptoms = ['none']) {
    const made = await this.ask('POST', 'Observation', {
      resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }], text: '体温' },
      meta: { tag: patient.meta.tag }, subject: { reference: `Patient/${patient.id}` }, effectiveDateTime: minutesFromNow(-minutesAgo),
      valueQuantity: { value: cel, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' },
      component: symptoms.map((code) => ({ code: { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/screening-symptom', code }] }, valueBoolean: true })),
    });
    if (cel < 37.3 || minutesAgo === 0) return made;
    // The rule's own task, only put back in time: limits that have passed cannot be waited for.
    const task = await this.untilTask(made.id);
    await this.ask('PUT', `Task/${task.id}`, {
      ...task, authoredOn: minutesFromNow(-minutesAgo),
      restriction: { period: { start: minutesFromNow(-minutesAgo), end: minutesFromNow(120 - minutesAgo) } },
    });
    return made;
  }
  async untilTask(observation) {
    const end = Date.now() + kRuleMs;
    while (Date.now() < end) {
      const [task] = await this.all('Task', `&focus=Observation/${observation}`);
      if (task) return task;
      await new Promise((go) => setTimeout(go, 20));
    }
    throw new Error(`no task for a fever within ${kRuleMs / 1000} s`);
  }
  async write(resource) { return this.ask('PUT', `${resource.resourceType}/${resource.id}`, resource); }
  /** As another officer takes it. */
  async take(task, account, display) {
    const say = (...words) => {
      const said = spawnSync(process.env.PROGRAM, [...words, '--data', process.env.DATA, '--account', account], { encoding: 'utf8' });
      if (said.status !== 0) throw new Error(`${words.join(' ')}: ${said.stderr}`);
      return said.stdout.trim().split('\n').at(-1);
    };
    if (!this.others.has(account)) {
      say('account', 'add', '--post', 'cdc-officer', '--display', display, '--no-password');
      this.others.set(account, say('token'));
    }
    const parameter = [{ name: 'code', valueCode: 'accept' }];
    return this.ask('POST', `Task/${task.id}/$transition`, { resourceType: 'Parameters', parameter }, { Authorization: `Bearer ${this.others.get(account)}` });
  }
  async endSessions(account) {
    const ended = spawnSync(process.env.PROGRAM, ['account', 'revoke', '--data', process.env.DATA, '--account', account], { encoding: 'utf8' });
    if (ended.status !== 0) throw new Error(`account revoke: ${ended.stderr}`);
  }
}

/** `real`: the address of a program, or "" for the test double. */
export function openWorld(real) {
  return (real ? new ProgramWorld(real) : new DoubleWorld()).open();
}
