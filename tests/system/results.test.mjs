// A laboratory sends its results by HL7 v2 (ORU^R01): they are the results of the person whom its number names, colour his health code, are corrected by the next
// message, are kept once, and are refused with the place of what is wrong. The laboratory reads nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { freshFolder, program, request, residentId, Server, sleep } from '../lib/server.mjs';

const kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id', kArea = 'http://tongkang.dev/fhir/sid/area';
const kNumber = residentId('19850612', 412);
let server, data;
const tokens = {};
const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });
const send = (text, who = 'lis') => ask(who, 'POST', '/app/exchange/hl7v2', text, { 'content-type': 'application/hl7-v2' });
const now = (hours = 0) => new Date(Date.now() + 8 * 3_600_000 - hours * 3_600_000).toISOString().replace(/[-:T]/g, '').slice(0, 14);
/** Two examinations of one order: a nucleic acid test and a blood count. */
const message = (id, { status = 'F', flag = 'POS', value = '260373001^检出^SCT', order = 'F7', patient = 'L1', card = kNumber, obr4 = '94500-6^新冠核酸^LN', processing = 'P' } = {}) =>
  [`MSH|^~\\&|LIS|EAST|TK|CITY|${now()}+0800||ORU^R01^ORU_R01|${id}|${processing}|2.5.1||||||UNICODE UTF-8`, `PID|1||${patient}^^^EAST^MR~${card}^^^^NI||陈^晨||19850612|F`,
    `OBR|1|P7|${order}|${obr4}|||${now(3)}|||||||||||||||${now()}|||${status}`, `OBX|1|CWE|94500-6^新冠核酸^LN|1|${value}||阴性|${flag}|||${status}|||${now(3)}`, 'NTE|1||双靶标',
    `SPM|1|^S2&EAST||258500001^鼻咽拭子^SCT|||||||||||||${now(3)}|${now(2)}`,
    `OBR|2|P7|${order}|58410-2^血常规^LN|||${now(3)}||||||||||||||||||F`, 'OBX|1|NM|6690-2^白细胞^LN||11.5|10*9/L^^UCUM|4-10|H|||F', ''].join('\r');
const results = async (code) => ((await ask('admin', 'GET', `/fhir/Observation?code=${code}&_count=50`)).json.entry ?? []).map((entry) => entry.resource);
async function colourIs(colour) {
  for (let i = 0; i < 2000; i++) {
    const answer = await ask('chen', 'POST', '/app/health-code/mine', {}, { 'content-type': 'application/json' });
    assert.equal(answer.status, 200, answer.text);
    if (answer.json.colour === colour) return answer.json;
    await sleep(10);
  }
  assert.fail(`it does not become ${colour}`);
}

