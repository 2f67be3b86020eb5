// What of a type a post reads, writes and deletes: the answers to the forms that name it and no others, by every way; no deleting because it writes; nothing that a workflow governs, and
// no mirror of a watch-list's entry, goes by hand; and a form changes no record that its sender does not see.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, residentId, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id', kForms = 'http://tongkang.dev/fhir/Questionnaire/';
const kTitle = { 'zh-CN': '试', en: 'Trial' }, kSource = { text: 'a test', edition: '1', date: '2026-11-24' };
const head = (id, more) => ({ id, version: 1, title: kTitle, source: kSource, ...more });
const kVisit = {
  type: 'HomeVisit', title: kTitle, search: { patient: 'subject', note: 'note' },
  elements: { subject: { type: 'Reference', min: 1, to: ['Patient'] }, note: { type: 'string' }, state: { type: 'code', codes: { open: kTitle, done: kTitle } } },
};
// A pack of a nurse: her form notes a visit, and may change the note of another one, or of those of somebody.
const kPack = {
  'manifest.json': { id: 'home', title: kTitle, version: '0.1.0', reads: ['Patient', 'HomeVisit', 'QuestionnaireResponse'], writes: ['HomeVisit', 'QuestionnaireResponse'], doors: [] },
  'README.md': '# home\n',
  'types/visit.json': kVisit,
  'posts/nurse.json': { id: 'nurse', title: kTitle, source: kSource, reads: ['Patient', 'HomeVisit', 'QuestionnaireResponse'], writes: ['HomeVisit', 'QuestionnaireResponse'], deletes: ['HomeVisit'] },
  'workflows/visit.json': head('home.visit', { for: { type: 'HomeVisit', where: 'state.exists()' }, state: { element: 'state' },
    states: [{ code: 'open', title: kTitle, initial: true }, { code: 'done', title: kTitle, final: true }], transitions: [{ code: 'finish', title: kTitle, from: ['open'], to: 'done', posts: ['nurse', 'platform'] }] }),
  'forms/visit.json': head('home.visit', { posts: ['nurse'], subjectType: ['Patient'],
    item: [{ linkId: 'note', text: 'note', type: 'string' }, { linkId: 'place', text: 'place', type: 'group', item: [{ linkId: 'other', text: 'other', type: 'reference' }, { linkId: 'name', text: 'name', type: 'string' }] },
      { linkId: 'who', text: 'who', type: 'reference' }, { linkId: 'done', text: 'done', type: 'reference' }],
    do: [{ create: { resourceType: 'HomeVisit', subject: '=subject', note: '=%note' } }, { when: '%other.exists()', update: { type: 'HomeVisit', target: '=%other', set: { note: '=%note' } } },
      { when: '%name.exists()', update: { type: 'HomeVisit', target: "='HomeVisit/' + %name", set: { note: '=%note' } } },
      { when: '%who.exists()', update: { type: 'HomeVisit', find: { patient: '=%who' }, set: { note: '=%note' } } },
      { when: '%done.exists()', transition: { type: 'HomeVisit', target: '=%done', code: 'finish' } }] }),
  'tests/none.case.json': { cases: [] },
};
const answer = (linkId, value) => ({ linkId, answer: [value] });
const day = (ago) => new Date(Date.now() + 8 * 3600e3 - ago * 86400e3).toISOString().slice(0, 10);

