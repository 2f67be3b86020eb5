// The health code on the real program, with the health card and fever management beside it: results and releases recolour (the times are told), a checkpoint asks for
// whoever has shown his card to it and nobody else, the resident sees why and appeals, nobody writes a colour, and after kill -9 all is as it was.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id', kFeverSystem = 'http://tongkang.dev/fhir/CodeSystem/notice-fever';
const checked = (body) => body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i], 0) % 11];
const kAda = checked('38010219900307123');

describe('the health code', () => {
  let server, data;
  const tokens = {};
  const as = (who) => ({ token: tokens[who], headers: { 'content-type': 'application/json' } });
  const fhir = (who, method, target, body) => request(server.base, method, `/fhir/${target}`, { token: tokens[who], body });
  const code = (who, what, body = {}) => request(server.base, 'POST', `/app/health-code/${what}`, { ...as(who), body });
  const card = (who, what, body) => request(server.base, 'POST', `/app/health-card/${what}`, { ...as(who), body });
  const reading = (value, hours = 0) => ({ resourceType: 'Observation', status: 'final', effectiveDateTime: new Date(Date.now() - hours * 3_600_000).toISOString(), code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: 'Patient/ada' },
    valueQuantity: { value, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } });
  const result = (word, taken) => ({ resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '94500-6' }] }, subject: { reference: 'Patient/ada' },
    effectiveDateTime: taken, interpretation: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: word }] }] });
  async function becomes(colour) {
    const began = Date.now();
    for (let i = 0; i < 3000; i++) {
      const answer = await code('ada', 'mine');
      assert.equal(answer.status, 200, answer.text);
      if (answer.json.colour === colour) return { ms: Date.now() - began, answer: answer.json };
      await sleep(5);
    }
    assert.fail(`it does not become ${colour}: ${server.output}`);
  }

  before(async () => {
    data = freshFolder('health-code');
    const account = (which, what, ...more) => execFileSync(program(), ['account', 'add', which, '--data', data, '--post', what, '--no-password', ...more]);
    account('gate', 'screener', '--area', '380104');
    account('othergate', 'screener', '--area', '380104');
    account('clinic', 'doctor', '--area', '380102');
    account('cdc', 'cdc-officer', '--area', '3801');
    account('ada', 'resident', '--kind', 'resident', '--record', 'Patient/ada');
    server = await new Server(data).start();
    for (const who of ['admin', 'gate', 'othergate', 'clinic', 'cdc', 'ada']) tokens[who] = await server.token(who);
    const made = await fhir('admin', 'PUT', 'Patient/ada', {
      resourceType: 'Patient', id: 'ada', name: [{ text: 'Quillfeather' }], identifier: [{ system: kCard, value: kAda }], meta: { tag: [{ system: kArea, code: '380102' }] } });
    assert.equal(made.status, 201, made.text);
    assert.equal((await card('admin', 'issue', { patient: 'Patient/ada', identity: kAda })).status, 201);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('results recolour, and say why', async (t) => {
    assert.equal((await code('ada', 'mine')).json.colour, 'green');
    assert.equal((await fhir('clinic', 'POST', 'Observation', reading(37.9, 40))).status, 201);
    const yellow = await becomes('yellow');
    assert.equal(yellow.answer.reasons[0].reason, 'fever');
    assert.match(yellow.answer.reasons[0].rule, /^health-code\.fever\|\d+$/);
    assert.ok(yellow.answer.since && yellow.answer.until && yellow.answer.reasons[0].changes.en);
    const taken = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
    for (const hours of [30, 2]) assert.equal((await fhir('clinic', 'POST', 'Observation', result('NEG', taken(hours)))).status, 201);
    const green = await becomes('green');
    assert.equal((await fhir('clinic', 'POST', 'Observation', result('POS', taken(1)))).status, 201);
    const red = await becomes('red');
    t.diagnostic(`from the answer to the evidence until the colour: yellow ${yellow.ms} ms, green ${green.ms} ms, red ${red.ms} ms`);
  });

  test('a checkpoint learns the colour of whoever has shown his card to it, and of nobody else', async () => {
    const shown = (await card('admin', 'present', { patient: 'Patient/ada' })).json;
    const verified = (await card('gate', 'verify', { code: shown.code, purpose: 'health-code' })).json;
    assert.equal(verified.accepted, true, JSON.stringify(verified));
    const seen = await code('gate', 'check', { use: verified.use });
    assert.deepEqual(Object.keys(seen.json).sort(), ['checked', 'colour']);
    assert.equal(seen.json.colour, 'red');
    assert.equal((await code('othergate', 'check', { use: verified.use })).status, 404, 'another checkpoint has not seen him');
    const other = (await card('gate', 'verify', { code: (await card('admin', 'present', { patient: 'Patient/ada' })).json.code, purpose: 'registration' })).json;
    assert.equal((await code('gate', 'check', { use: other.use })).status, 404, 'shown for something else');
    assert.equal((await code('gate', 'of', { patient: 'Patient/ada' })).status, 403);
    assert.equal((await code('clinic', 'check', { use: verified.use })).status, 403);
  });

  test('he appeals once; disease control upholds it with a record that shows it', async (t) => {
    const mine = (await code('ada', 'mine')).json;
    const reason = mine.reasons[0].id;
    assert.equal((await code('ada', 'appeal', { reason, text: '' })).status, 400);
    assert.equal((await code('ada', 'appeal', { reason: 'CodeReason/none', text: 'not mine' })).status, 404);
    assert.equal((await code('cdc', 'appeal', { reason, text: 'not his' })).status, 403);
    const made = await code('ada', 'appeal', { reason, text: 'the sample was not mine' });
    assert.equal(made.status, 201, made.text);
    assert.equal((await code('ada', 'appeal', { reason, text: 'again' })).status, 409);
    const move = (who, what, inputs = []) => fhir(who, 'POST', `${made.json.appeal}/$transition`, { resourceType: 'Parameters', parameter: [
      { name: 'code', valueCode: what }, { name: 'reason', valueString: 'looked at' }, ...(inputs.length ? [{ name: 'inputs', part: inputs }] : [])] });
    assert.equal((await move('clinic', 'uphold')).status, 403);
    assert.equal((await move('cdc', 'uphold')).status, 400, 'not without evidence');
    const by = (reference) => move('cdc', 'uphold', [{ name: 'evidence', valueReference: { reference } }]);
    assert.equal((await by('Practitioner/friend')).status, 400, 'which a friend is not');
    const [own] = mine.reasons[0].evidence;
    for (const reference of ['Observation/never', 'DiagnosticReport/laboratory', own]) assert.equal((await by(reference)).status, 422, reference);
    assert.equal((await code('ada', 'mine')).json.colour, 'red');
    const report = await fhir('clinic', 'POST', 'DiagnosticReport', { resourceType: 'DiagnosticReport', status: 'final', code: { text: 'whose sample it was' }, subject: { reference: 'Patient/ada' } });
    assert.equal(report.status, 201, report.text);
    const upheld = await by(`DiagnosticReport/${report.json.id}`);
    assert.equal(upheld.status, 200, upheld.text);
    const green = await becomes('green');
    t.diagnostic(`from the answer to the appeal until green: ${green.ms} ms`);
    assert.equal(green.answer.appeals[0].status, 'upheld');
    assert.equal(green.answer.appeals[0].answer, 'looked at');
  });

  test('told of an isolation by the fever\'s own workflow it gives a receipt, also across kill -9; what somebody writes of one does nothing', async () => {
    const forged = (kind) => ({ resourceType: 'Communication', status: 'in-progress', category: [{ coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/notice', code: 'notice' }, { system: kFeverSystem, code: kind }] }],
      extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/rule', valueString: 'fever.episode|3' }],
      subject: { reference: 'Patient/ada' }, about: [{ reference: 'FeverEpisode/none' }], recipient: [{ identifier: { system: 'http://tongkang.dev/fhir/sid/post', value: 'health-code' } }] });
    const made = await fhir('admin', 'POST', 'Communication', forged('isolated'));
    assert.equal(made.status, 201, made.text);
    assert.ok(!made.text.includes('fever.episode|3'), made.text);
    const answered = await fhir('clinic', 'POST', 'QuestionnaireResponse', { resourceType: 'QuestionnaireResponse', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/fever.register', status: 'completed', subject: { reference: 'Patient/ada' },
      item: [{ linkId: 'temperature', answer: [{ valueDecimal: 38.2 }] }] });
    assert.equal(answered.status, 201, answered.text);
    // The positive of an hour ago was known before the report.
    await becomes('yellow');
    const reasons = async () => (await code('ada', 'mine')).json.reasons.map((one) => [one.reason, one.evidence[0].split('/')[0]]);
    assert.deepEqual(await reasons(), [['isolated', 'FeverEpisode']]);
    await server.kill();
    await server.start();
    assert.equal((await code('ada', 'mine')).json.colour, 'yellow');
    assert.equal((await fhir('admin', 'POST', 'Communication', forged('released'))).status, 201);
    const ofFever = (one) => one.category.some(({ coding }) => coding.some(({ system }) => system === kFeverSystem)); // screening tells of its follow-ups, too
    const toTheCode = (one) => one.recipient.some(({ identifier }) => identifier?.value === 'health-code');
    const told = (await fhir('admin', 'GET', 'Communication')).json.entry.map((entry) => entry.resource).filter((one) => ofFever(one) && toTheCode(one));
    assert.deepEqual(told.map((each) => each.status).sort(), ['completed', 'in-progress', 'in-progress']);
    assert.deepEqual(await reasons(), [['isolated', 'FeverEpisode']]);
  });

  test('a record that becomes another person\'s takes no colour along, and opens nothing to the account of the one before', async () => {
    const put = (name, number, birthDate) => fhir('admin', 'PUT', 'Patient/bob', { resourceType: 'Patient', id: 'bob', name: [{ text: name }], birthDate,
      identifier: [{ system: kCard, value: number }], meta: { tag: [{ system: kArea, code: '380102' }] } });
    const add = async (who) => {
      execFileSync(program(), ['account', 'add', who, '--data', data, '--post', 'resident', '--no-password', '--kind', 'resident', '--record', 'Patient/bob']);
      tokens[who] = await server.token(who);
    };
    const colourOf = async (who, colour) => {
      for (let i = 0; i < 600; i++) {
        const answer = await code(who, 'mine');
        if (answer.json?.colour === colour) return answer.json;
        await sleep(20);
      }
      return assert.fail(`${who} does not become ${colour}: ${(await code(who, 'mine')).text}`);
    };
    const first = checked('38010219800102123'), second = checked('38010219911213245');
    assert.equal((await put('王晓芳', first, '1980-01-02')).status, 201);
    await add('bob');
    assert.equal((await fhir('clinic', 'POST', 'Observation', { ...reading(38.4), subject: { reference: 'Patient/bob' } })).status, 201);
    const { reasons } = await colourOf('bob', 'yellow');
    assert.equal((await put('李秋燕', second, '1991-12-13')).status, 200);
    assert.equal((await code('bob', 'mine')).status, 403);
    assert.equal((await code('bob', 'appeal', { reason: `CodeReason/${reasons[0].id.replace('CodeReason/', '')}`, text: 'no' })).status, 403);
    const self = await request(server.base, 'POST', '/app/screening/self', { ...as('bob'), body: { id: 'entry-of-bob-1', temperature: 38.9, symptoms: [] } });
    assert.ok(!self.text.includes('Observation/'), self.text);
    await add('eve');
    const hers = await colourOf('eve', 'green');
    assert.deepEqual(hers.reasons, []);
    assert.equal((await code('eve', 'appeal', { reason: reasons[0].id, text: 'no' })).status, 404);
    // Until a clerk has answered, whoever stands before a post may be either.
    const seen = async () => (await code('cdc', 'of', { patient: 'Patient/bob' })).json;
    const asked = await seen();
    assert.equal(asked.colour, 'yellow');
    assert.deepEqual(asked.reasons.map((one) => [one.reason, one.asked]), [['fever', true]]);
    const self2 = { parameter: ['patient', 'other'].map((name) => ({ name, valueReference: { reference: 'Patient/bob' } })), resourceType: 'Parameters' };
    assert.equal((await fhir('admin', 'POST', 'Patient/$not-same', self2)).status, 200);
    for (let i = 0; i < 600 && (await seen()).colour !== 'green'; i++) await sleep(20);  // what a clerk says takes effect some ms later
    assert.equal((await seen()).colour, 'green');
    assert.equal((await fhir('clinic', 'POST', 'Observation', { ...reading(38.4), subject: { reference: 'Patient/bob' } })).status, 201);
    await colourOf('eve', 'yellow');
  });

  test('a reason goes with whom it is about to his other record', async () => {
    const put = (id, name, number, birthDate) => fhir('admin', 'PUT', `Patient/${id}`, { resourceType: 'Patient', id, name: [{ text: name }], birthDate,
      identifier: [{ system: kCard, value: number }], meta: { tag: [{ system: kArea, code: '380102' }] } });
    const first = checked('38010219800102207'), second = checked('38010219911213307');
    for (const id of ['cai', 'cai2']) assert.equal((await put(id, '蔡明远', first, '1980-01-02')).status, 201);
    assert.equal((await fhir('clinic', 'POST', 'Observation', { ...reading(38.6, 40), subject: { reference: 'Patient/cai' } })).status, 201);
    const of = async (id) => (await code('cdc', 'of', { patient: `Patient/${id}` })).json;
    for (let i = 0; i < 600 && (await of('cai2')).colour !== 'yellow'; i++) await sleep(20);
    assert.equal((await of('cai2')).colour, 'yellow');
    assert.equal((await put('cai', '何秋实', second, '1991-12-13')).status, 200);
    const his = await of('cai2');
    assert.deepEqual(his.reasons.map((one) => [one.reason, one.asked]), [['fever', undefined]], JSON.stringify(his));
    assert.equal((await of('cai')).reasons[0]?.asked, true);
    // Two negatives at the record that he has left end it, wherever it was begun.
    const both = { parameter: [['patient', 'cai'], ['other', 'cai2']].map(([name, id]) => ({ name, valueReference: { reference: `Patient/${id}` } })), resourceType: 'Parameters' };
    assert.equal((await fhir('admin', 'POST', 'Patient/$not-same', both)).status, 200);
    assert.equal((await of('cai2')).colour, 'yellow');
    const taken = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
    for (const hours of [30, 2])
      assert.equal((await fhir('clinic', 'POST', 'Observation', { ...result('NEG', taken(hours)), subject: { reference: 'Patient/cai2' } })).status, 201);
    for (let i = 0; i < 600 && (await of('cai2')).colour !== 'green'; i++) await sleep(20);
    assert.equal((await of('cai2')).colour, 'green');
  });

  test('nobody writes a colour', async () => {
    const forged = { resourceType: 'CodeReason', status: 'active', subject: { reference: 'Patient/ada' }, colour: 'red', reason: 'positive', evidence: [{ reference: 'Observation/none' }],
      since: '2026-11-23', changes: 'x', changesEn: 'x' };
    for (const who of ['admin', 'clinic', 'cdc', 'gate', 'ada']) {
      assert.equal((await fhir(who, 'POST', 'CodeReason', forged)).status, 403, who);
      assert.equal((await fhir(who, 'PUT', 'CodeReason/forged', { ...forged, id: 'forged' })).status, 403, who);
    }
    const entry = [{ request: { method: 'POST', url: 'CodeReason' }, resource: forged }];
    assert.equal((await fhir('admin', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 403);
    assert.equal((await code('ada', 'mine')).json.colour, 'yellow');
  });
});