before(async () => {
  data = freshFolder('results');
  const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
  add('doctor', '--post', 'doctor', '--area', '380102');
  add('chen', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/chen');
  server = await new Server(data).start();
  add('lis', '--kind', 'device', '--post', 'laboratory-system', '--area', '380102', '--organization', 'Organization/lab');
  add('interface', '--post', 'interface-officer');
  for (const who of ['admin', 'doctor', 'chen', 'lis', 'interface']) tokens[who] = await server.token(who);
  // Its post is the pack's, which the program made known at its start; the account is known when the program looks next.
  for (let i = 0; i < 200 && (await send('x')).status !== 400; i++) await sleep(50);
  const made = await ask('admin', 'PUT', '/fhir/Patient/chen', { resourceType: 'Patient', id: 'chen', meta: { tag: [{ system: kArea, code: '380102' }] }, identifier: [{ system: kCard, value: kNumber }], name: [{ family: '陈', given: ['晨'] }], gender: 'female', birthDate: '1985-06-12' });
  assert.equal(made.status, 201, made.text);
  const issued = await ask('admin', 'POST', '/app/health-card/issue', { patient: 'Patient/chen', identity: kNumber }, { 'content-type': 'application/json' });
  assert.equal(issued.status, 201, issued.text);
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

test('results become records of the person whom the number names, and colour him', async () => {
  const answer = await send(message('r1'));
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /\rMSA\|AA\|r1\r$/);
  const [pcr] = await results('94500-6');
  assert.equal(pcr.status, 'final');
  assert.equal(pcr.valueCodeableConcept.coding[0].code, '260373001');
  assert.equal(pcr.note[0].text, '双靶标');
  const specimen = (await ask('admin', 'GET', `/fhir/${pcr.specimen.reference}`)).json;
  assert.equal(specimen.type.text, '鼻咽拭子');
  const [blood] = await results('6690-2');
  assert.deepEqual(blood.valueQuantity, { value: 11.5, unit: '10*9/L', system: 'http://unitsofmeasure.org', code: '10*9/L' });
  const reports = (await ask('doctor', 'GET', '/fhir/DiagnosticReport')).json.entry.map((entry) => entry.resource);
  assert.deepEqual(reports.map((report) => report.result.map((one) => one.reference)).flat().sort(), [`Observation/${pcr.id}`, `Observation/${blood.id}`].sort());
  const red = await colourIs('red');
  assert.equal(red.reasons[0].reason, 'positive');
});

test('the same message is kept once; the next one of that order corrects it, and the colour goes', async () => {
  const again = await send(message('r1'));
  assert.match(again.text, /\rMSA\|AA\|r1\r$/);
  assert.match((await send(message('r2', { status: 'C', flag: 'NEG', value: '260415000^未检出^SCT' }))).text, /\rMSA\|AA\|r2\r$/);
  const all = await results('94500-6');
  assert.equal(all.length, 1);
  assert.equal(all[0].status, 'corrected');
  assert.equal(all[0].interpretation[0].coding[0].code, 'NEG');
  const history = (await ask('admin', 'GET', `/fhir/${all[0].subject.reference}/_history`)).json;
  assert.equal(history.entry.length, 1, 'of the person nothing new was said');
  await colourIs('green');
});

test('what is wrong is told at its place, and nothing of it is kept', async () => {
  const before = (await results('94500-6')).length;
  for (const [text, status, told] of [
    [message('w1', { order: 'F8', obr4: '' }), 422, /\rMSA\|AE\|w1\rERR\|\|OBR\^1\^4[^|]*\|101\^/],
    [message('w2', { order: 'F8', patient: '', card: '' }), 422, /\rMSA\|AE\|w2\rERR\|\|PID\^1\^3[^|]*\|101\^/],
    [message('w3', { order: 'F8', processing: 'T' }), 400, /\rMSA\|AR\|w3\rERR\|\|MSH\^1\^11/],
    [message('w4', { order: 'F8' }).replace('ORU^R01', 'ORU^R99'), 400, /\rMSA\|AR\|w4\rERR\|\|MSH\^1\^9\^1\^2\|201\^/],
  ]) {
    const answer = await send(text);
    assert.ok(answer.status >= 400, answer.text);
    assert.match(answer.text, told);
    assert.ok(status >= 400);
  }
  assert.equal((await results('94500-6')).length, before);
  const odd = await send(message('w5', { order: 'F9', status: 'Q' }));
  assert.match(odd.text, /\rMSA\|AA\|w5\rERR\|\|OBX\^1\^11[^|]*\|103\^[^|]*\|W\|/);
  assert.ok((await results('94500-6')).some((one) => one.status === 'unknown'), 'a status that is not known is no final one');
});

test('every message is kept as it came, once, with what was said of it, and goes with the person', async () => {
  const kept = (await ask('interface', 'GET', '/fhir/ExchangeMessage?_count=100')).json.entry.map((entry) => entry.resource);
  const of = (control) => kept.find((one) => one.control === control);
  assert.deepEqual([of('r1').status, of('r1').attempts, of('r1').sender, of('r1').kind], ['accepted', 1, 'lis', 'ORU^R01']);
  assert.deepEqual(of('r1').made.map((one) => one.reference.split('/')[0]).sort(), ['DiagnosticReport', 'DiagnosticReport', 'Observation', 'Observation', 'Patient', 'Specimen']);
  const [pcr] = await results('94500-6');
  assert.equal(of('r1').subject.reference, pcr.subject.reference);
  assert.deepEqual([of('w1').status, of('w1').outcome[0].severity, of('w1').outcome[0].place], ['refused', 'error', 'OBR-4']);
  assert.equal(of('w5').outcome[0].severity, 'warning');
  assert.ok(!JSON.stringify(kept).includes('陈') && !JSON.stringify(kept).includes(kNumber), 'who looks after interfaces learns nobody\'s name');
  assert.equal((await ask('interface', 'GET', `/fhir/${of('r1').content.reference}`)).status, 403);
  const content = (await ask('admin', 'GET', `/fhir/${of('r1').content.reference}`)).json;
  assert.match(Buffer.from(content.body.data, 'base64').toString(), /^MSH\|.*\|r1\|/);
  const again = await send(message('w1', { order: 'F8', obr4: '' }));
  assert.equal(again.status, 422);
  const twice = (await ask('interface', 'GET', '/fhir/ExchangeMessage?control=w1')).json.entry;
  assert.equal(twice.length, 1);
});

test('what was refused is taken again when what was wrong is mended, or discarded; its content is nobody\'s and goes', async () => {
  const say = (what, id, who = 'interface') => ask(who, 'POST', `/app/exchange/${what}`, { message: `ExchangeMessage/${id}` }, { 'content-type': 'application/json' });
  const find = async (control) => (await ask('interface', 'GET', `/fhir/ExchangeMessage?control=${control}`)).json.entry[0].resource;
  const refused = await find('w1');
  const contentOf = (one) => ask('admin', 'GET', `/fhir/${one.content.reference}`);
  assert.equal((await contentOf(refused)).status, 200);
  const replayed = await say('replay', refused.id);
  assert.deepEqual([replayed.status, replayed.json.status], [200, 'refused'], replayed.text);
  const still = await find('w1');
  assert.ok(still.attempts > refused.attempts);
  assert.equal((await say('discard', refused.id)).status, 200);
  const gone = await find('w1');
  assert.deepEqual([gone.status, gone.content, gone.outcome.length > 0], ['discarded', undefined, true]);
  assert.equal((await contentOf(refused)).status, 410);
  assert.equal((await say('replay', refused.id)).status, 409);
  assert.equal((await say('replay', (await find('r1')).id)).status, 409, 'what was accepted is not taken again');
  assert.equal((await say('replay', 'nothing')).status, 404);
  assert.equal((await send(message('w1', { order: 'F8', obr4: '' }))).status, 422, 'it may come again');
  assert.equal((await find('w1')).status, 'discarded');
  for (const who of ['lis', 'doctor', 'chen']) assert.equal((await say('discard', (await find('w2')).id, who)).status, 403, who);
});

test('the laboratory sees what it sent, and nobody else\'s results; only such posts send', async () => {
  const own = (await results('94500-6')).find((one) => one.performer?.[0].reference === 'Organization/lab') ?? {};
  assert.equal((await ask('lis', 'GET', `/fhir/Observation/${own.id}`)).status, 200);
  const other = await ask('doctor', 'POST', '/fhir/Observation', { resourceType: 'Observation', status: 'final', code: { text: 'X' }, subject: { reference: 'Patient/chen' }, performer: [{ reference: 'Organization/elsewhere' }] });
  assert.equal(other.status, 201, other.text);
  assert.equal((await ask('lis', 'GET', `/fhir/Observation/${other.json.id}`)).status, 404);
  assert.ok((await ask('lis', 'GET', '/fhir/Observation')).json.entry.every((entry) => entry.resource.performer[0].reference === 'Organization/lab'));
  for (const who of ['doctor', 'chen', 'interface']) assert.equal((await send(message('x1'), who)).status, 403, who);
});

test('a message of a person who lies elsewhere waits, and is written when it is taken again', async () => {
  const say = (what, id) => ask('interface', 'POST', `/app/exchange/${what}`, { message: `ExchangeMessage/${id}` }, { 'content-type': 'application/json' });
  const find = async (control) => (await ask('interface', 'GET', `/fhir/ExchangeMessage?control=${control}`)).json.entry[0].resource;
  const [pcr] = await results('94500-6');
  const move = async (area) => {
    const patient = (await ask('admin', 'GET', `/fhir/${pcr.subject.reference}`)).json;
    patient.meta = { tag: [{ system: kArea, code: area }] };
    assert.equal((await ask('admin', 'PUT', `/fhir/${pcr.subject.reference}`, patient)).status, 200);
  };
  await move('380104');
  const refused = await send(message('y1', { order: 'Y1' }));
  assert.match(refused.text, /\rMSA\|A[ER]\|y1\r/);
  const waiting = await find('y1');
  assert.equal(waiting.status, 'refused');
  assert.equal((await say('replay', waiting.id)).json.status, 'refused', 'the sender\'s area holds for it still');
  await move('380102');
  const taken = await say('replay', waiting.id);
  assert.equal(taken.json.status, 'accepted', taken.text);
  const written = await find('y1');
  assert.deepEqual([written.status, written.attempts], ['accepted', 3]);
  assert.equal((await ask('admin', 'GET', `/fhir/${waiting.content.reference}`)).status, 410, 'what was nobody\'s is erased');
  assert.equal((await ask('admin', 'GET', `/fhir/${written.content.reference}`)).status, 200);
  assert.ok((await results('94500-6')).some((one) => one.id !== pcr.id && written.made.some((made) => made.reference === `Observation/${one.id}`)));
  assert.equal((await ask('admin', 'POST', `/fhir/${pcr.subject.reference}/$erase`, { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'consent-withdrawn' }] })).status, 200);
  for (const gone of [written.content.reference, `ExchangeMessage/${written.id}`]) assert.equal((await ask('admin', 'GET', `/fhir/${gone}`)).status, 410, gone);
});
