// Records beyond post and area on the real program: emergency access with its audit and review, a consent that closes, and why.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, letDelete, program, request, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const kMatter = { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'unconscious' }, { name: 'text', valueString: 'found in the street' }] };

describe('emergency access, consent, why', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body, headers = {}) => request(server.base, method, `/fhir${target}`, { token: tokens[who], body, headers });
  const auditLines = () => fs.readdirSync(path.join(data, 'audit')).filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => fs.readFileSync(path.join(data, 'audit', name), 'utf8').split('\n')).filter((line) => line.includes('"n":')).map((line) => JSON.parse(line));
  const why = async (who, target) => {
    const answer = await ask(who, 'GET', target);
    assert.equal(answer.status, 200, answer.text);
    const part = (step, name) => step.part.find((p) => p.name === name);
    return { may: answer.json.parameter[0].valueBoolean, steps: answer.json.parameter.filter((p) => p.name === 'step').map((s) => [part(s, 'name').valueCode, part(s, 'permits').valueBoolean]), text: answer.text };
  };
  async function awaitStatus(who, target, status) {
    for (let i = 0; i < 100; ++i) {
      if ((await ask(who, 'GET', target)).status === status) return;
      await sleep(50);
    }
    assert.fail(`${target} never was ${status} for ${who}`);
  }

  before(async () => {
    data = freshFolder('emergency');
    const add = (name, post, area, ...more) => execFileSync(program(), ['account', 'add', name, '--data', data, '--post', post, ...(area ? ['--area', area] : []), '--no-password', ...more], { stdio: 'ignore' });
    add('li', 'doctor', '380102', '--organization', 'Organization/h1');
    add('wang', 'doctor', '380102');
    add('zhao', 'security-officer', '');
    add('sun', 'screener', '380102');
    letDelete(data, 'doctor');
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const name of ['li', 'wang', 'zhao', 'sun']) tokens[name] = await server.token(name);
    const person = (id, area) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ family: 'Test' }] });
    for (const [id, area] of [['here', '380102'], ['there', '380104']]) assert.equal((await ask('city', 'PUT', `/Patient/${id}`, person(id, area))).status, 201);
    assert.equal((await ask('city', 'PUT', '/Condition/there', { resourceType: 'Condition', id: 'there', subject: { reference: 'Patient/there' }, code: { text: 'a secret of his' } })).status, 201);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('closed before, open after, to this account alone; the audit has the intent and the answer; the review ends it', async () => {
    assert.equal((await ask('li', 'GET', '/Patient/there')).status, 404);
    assert.deepEqual((await why('zhao', '/$why?account=li&resource=Patient/there')).steps.at(-1), ['area', false]);
    assert.equal((await ask('sun', 'POST', '/Patient/there/$emergency-access', kMatter)).status, 403);
    const opened = await ask('li', 'POST', '/Patient/there/$emergency-access', kMatter);
    assert.equal(opened.status, 201, opened.text);
    const actions = auditLines().filter((line) => line.action.startsWith('emergency')).map((line) => [line.action, line.account, line.status, line.reason]);
    assert.deepEqual(actions.filter((a) => a[1] === 'li'), [['emergency-asked', 'li', 0, 'unconscious'], ['emergency', 'li', 201, 'unconscious']]);
    assert.equal((await ask('li', 'GET', '/Condition/there')).status, 200);
    assert.equal((await ask('li', 'GET', '/Condition?subject=Patient/there&_summary=count')).json.total, 1);
    assert.equal((await ask('wang', 'GET', '/Patient/there')).status, 404);
    const told = await why('zhao', '/$why?account=li&resource=Patient/there');
    assert.ok(told.may && told.steps.some(([name]) => name === 'emergency'), told.text);
    assert.doesNotMatch(told.text, /secret|street/);
    // The reviewer lists and ends it, and sees no record himself.
    assert.equal((await ask('zhao', 'GET', '/Condition/there')).status, 403);
    const open = await ask('zhao', 'GET', '/$emergency-access');
    assert.deepEqual(open.json.entry.map((e) => [e.resource.for.reference, e.resource.requester.identifier.value, e.resource.reasonCode.text]), [['Patient/there', 'li', 'found in the street']]);
    const task = open.json.entry[0].resource.id;
    assert.equal((await ask('zhao', 'POST', `/Task/${task}/$review`, { resourceType: 'Parameters', parameter: [{ name: 'justified', valueBoolean: false }] })).status, 200);
    assert.equal((await ask('li', 'GET', '/Patient/there')).status, 404);
    assert.equal((await ask('li', 'DELETE', `/Task/${task}`)).status, 204, 'out of his sight: as if it never was');
    assert.equal((await ask('city', 'GET', `/Task/${task}`)).json.status, 'completed');
  });

  test('a consent that denies closes the person to doctors of the area; withdrawn, he is open again', async () => {
    const consent = (status) => ({ resourceType: 'Consent', id: 'c', status, scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }], policyRule: { text: 'by word' }, patient: { reference: 'Patient/here' }, provision: { type: 'deny' } });
    assert.equal((await ask('wang', 'GET', '/Patient/here')).status, 200);
    assert.equal((await ask('city', 'PUT', '/Consent/c', consent('active'))).status, 201);
    await awaitStatus('wang', '/Patient/here', 404);
    assert.deepEqual((await why('zhao', '/$why?account=wang&resource=Patient/here')).steps.find(([name]) => name === 'consent'), ['consent', false]);
    assert.equal((await ask('wang', 'GET', '/Patient?_id=here&_summary=count')).json.total, 0);
    assert.equal((await ask('city', 'PUT', '/Consent/c', consent('inactive'))).status, 200);
    await awaitStatus('wang', '/Patient/here', 200);
  });
});
