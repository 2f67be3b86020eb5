// A case is traced over HTTP: interviewed, his contacts named, followed up by the grid where they live, one of them becomes a case, and the chain shows it to whom it may; two records
// that turn out to be one person are one node; and none of it is lost by a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, residentId, Server } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kForm = 'http://tongkang.dev/fhir/CodeSystem/tracing-form';
let server, data, traced;
const tokens = {};
const ask = (who, method, target, body) => request(server.base, method, target, { token: tokens[who], body });
/// By the clocks of the city, so many days ago.
const day = (ago) => new Date(Date.now() + 8 * 3600e3 - ago * 86400e3).toISOString().slice(0, 10);
const number = (i) => residentId(`1980010${i}`, 20 + i);
const contact = (i, more = {}) => ({ name: `试${'零一二三四五六'[i]}`, number: number(i), area: '380102001001', kind: 'close', last: day(1), ...more });
const answer = (linkId, value) => ({ linkId, answer: [value] });
const move = (who, record, code, parts = [], reason = undefined) => ask(who, 'POST', `/fhir/${record}/$transition`, { resourceType: 'Parameters', parameter: [{ name: 'code', valueCode: code },
  ...(reason ? [{ name: 'reason', valueString: reason }] : []), ...(parts.length ? [{ name: 'inputs', part: parts }] : [])] });
async function until(what, look) {
  for (let i = 0; i < 300; ++i) {
    const found = await look();
    if (found) return found;
    await new Promise((go) => { setTimeout(go, 100); });
  }
  return assert.fail(`never: ${what}`);
}
const found = async (who, search) => (await ask(who, 'GET', `/fhir/${search}`)).json.entry?.map((entry) => entry.resource) ?? [];
const one = (who, search) => until(search, async () => { const all = await found(who, search); return all.length === 1 && all[0]; });

