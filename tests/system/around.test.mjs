// The ways around the access decision: what may not be read must not be counted, included, chained to, sorted by, paged to, remembered, compared with,
// or told apart by how it is refused. One doctor of one area, one screener who sees masked, and a person elsewhere of whom they may know nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { freshFolder, letDelete, program, request, Server, sleep } from '../lib/server.mjs';

const kHere = '380102', kThere = '380104';
const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kForm = { 'content-type': 'application/x-www-form-urlencoded' };
const kSecret = { family: 'Wexcombe', card: '380104196805127735', phone: '19900009022', birthDate: '1968-05-12', note: 'amber-vole-note' };
const person = (id, area, more = {}) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ family: 'Quillfeather' }], gender: 'male', birthDate: '1971-03-04', ...more });
const reading = (id, about, more = {}) => ({ resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'urn:test', code: 'pulse' }] }, subject: { reference: `Patient/${about}` }, valueInteger: 70, ...more });
const parameters = (...parameter) => ({ resourceType: 'Parameters', parameter });

describe('ways around', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body, headers = {}) => request(server.base, method, target.startsWith('//') ? target.slice(1) : `/fhir${target}`, { token: tokens[who], body, headers });
  const count = async (who, query) => {
    const answer = await ask(who, 'GET', `${query}${query.includes('?') ? '&' : '?'}_summary=count`);
    assert.equal(answer.status, 200, `${query}: ${answer.text}`);
    const listed = await ask(who, 'GET', `${query}${query.includes('?') ? '&' : '?'}_total=accurate&_count=500`);
    assert.equal(listed.json.total, answer.json.total, `${query}: the count is what is listed`);
    assert.equal((listed.json.entry ?? []).filter((e) => e.search?.mode !== 'include').length, answer.json.total, query);
    return answer.json.total;
  };
  const put = async (resource, status = 201) => assert.equal((await ask('city', 'PUT', `/${resource.resourceType}/${resource.id}`, resource)).status, status, resource.id);
  async function settled(look) {
    for (let i = 0; i < 100; ++i) { if (await look()) return true; await sleep(50); }
    return false;
  }

  before(async () => {
    data = freshFolder('around');
    for (const [name, post, area] of [['doctor', 'doctor', kHere], ['colleague', 'doctor', kHere], ['far', 'doctor', kThere], ['screener', 'screener', kHere], ['officer', 'cdc-officer', kHere], ['guard', 'security-officer', '']])
      execFileSync(program(), ['account', 'add', name, '--data', data, '--post', post, ...(area ? ['--area', area] : []), '--no-password'], { stdio: 'ignore' });
    letDelete(data, 'doctor', 'screener');
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const name of ['doctor', 'colleague', 'far', 'screener', 'officer', 'guard']) tokens[name] = await server.token(name);
    await put(person('p', kHere, { telecom: [{ system: 'phone', value: '19900009011' }], identifier: [{ system: kCard, value: '380102197103046119' }] }));
    await put(person('x', kThere, { name: [{ family: kSecret.family }], birthDate: kSecret.birthDate, telecom: [{ system: 'phone', value: kSecret.phone }], identifier: [{ system: kCard, value: kSecret.card }] }));
    await put({ resourceType: 'Encounter', id: 'e-x', status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/x' } });
    // Of here, and pointing there: what it points to stays hidden.
    await put(reading('o-p', 'p', { focus: [{ reference: 'Patient/x' }], encounter: { reference: 'Encounter/e-x' }, hasMember: [{ reference: 'Observation/o-x' }], performer: [{ reference: 'Patient/x' }] }));
    // Of there, and pointing here.
    await put(reading('o-x', 'x', { focus: [{ reference: 'Patient/p' }], note: [{ text: kSecret.note }], code: { coding: [{ system: 'urn:test', code: 'rare' }] } }));
    await put({ resourceType: 'Group', id: 'g', type: 'person', actual: true, member: [{ entity: { reference: 'Patient/x' } }] });
    await put({ resourceType: 'List', id: 'l', status: 'current', mode: 'working', entry: [{ item: { reference: 'Patient/x' } }, { item: { reference: 'Patient/p' } }] });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('includes bring nothing of elsewhere, forward, backward, iterated or all', async () => {
    for (const way of ['_include=Observation:focus', '_include=*', '_include=Observation:encounter&_include:iterate=Encounter:subject', '_include=Observation:has-member&_include:iterate=Observation:subject', '_include=Observation:performer', '_revinclude=Observation:has-member', '_revinclude=*']) {
      const answer = await ask('doctor', 'GET', `/Observation?_id=o-p&${way}`);
      assert.equal(answer.status, 200, `${way} ${answer.text}`);
      const ids = answer.json.entry.map((e) => e.resource.id);
      assert.ok(!ids.some((id) => ['x', 'o-x', 'e-x'].includes(id)), `${way}: ${ids}`);
      assert.ok(!answer.text.includes(kSecret.family) && !answer.text.includes(kSecret.note), way);
    }
    const back = await ask('doctor', 'GET', '/Patient?_id=p&_revinclude=Observation:focus&_revinclude=Observation:subject');
    assert.deepEqual(back.json.entry.map((e) => e.resource.id).sort(), ['o-p', 'p']);
    // To whom it may be shown it is: the same question finds something.
    const whole = await ask('city', 'GET', '/Observation?_id=o-p&_include=*');
    assert.ok(whole.json.entry.some((e) => e.resource.id === 'x'));
  });

  test('chains and _has look through nothing that may not be seen', async () => {
    const hidden = { 'Observation?focus:Patient.family=Wexcombe': 1, 'Observation?focus:Patient.birthdate=1968-05-12': 1, [`Observation?focus:Patient.identifier=${kSecret.card}`]: 1, 'Observation?focus:Patient._id=x': 1,
      'Observation?encounter.status=finished': 1, 'Observation?encounter.subject:Patient.family=Wexcombe': 1, 'Observation?has-member:Observation.code=rare': 1, 'Observation?encounter:Encounter.subject:Patient._id=x': 1,
      'Patient?_has:Observation:focus:code=rare': 1, 'Patient?_has:Observation:focus:_id=o-x': 1, 'Patient?_has:Observation:focus:subject:Patient.family=Wexcombe': 1, 'Observation?_has:Observation:has-member:_id=o-p&code=rare': 1 };
    for (const [query, there] of Object.entries(hidden)) {
      assert.equal(await count('city', `/${query}`), there, `the city: ${query}`);
      assert.equal(await count('doctor', `/${query}`), 0, `the doctor: ${query}`);
    }
    // A chain through a type that the post may not read is refused, whatever lies there.
    for (const query of ['Patient?_has:Condition:subject:code=x', 'Patient?_has:MedicationRequest:subject:status=active', 'Patient?_has:Coverage:beneficiary:status=active'])
      assert.equal((await ask('screener', 'GET', `/${query}`)).status, 403, query);
    for (const query of ['Observation?_list=l', 'Patient?_list=l', 'Patient?_has:Group:member:_id=g'])
      assert.ok([400, 403].includes((await ask('screener', 'GET', `/${query}`)).status), query);
  });

  test('what is masked is found by no order, no piece and no element', async () => {
    for (const [who, query] of [['officer', 'Patient?_sort=birthdate'], ['officer', 'Patient?_sort=-birthdate'], ['officer', 'Patient?birthdate=ge1970-01-01'], ['officer', 'Patient?birthdate=1971-03'], ['screener', 'Patient?_sort=telecom'], ['screener', 'Patient?phone=1990'],
      ['screener', 'Patient?identifier:of-type=a|b|c'], ['screener', `Patient?identifier=${encodeURIComponent(`${kCard}|`)}`], ['screener', 'Patient?identifier:not=1'], ['screener', 'Observation?subject:Patient.phone=19900009011'], ['officer', 'Observation?patient.birthdate=lt1980'],
      ['officer', 'Patient?_has:Observation:subject:patient.birthdate=lt1980'], ['screener', `Observation?subject:identifier=${encodeURIComponent(`${kCard}|`)}`]]) {
      const answer = await ask(who, 'GET', `/${query}`);
      assert.ok([400, 403].includes(answer.status), `${who} ${query}: ${answer.status} ${answer.text}`);
    }
    for (const target of ['/Patient?_id=p&_elements=telecom,identifier', '/Patient/p', '/Patient/p/_history', '/Patient/p/_history/1', '/Patient?_id=p&_summary=true', '/Patient/p?_format=json&_pretty=true', '/Observation?_id=o-p&_include=Observation:subject', '/Patient/_history', '/?_type=Patient&_id=p', '/Patient/p/*?_id=p']) {
      const answer = await ask('screener', 'GET', target);
      assert.equal(answer.status, 200, `${target} ${answer.text}`);
      assert.ok(!answer.text.includes('19900009011') && !answer.text.includes('380102197103046119'), target);
    }
    for (const condition of ['telecom=19900009011', 'phone=19900009011', `identifier=${encodeURIComponent(`${kCard}|`)}`]) {
      const { id, ...fresh } = person('', kHere);
      assert.equal((await ask('screener', 'POST', '/Patient', fresh, { 'if-none-exist': condition })).status, 403, condition);
      assert.equal((await ask('screener', 'PUT', `/Patient?${condition}`, fresh)).status, 403, condition);
      assert.equal((await ask('screener', 'DELETE', `/Patient?${condition}`)).status, 403, condition);
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST', url: 'Observation' }, resource: { ...reading('', 'p'), id: undefined, subject: { reference: `Patient?${condition}` } } }] };
      assert.equal((await ask('screener', 'POST', '', bundle)).status, 403, condition);
    }
  });

  test('who moves away takes his past along, and pages that were begun before show him no more', async () => {
    for (let i = 0; i < 6; i++) await put(reading(`m-${i}`, 'p', { code: { coding: [{ system: 'urn:test', code: 'moving' }] } }));
    const since = new Date(Date.now() - 60_000).toISOString();
    const first = await ask('doctor', 'GET', '/Observation?code=moving&_count=2&_sort=_lastUpdated');
    const history = await ask('doctor', 'GET', '/Observation/_history?_count=2');
    const all = await ask('doctor', 'GET', '/Patient/p/$everything?_count=2');
    const next = (page) => page.json.link.find((l) => l.relation === 'next')?.url.split('/fhir')[1];
    assert.ok(next(first) && next(history) && next(all));
    await put(person('p', kThere), 200);
    for (const page of [first, history, all]) {
      const answer = await ask('doctor', 'GET', next(page));
      assert.ok(!answer.text.includes('"id":"m-') && !answer.text.includes('Patient/p"'), answer.text.slice(0, 300));
    }
    for (const target of ['/Patient/p', '/Patient/p/_history', '/Patient/p/_history/1', '/Observation/m-1', '/Observation/m-1/_history/1', '/Patient/p/$everything', '/Patient/p/$person'])
      assert.equal((await ask('doctor', 'GET', target)).status, 404, target);
    for (const target of [`/Observation/_history?_since=${since}&_count=500`, '/Patient/_history?_count=500', '/Observation?code=moving', `/?_type=Observation,Patient&_lastUpdated=ge${since}`])
      assert.ok(!/"id":"(m-\d|p)"/.test((await ask('doctor', 'GET', target)).text), target);
    assert.equal(await count('doctor', '/Observation?code=moving'), 0);
    assert.equal(await count('far', '/Observation?code=moving'), 6);
    // That he came back is seen, and where he was meanwhile is not.
    await put(person('p', kHere, { telecom: [{ system: 'phone', value: '19900009011' }], identifier: [{ system: kCard, value: '380102197103046119' }] }), 200);
    assert.equal((await ask('doctor', 'GET', '/Patient/p')).status, 200);
  });

  test('a key of idempotency is each account\'s own', async () => {
    const headers = { 'idempotency-key': 'the-same-key' };
    const { id, ...mine } = reading('', 'p', { note: [{ text: 'of the doctor alone' }] });
    const made = await ask('doctor', 'POST', '/Observation', mine, headers);
    assert.equal(made.status, 201);
    assert.equal((await ask('doctor', 'POST', '/Observation', mine, headers)).json.id, made.json.id);
    const other = await ask('far', 'POST', '/Observation', reading('', 'x'), headers);
    assert.ok(other.status === 201 && other.json.id !== made.json.id && !other.text.includes('of the doctor alone'), other.text);
  });

  test('expressions resolve nothing that is stored', async () => {
    const evaluate = (expression) => ask('doctor', 'POST', '/$fhirpath', parameters({ name: 'expression', valueString: expression }, { name: 'resource', resource: reading('', 'x', { id: 'z', focus: [{ reference: 'Patient/x' }, { reference: 'Patient/p' }] }) }));
    for (const expression of ['subject.resolve()', 'subject.resolve().name', 'focus.resolve().count()', '%resource.subject.resolve().birthDate', "'Patient/x'.resolve()", 'focus.resolve().ofType(Patient).telecom.value']) {
      const answer = await evaluate(expression);
      assert.ok(!answer.text.includes(kSecret.family) && !answer.text.includes(kSecret.phone) && !answer.text.includes(kSecret.birthDate) && !answer.text.includes('19900009011'), answer.text);
    }
    assert.match((await evaluate('focus.resolve().count()')).text, /"valueInteger":0/);
  });

  test('$match compares with nobody elsewhere, and a review tells of nobody elsewhere', async () => {
    const guess = { name: [{ family: kSecret.family }], birthDate: kSecret.birthDate, telecom: [{ system: 'phone', value: kSecret.phone }], identifier: [{ system: kCard, value: kSecret.card }] };
    const { id, ...sent } = person('', kHere, guess);
    const match = async (resource) => { const answer = await ask('doctor', 'POST', '/Patient/$match', parameters({ name: 'resource', resource })); return [answer.status, answer.json.total, answer.json.entry?.length ?? 0]; };
    const { id: none, ...nobody } = person('', kHere, { ...guess, name: [{ family: 'Nobodyson' }], birthDate: '1944-04-04', telecom: [{ system: 'phone', value: '19900009077' }], identifier: [{ system: kCard, value: '380104194404047777' }] });
    assert.deepEqual(await match(sent), await match(nobody));
    // Somebody writes down all that he guesses: name, telephone and a birth date a day off. The index finds a likeness and asks its clerk; the doctor is not told.
    const made = [];
    for (const [number, likely] of [['380102196805137731', { ...guess, birthDate: '1968-05-13' }], [kSecret.card, guess]]) {
      const { id: ignored, ...record } = person('', kHere, { ...likely, identifier: [{ system: kCard, value: number }] });
      const answer = await ask('doctor', 'POST', '/Patient', record);
      assert.equal(answer.status, 201, answer.text);
      made.push(answer.json.id);
    }
    const reviews = await ask('city', 'GET', `/Task?patient=${made.join(',')}`);
    assert.ok((reviews.json.entry ?? []).some((e) => JSON.stringify(e.resource.input ?? '').includes('Patient/x')), `the index has nothing to ask: ${reviews.text}`);
    for (const target of [`/Task?patient=${made.join(',')}`, `/Patient?_id=${made.join(',')}&_revinclude=Task:patient`, ...made.map((one) => `/Patient/${one}/$everything`), '/Task/_history', ...reviews.json.entry.flatMap((e) => [`/Task/${e.resource.id}`, `/Task/${e.resource.id}/_history/1`]), ...made.map((one) => `/Patient/${one}/$person`)]) {
      const answer = await ask('doctor', 'GET', target);
      assert.ok(!answer.text.includes('Patient/x') && !answer.text.includes('"level"') && !answer.text.includes('probability'), `${target}: ${answer.text.slice(0, 600)}`);
    }
    const task = reviews.json.entry[0].resource;
    const batch = await ask('doctor', 'POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `Task/${task.id}` } }] });
    assert.ok(!batch.text.includes('Patient/x'), batch.text);
    // Nor asks he piece by piece, nor takes he it away.
    const steps = [{ op: 'test', path: '/input/0/valueReference/reference', value: 'Patient/x' }, { op: 'add', path: '/description', value: 'x' }];
    assert.equal((await ask('doctor', 'PATCH', `/Task/${task.id}`, steps, { 'content-type': 'application/json-patch+json' })).status, 404);
    assert.equal((await ask('doctor', 'PUT', `/Task/${task.id}`, { ...task, input: undefined })).status, 403);
    assert.equal((await ask('doctor', 'DELETE', `/Task/${task.id}`)).status, 204, 'as one that never was');
    assert.equal((await ask('city', 'DELETE', `/Task/${task.id}`)).status, 403);
    assert.equal((await ask('city', 'GET', `/Task/${task.id}`)).json.input.length, task.input.length);
  });

  test('references in what one writes are kept, and tell nothing of what they point to', async () => {
    const told = async (to) => {
      const { id, ...record } = reading('', 'p', { performer: [{ reference: `Patient/${to}` }] });
      const answer = await ask('doctor', 'POST', '/Observation', record);
      return [answer.status, answer.text.replaceAll(answer.json.id ?? '-', '?').replaceAll(`Patient/${to}`, '?').replace(/"lastUpdated":"[^"]*"/, '')];
    };
    assert.deepEqual(await told('x'), await told('never'));
    const validated = async (to) => (await ask('doctor', 'POST', '/Observation/$validate', reading('v', 'p', { performer: [{ reference: `Patient/${to}` }] }))).text.replaceAll(`Patient/${to}`, '?');
    assert.equal(await validated('x'), await validated('never'));
  });

  test('$why tells oneself of nobody elsewhere, and the security officer no word of the record', async () => {
    const own = async (id) => (await ask('doctor', 'GET', `/Patient/${id}/$why`)).text.replaceAll(`Patient/${id}`, '?');
    assert.equal(await own('x'), await own('never'));
    assert.equal((await ask('doctor', 'GET', '/$why?account=far&resource=Patient/x')).status, 403);
    for (const who of ['doctor', 'far']) {
      const answer = await ask('guard', 'GET', `/$why?account=${who}&resource=Patient/x`);
      assert.equal(answer.json.parameter[0].valueBoolean, who === 'far', answer.text);
      for (const word of Object.values(kSecret)) assert.ok(!answer.text.includes(word), word);
    }
    assert.equal((await ask('guard', 'GET', '/Patient/x')).status, 403);
  });

  test('the live stream ends to tell of whom a consent closed or who moved away', async (t) => {
    const told = { text: '' };
    const asked = http.get(`${server.base}/live?types=Observation`, { headers: { authorization: `Bearer ${tokens.doctor}`, accept: 'text/event-stream' } });
    t.after(() => asked.destroy());
    asked.on('error', () => {});
    const answer = await new Promise((done) => { asked.on('response', done); });
    answer.on('data', (part) => { told.text += part; });
    assert.ok(await settled(() => told.text.includes('event: hello')));
    await put(person('q', kHere));
    await put(reading('live-1', 'q'));
    assert.ok(await settled(() => told.text.includes('live-1')), told.text);
    await put({ resourceType: 'Consent', id: 'c', status: 'active', scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] }, category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      policyRule: { text: 'by word' }, patient: { reference: 'Patient/q' }, provision: { type: 'deny' } });
    assert.ok(await settled(async () => (await ask('doctor', 'GET', '/Patient/q')).status === 404));
    await put(reading('live-2', 'q'));
    await put(reading('live-3', 'p'));
    assert.ok(await settled(() => told.text.includes('live-3')), told.text);
    assert.ok(!told.text.includes('live-2'), told.text);
    await put(person('p', kThere), 200);
    await put(reading('live-4', 'p'));
    await put(person('r', kHere));
    await put(reading('live-5', 'r'));
    assert.ok(await settled(() => told.text.includes('live-5')), told.text);
    assert.ok(!told.text.includes('live-4'), told.text);
  });
});