describe('what of a type', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body, headers) => request(server.base, method, `/fhir/${target}`, { token: tokens[who], body, headers });
  const put = async (resource) => {
    const { status, text } = await ask('admin', 'PUT', `${resource.resourceType}/${resource.id}`, resource);
    assert.ok(status < 300, text);
  };
  const patient = (id, i, area) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, identifier: [{ system: kCard, value: residentId(`1980010${i}`, 20 + i) }],
    name: [{ text: `试${'零一二三四五六七八九'[i]}` }], gender: i % 2 ? 'male' : 'female', birthDate: `1980-01-0${i}` });
  const found = async (who, search) => (await ask(who, 'GET', search)).json.entry?.map((entry) => entry.resource) ?? [];
  async function until(what, look) {
    for (let i = 0; i < 300; ++i) {
      const seen = await look();
      if (seen) return seen;
      await sleep(100);
    }
    return assert.fail(`never: ${what}`);
  }

  before(async () => {
    data = freshFolder('record-rights');
    for (const [name, content] of Object.entries(kPack)) {
      const file = path.join(data, 'packs/home', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
    server = await new Server(data).start();
    const here = { inv: 'contact-investigator', gate: 'screener', doc: 'doctor', tow: 'township-doctor', lia: 'community-liaison', fol: 'contact-follower', his: 'hospital-system', nurse: 'nurse', cdc: 'cdc-officer' };
    for (const [name, post] of Object.entries(here)) execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', '--post', post, '--area', name === 'cdc' ? '3801' : '380102'], { stdio: 'ignore' });
    for (const who of ['admin', ...Object.keys(here)]) tokens[who] = await server.token(who);
    await put(patient('index', 1, '380102001001'));
    await put(patient('other', 2, '380102001001'));
    await put(patient('far', 3, '380104001001'));
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  const sent = {};
  test('a form says who reads its answers: a case interview is the investigators\' and disease control\'s', async () => {
    const interview = await ask('inv', 'POST', 'QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', questionnaire: `${kForms}contacts.interview`, status: 'completed', subject: { reference: 'Patient/index' },
      item: [answer('form', { valueCoding: { system: 'http://tongkang.dev/fhir/CodeSystem/tracing-form', code: 'confirmed' } }), answer('onset', { valueDate: day(3) }),
        { linkId: 'visited', item: [answer('where', { valueString: '春风歌厅' }), answer('arrived', { valueDateTime: `${day(2)}T22:00:00+08:00` })] }] });
    assert.equal(interview.status, 201, interview.text);
    const register = await ask('lia', 'POST', 'QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', questionnaire: `${kForms}fever.register`, status: 'completed', subject: { reference: 'Patient/other' }, item: [answer('temperature', { valueDecimal: 38.5 })] });
    assert.equal(register.status, 201, register.text);
    Object.assign(sent, { interview: interview.json.id, register: register.json.id });
    const ways = async (who, id, subject) => {
      const told = [];
      for (const way of ['QuestionnaireResponse', `QuestionnaireResponse?subject=Patient/${subject}`, `QuestionnaireResponse?_id=${id}`, `QuestionnaireResponse?questionnaire=${kForms}contacts.interview,${kForms}fever.register`,
        'QuestionnaireResponse?_sort=-_lastUpdated', `QuestionnaireResponse/${id}`, `QuestionnaireResponse/${id}/_history`, `QuestionnaireResponse/${id}/_history/1`, 'QuestionnaireResponse/_history', `Patient?_id=${subject}&_revinclude=QuestionnaireResponse:subject`,
        `Patient/${subject}/QuestionnaireResponse`, `Patient/${subject}/$everything`, `?_type=QuestionnaireResponse&_id=${id}`]) {
        const seen = await ask(who, 'GET', way);
        if (seen.text.includes(`"id":"${id}"`)) told.push(way);
      }
      const count = await ask(who, 'GET', `QuestionnaireResponse?_id=${id}&_summary=count`);
      if (count.json.total > 0) told.push('count');
      const batch = await ask(who, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `QuestionnaireResponse/${id}` } }] });
      if (batch.text.includes(`"id":"${id}"`)) told.push('batch');
      return told.length;
    };
    const kReads = { interview: { admin: 15, inv: 14, cdc: 15 }, register: { admin: 15, lia: 14, doc: 15, cdc: 15, tow: 14 } };
    for (const [name, subject] of [['interview', 'index'], ['register', 'other']]) for (const who of ['admin', 'inv', 'cdc', 'gate', 'doc', 'tow', 'lia', 'fol', 'his', 'nurse'])
      assert.equal(await ways(who, sent[name], subject), kReads[name][who] ?? 0, `${who}: ${name}`);
    assert.equal((await ask('gate', 'POST', 'QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', status: 'in-progress', subject: { reference: 'Patient/index' } })).status, 201, 'to no form of a pack');
  });

  test('nor does anybody else change or delete them, and who answered a form deletes nothing for it', async () => {
    const current = (await ask('admin', 'GET', `QuestionnaireResponse/${sent.interview}`)).json;
    for (const who of ['gate', 'doc', 'tow', 'lia', 'cdc', 'nurse']) {
      const changed = await ask(who, 'PUT', `QuestionnaireResponse/${sent.interview}`, { ...current, status: 'amended' });
      assert.equal(changed.status, 403, `${who}: ${changed.text}`);
    }
    for (const who of ['inv', 'gate', 'doc', 'tow', 'lia', 'cdc', 'nurse']) for (const how of ['DELETE', 'transaction']) {
      const gone = how === 'DELETE' ? await ask(who, 'DELETE', `QuestionnaireResponse/${sent.interview}`)
        : await ask(who, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: `QuestionnaireResponse/${sent.interview}` } }] });
      assert.equal(gone.status, 403, `${who}: ${gone.text}`);
    }
    assert.equal((await ask('inv', 'PUT', `QuestionnaireResponse/${sent.interview}`, { ...current, status: 'amended' })).status, 200);
  });

  test('writing a type brings no deleting of it', async () => {
    const reading = await ask('doc', 'POST', 'Observation', { resourceType: 'Observation', status: 'final', code: { text: 'PCR' }, subject: { reference: 'Patient/index' }, valueString: 'positive' });
    assert.equal(reading.status, 201);
    for (const [who, what] of [['gate', `Observation/${reading.json.id}`], ['doc', `Observation/${reading.json.id}`], ['cdc', `Observation/${reading.json.id}`], ['gate', 'Patient/index'], ['his', 'Patient/index'], ['doc', 'Patient/index']]) {
      const gone = await ask(who, 'DELETE', what);
      assert.deepEqual([gone.status, /Your post may not delete/.test(gone.text)], [403, true], `${who} ${what}: ${gone.text}`);
      const [type, id] = what.split('/');
      assert.equal((await ask(who, 'DELETE', `${type}?_id=${id}`)).status, 403, 'by a condition');
    }
    const why = await ask('gate', 'GET', `Observation/${reading.json.id}/$why?do=delete`);
    assert.match(why.text, /may not delete Observation/);
    // What a pack's post may delete its file says.
    const visit = await ask('nurse', 'POST', 'HomeVisit', { resourceType: 'HomeVisit', subject: { reference: 'Patient/index' } });
    assert.equal((await ask('nurse', 'DELETE', `HomeVisit/${visit.json.id}`)).status, 204);
    assert.equal((await ask('admin', 'DELETE', `Observation/${reading.json.id}`)).status, 204);
  });

  test('what a workflow governs is deleted by nobody', async () => {
    const visit = await ask('nurse', 'POST', 'HomeVisit', { resourceType: 'HomeVisit', state: 'open', subject: { reference: 'Patient/index' } });
    for (const who of ['nurse', 'admin']) for (const how of ['DELETE', 'condition', 'transaction']) {
      const target = `HomeVisit/${visit.json.id}`;
      const gone = how === 'DELETE' ? await ask(who, 'DELETE', target) : how === 'condition' ? await ask(who, 'DELETE', `HomeVisit?_id=${visit.json.id}`)
        : await ask(who, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: target } }] });
      assert.equal(gone.status, 422, `${who} ${how}: ${gone.text}`);
      assert.match(gone.text, /home\.visit\|1 governs this record.*finish/);
    }
    const list = (await ask('cdc', 'POST', 'WatchList', { resourceType: 'WatchList', status: 'active', name: 'n', title: '测试', publisher: '疾控', level: 'critical', text: '做好防护', instruction: '询问' })).json.id;
    const entry = await ask('cdc', 'POST', 'WatchEntry', { resourceType: 'WatchEntry', status: 'active', list: { reference: `WatchList/${list}` }, subject: { reference: 'Patient/index' }, reason: { text: 'x' } });
    assert.equal(entry.status, 201, entry.text);
    const arrived = await ask('his', 'POST', 'Encounter', { resourceType: 'Encounter', status: 'arrived', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: 'Patient/index' } });
    assert.equal(arrived.status, 201, arrived.text);
    const receipt = await until('a receipt', async () => (await found('admin', 'AlertReceipt'))[0]);
    for (const [who, status] of [['gate', 403], ['doc', 403], ['cdc', 403], ['admin', 422]]) assert.equal((await ask(who, 'DELETE', `AlertReceipt/${receipt.id}`)).status, status, who);
    const flag = arrived.headers.link.match(/Flag\/([^>]+)>/)[1];
    assert.equal((await ask('doc', 'DELETE', `Flag/${flag}`)).status, 403);
  });

  const fill = (subject, items) => ({ resourceType: 'QuestionnaireResponse', questionnaire: `${kForms}home.visit`, status: 'completed', subject: { reference: `Patient/${subject}` }, item: [answer('note', { valueString: 'changed' }), ...items] });
  const inside = (item) => ({ linkId: 'place', item: [item] });
  test('a form changes no record that its sender does not see, and says the same of what never was', async () => {
    await put({ resourceType: 'HomeVisit', id: 'far-visit', subject: { reference: 'Patient/far' }, note: 'first' });
    await put({ resourceType: 'HomeVisit', id: 'far-open', state: 'open', subject: { reference: 'Patient/far' } });
    await put({ resourceType: 'HomeVisit', id: 'near-visit', subject: { reference: 'Patient/other' }, note: 'first' });
    await put({ resourceType: 'HomeVisit', id: 'near-open', state: 'open', subject: { reference: 'Patient/other' } });
    const reference = (name) => ({ valueReference: { reference: name } });
    const kWays = [['far-visit', (id) => inside(answer('other', reference(`HomeVisit/${id}`))), 'QuestionnaireResponse.item[1].item[0].answer[0].valueReference'],
      ['far-visit', (id) => inside(answer('name', { valueString: id })), 'QuestionnaireResponse.item[1].item[0].answer[0].valueString'],
      ['far-open', (id) => answer('done', reference(`HomeVisit/${id}`)), 'QuestionnaireResponse.item[1].answer[0].valueReference'],
      ['far', (id) => answer('who', reference(`Patient/${id}`)), 'QuestionnaireResponse.item[1].answer[0].valueReference']];
    for (const [id, item, at] of kWays) {
      const far = await ask('nurse', 'POST', 'QuestionnaireResponse', fill('index', [item(id)]));
      const never = await ask('nurse', 'POST', 'QuestionnaireResponse', fill('index', [item('never')]));
      assert.equal(far.status, 422, far.text);
      assert.equal(far.text, never.text);
      assert.deepEqual([far.json.issue[0].code, far.json.issue[0].expression], ['not-found', [at]]);
    }
    assert.equal((await ask('admin', 'GET', 'HomeVisit/far-visit')).json.note, 'first');
    assert.equal((await ask('admin', 'GET', 'HomeVisit/far-open')).json.state, 'open');
    assert.equal((await found('nurse', 'HomeVisit?note=changed')).length, 0, 'all of it or nothing');
    for (const item of [inside(answer('other', reference('HomeVisit/near-visit'))), inside(answer('name', { valueString: 'near-visit' })), answer('who', reference('Patient/other')), answer('done', reference('HomeVisit/near-open'))]) {
      const near = await ask('nurse', 'POST', 'QuestionnaireResponse', fill('index', [item]));
      assert.equal(near.status, 201, near.text);
    }
    assert.equal((await ask('nurse', 'GET', 'HomeVisit/near-visit')).json.note, 'changed');
    assert.equal((await ask('nurse', 'GET', 'HomeVisit/near-open')).json.state, 'done');
    const whole = await ask('admin', 'POST', 'QuestionnaireResponse', fill('index', [inside(answer('other', reference('HomeVisit/far-visit')))]));
    assert.equal(whole.status, 201, whole.text);
  });
});