before(async () => {
  data = freshFolder('contacts');
  server = await new Server(data).start();
  const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
  add('tracer', '--post', 'contact-investigator', '--area', '380102');
  add('grid', '--post', 'contact-follower', '--area', '380102001');
  add('elsewhere', '--post', 'contact-follower', '--area', '380104');
  add('other', '--post', 'contact-investigator', '--area', '380104');
  for (const who of ['admin', 'tracer', 'grid', 'elsewhere', 'other']) tokens[who] = await server.token(who);
  for (const [id, i] of [['index', 1], ['friend', 2]]) {
    const put = await ask('admin', 'PUT', `/fhir/Patient/${id}`, { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102001001' }] }, identifier: [{ system: kCard, value: number(i) }],
      name: [{ text: `试${'零一二'[i]}` }], gender: i === 2 ? 'female' : 'male', birthDate: `1980-01-0${i}` });
    assert.equal(put.status, 201, put.text);
  }
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

test('an interview opens the case and its contacts are followed up where they live', async () => {
  const sent = await ask('tracer', 'POST', '/fhir/QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/contacts.interview', status: 'completed',
    subject: { reference: 'Patient/index' }, item: [answer('form', { valueCoding: { system: kForm, code: 'confirmed' } }), answer('onset', { valueDate: day(3) })] });
  assert.equal(sent.status, 201, sent.text);
  traced = await one('tracer', 'TracingCase?status=open');
  for (const added of [1, 0]) {
    const named = await ask('tracer', 'POST', '/app/contacts/name', { case: `TracingCase/${traced.id}`, contacts: [contact(2, { area: undefined })] });
    assert.deepEqual([named.status, named.json?.added, named.json?.contacts[0].patient], [200, added, 'Patient/friend'], named.text);
  }
  const named = await ask('tracer', 'POST', '/app/contacts/name', { case: `TracingCase/${traced.id}`, contacts: [contact(3), contact(3, { kind: 'casual' }), contact(4, { area: '380104001001' })] });
  assert.deepEqual([named.status, named.json?.added, named.json?.refused], [200, 2, []], named.text);
  await until('the follow-ups', async () => (await found('grid', 'Task?status=requested')).length === 2);
  assert.equal((await found('elsewhere', 'Task?status=requested')).length, 1);
  await until('a notice', async () => (await ask('elsewhere', 'GET', '/fhir/$inbox')).json.total === 1);
  for (const type of ['TracingCase', 'Exposure']) assert.equal((await ask('grid', 'GET', `/fhir/${type}`)).status, 403, type);
  const bad = await ask('tracer', 'POST', '/app/contacts/name', { case: `TracingCase/${traced.id}`, contacts: [contact(5, { last: day(-1), setting: 'moon' })] });
  assert.deepEqual([bad.status, bad.json.issue.map((issue) => issue.expression[0])], [422, ['contacts[0].last', 'contacts[0].setting']], bad.text);
});

test('a follow-up is reported once', async () => {
  const task = (await found('grid', 'Task?status=requested&patient=Patient/friend'))[0];
  const report = () => move('grid', `Task/${task.id}`, 'report', [{ name: 'outcome', valueCode: 'normal' }, { name: 'temperature', valueDecimal: 36.5 }]);
  assert.equal((await move('elsewhere', `Task/${task.id}`, 'report', [{ name: 'outcome', valueCode: 'refused' }])).status, 404);
  const reported = await report();
  assert.equal(reported.status, 200, reported.text);
  assert.equal((await report()).status, 409);
  assert.equal((await one('grid', 'ContactWatch?patient=Patient/friend')).visit[0].outcome, 'normal');
});

test('a contact becomes a case, and the chain shows what each may see; a restart loses nothing', async () => {
  const watch = await one('tracer', 'ContactWatch?patient=Patient/friend');
  const second = await ask('tracer', 'POST', '/app/contacts/name', { watch: `ContactWatch/${watch.id}`, contacts: [contact(5, { kind: 'secondary', last: day(0) })] });
  assert.equal(second.json?.added, 1, second.text);
  const parts = [{ name: 'form', valueCode: 'confirmed' }, { name: 'onset', valueDate: day(0) }];
  assert.equal((await move('grid', `ContactWatch/${watch.id}`, 'convert', parts)).status, 403);
  const moved = await move('tracer', `ContactWatch/${watch.id}`, 'convert', parts);
  assert.equal(moved.status, 200, moved.text);
  await until('the second contact is close', async () => (await found('tracer', 'Exposure?kind=close')).length === 3);
  const chain = (who, more = '') => ask(who, 'GET', `/app/contacts/chain?case=Patient/index${more}`);
  const drawn = async () => {
    const { nodes, edges } = (await chain('tracer')).json;
    return [nodes.map((node) => node.generation).sort(), nodes.filter((node) => node.hidden).length, edges.filter((edge) => edge.hidden).length, edges.find((edge) => edge.serialIntervalDays)?.serialIntervalDays];
  };
  const expected = [[0, 1, 1, 1, 2], 1, 1, 3];
  assert.deepEqual(await drawn(), expected);
  assert.equal((await chain('other')).status, 404);
  assert.equal((await chain('grid')).status, 403);
  assert.equal((await chain('admin')).json.nodes.filter((node) => node.hidden).length, 0);
  await server.stop();
  server = await new Server(data).start();
  assert.deepEqual(await drawn(), expected);
});

test('two records that turn out to be one person are one node, and who is named by either is one', async () => {
  const twice = { name: '试六', phone: '19900000006', birth: '1980-01-06', area: '380102001001', kind: 'close', last: day(1) };
  const source = { case: `TracingCase/${traced.id}` };
  const named = await ask('tracer', 'POST', '/app/contacts/name', { ...source, contacts: [contact(6), twice] });
  assert.equal(named.status, 200, named.text);
  const records = named.json.contacts.map((each) => each.patient);
  assert.notEqual(records[0], records[1], 'the test needs two records');
  const chain = async () => (await ask('tracer', 'GET', '/app/contacts/chain?case=Patient/index&depth=1')).json;
  const before = await chain();
  const linked = await ask('admin', 'POST', '/fhir/Patient/$link', { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: records[0] } }, { name: 'other', valueReference: { reference: records[1] } }] });
  assert.equal(linked.status, 200, linked.text);
  const joined = await chain();
  assert.deepEqual([joined.nodes.length, joined.edges.length], [before.nodes.length - 1, before.edges.length]);
  const again = await ask('tracer', 'POST', '/app/contacts/name', { ...source, contacts: [twice] });
  assert.equal(again.json.added, 0, again.text);
});

test('interviews that come at once are one case', async () => {
  for (const [round, count] of [2, 2, 8].entries()) {
    const id = `at-once-${round}`;
    const put = await ask('admin', 'PUT', `/fhir/Patient/${id}`, { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102001001' }] }, name: [{ text: `试${'甲乙丙'[round]}` }], birthDate: `1970-01-0${round + 1}` });
    assert.equal(put.status, 201, put.text);
    const sent = await Promise.all(Array.from({ length: count }, () => ask('tracer', 'POST', '/fhir/QuestionnaireResponse', { resourceType: 'QuestionnaireResponse',
      questionnaire: 'http://tongkang.dev/fhir/Questionnaire/contacts.interview', status: 'completed', subject: { reference: `Patient/${id}` }, item: [answer('form', { valueCoding: { system: kForm, code: 'confirmed' } }), answer('onset', { valueDate: day(3) })] })));
    assert.deepEqual(sent.map((each) => each.status), Array(count).fill(201), sent.find((each) => each.status !== 201)?.text);
    assert.equal((await found('tracer', `TracingCase?patient=Patient/${id}`)).length, 1, `${count} interviews`);
  }
});

test('a case of more contacts than a page of the index: each is once, and a chain that is too large is refused', async () => {
  const name = async (birth, from, count) => {
    const contacts = Array.from({ length: count }, (_, i) => ({ name: `试${from + i}`, number: residentId(birth, from + i), area: '380102001001', kind: 'casual', last: day(1) }));
    return ask('tracer', 'POST', '/app/contacts/name', { case: `TracingCase/${traced.id}`, contacts });
  };
  const chain = () => ask('tracer', 'GET', '/app/contacts/chain?case=Patient/index&depth=1');
  const before = (await chain()).json.nodes.length;
  for (const birth of ['19700101', '19700102']) {
    for (const [from, count] of [[0, 500], [500, 499]]) {
      const named = await name(birth, from, count);
      assert.equal(named.json?.added, count, named.text);
      const again = await name(birth, from, count);
      assert.deepEqual([again.json?.added, again.json?.unchanged], [0, count], again.text);
    }
    const drawn = await chain();
    if (birth === '19700101') assert.equal(drawn.json.nodes.length, before + 999);
    else assert.deepEqual([drawn.status, /depth/.test(drawn.text)], [413, true], drawn.text);
  }
  assert.equal((await name('19700103', 0, 501)).status, 400);
});

test('a contact who is erased is in no interview, not in its versions either', async () => {
  const interview = (items) => ask('tracer', 'POST', '/fhir/QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/contacts.interview', status: 'completed',
    subject: { reference: 'Patient/index' }, item: [answer('form', { valueCoding: { system: kForm, code: 'confirmed' } }), answer('onset', { valueDate: day(3) }), ...items] });
  const group = { linkId: 'contact', item: [answer('name', { valueString: '试七' }), answer('number', { valueString: number(7) }), answer('kind', { valueString: 'close' }), answer('last', { valueDate: day(1) })] };
  assert.equal((await interview([group])).status, 422, 'an interview keeps nobody but its case');
  assert.equal((await interview([])).status, 201);
  const named = await ask('tracer', 'POST', '/app/contacts/name', { case: `TracingCase/${traced.id}`, contacts: [{ name: '试七', number: number(7), area: '380102001001', kind: 'close', last: day(1) }] });
  assert.equal(named.json?.added, 1, named.text);
  const { patient, exposure } = named.json.contacts[0];
  const erased = await ask('admin', 'POST', `/fhir/${patient}/$erase`, { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'purpose-ended' }] });
  assert.equal(erased.status, 200, erased.text);
  assert.ok([404, 410].includes((await ask('admin', 'GET', `/fhir/${exposure}`)).status));
  for (const all of ['QuestionnaireResponse?_count=1000', 'QuestionnaireResponse/_history?_count=1000', 'TracingCase/_history?_count=1000']) {
    const { status, text } = await ask('admin', 'GET', `/fhir/${all}`);
    assert.equal(status, 200);
    assert.ok(!text.includes(number(7)) && !text.includes('试七'), all);
  }
});
