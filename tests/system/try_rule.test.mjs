// A rule tried on history on the real program: what it would have made, page by page, over HTTP and at the machine; who may; and that nothing is written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, root, Server } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const patient = (id, area) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ family: 'Brindlemoor' }], birthDate: '1971-03-04', telecom: [{ system: 'phone', value: '19900009011' }] });
const reading = (id, who, value) => ({ resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: `Patient/${who}` },
  effectiveDateTime: kMeasured, valueQuantity: { value, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } });
/** Of today: the rule opens nothing for old readings. */
const kMeasured = new Date().toISOString();
const installed = JSON.parse(fs.readFileSync(path.join(root, 'apps/screening/rules/fever.json'), 'utf8'));
/** A rule of one's own: a lower limit, and one thing made. */
const lower = { id: 'screening.lower', version: 1, title: installed.title, source: installed.source, on: installed.on, constants: { fever_limit: { value: 36.9 } }, where: "status = 'final' and value.ofType(Quantity).value >= %fever_limit",
  do: [{ create: { resourceType: 'Flag', status: 'active', code: { text: "='over ' + %fever_limit.toString()" }, subject: '=subject' } }] };

describe('a rule tried on history', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body) => request(server.base, method, target, { token: tokens[who], body, headers: { 'content-type': 'application/json' } });
  const head = async () => (await ask('city', 'GET', '/fhir/_history?_count=1')).json.entry[0].response.lastModified;
  async function walk(who, method, first, body) {
    const rows = [];
    let answer;
    for (let next = first; next; next = answer.next) {
      const page = await ask(who, method, next, body);
      assert.equal(page.status, 200, page.text);
      answer = page.json;
      rows.push(...answer.rows);
      assert.equal(answer.complete, answer.next === undefined);
    }
    return { ...answer, rows };
  }

  before(async () => {
    data = freshFolder('try-rule');
    const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
    add('officer', '--post', 'cdc-officer', '--area', '380102');
    add('doctor', '--post', 'doctor', '--area', '380102');
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const who of ['officer', 'doctor']) tokens[who] = await server.token(who);
    const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
    const entry = [patient('here', '380102'), patient('there', '380104'), ...Array.from({ length: 30 }, (_, i) => reading(`o${i}`, i % 3 === 0 ? 'there' : 'here', i % 2 === 0 ? 37 : 36.5)), reading('hot', 'here', 38)].map(put);
    assert.equal((await request(server.base, 'POST', '/fhir', { token: tokens.city, body: { resourceType: 'Bundle', type: 'transaction', entry } })).status, 200);
    // Corrections: one that becomes true, one that was true before, one that no longer is.
    for (const [id, value] of [['o1', 37.1], ['o0', 37.2], ['o2', 36]]) assert.equal((await request(server.base, 'PUT', `/fhir/Observation/${id}`, { token: tokens.city, body: reading(id, id === 'o0' ? 'there' : 'here', value) })).status, 200);
    // Its Task is under a workflow: what the rule and the workflow write by themselves is there before the log is looked at.
    const isMarked = (one) => one.resource.extension?.some(({ url }) => url === 'http://tongkang.dev/fhir/StructureDefinition/workflow');
    for (let i = 0; !(await ask('city', 'GET', '/fhir/Task')).json.entry?.some(isMarked); i++) assert.ok(i < 3000, 'the rule of the program works');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('a lower limit: every change by which it would have become true, in pages, and nothing is written', async () => {
    const before = await head();
    const all = await walk('city', 'POST', '/app/screening/rules/try?from=2026-01-01&_count=4', lower);
    const causes = all.rows.map((row) => row.cause);
    assert.deepEqual(causes.sort(), [...Array.from({ length: 15 }, (_, i) => `Observation/o${2 * i}/_history/1`), 'Observation/hot/_history/1', 'Observation/o1/_history/2'].sort());
    assert.deepEqual([all.judged, all.fired, all.failed, all.unreadable, all.progress], [34, 17, 0, 0, 1]);
    assert.equal(all.rows[0].made[0].is, 'created');
    assert.equal(all.rows[0].made[0].resource.code.text, 'over 36.9');
    assert.equal(all.rows[0].made[0].resource.subject.reference, 'Patient/there');
    const counted = await walk('city', 'POST', '/app/screening/rules/try?from=2026-01-01&_count=0', lower);
    assert.deepEqual([counted.judged, counted.fired, counted.rows], [34, 17, []]);
    assert.equal((await walk('city', 'POST', '/app/screening/rules/try?from=2026-01-01&until=2026-01-02', lower)).judged, 0);
    assert.equal(await head(), before);
  });

  test('an installed rule, by who may, in his area and as he sees it', async () => {
    const told = (await ask('doctor', 'GET', '/app/screening/rules')).json.rules.map((rule) => rule.id);
    assert.ok(told.includes('screening.fever'), told);
    const own = await walk('officer', 'GET', '/app/screening/rules/fever/try?from=2026-01-01');
    assert.deepEqual(own.rows.map((row) => row.cause), ['Observation/hot/_history/1']);
    // It looks for a follow-up that is open already: what it would find now is not what it would have found then, so this is made at most.
    assert.equal(own.rows[0].searched, true);
    assert.ok(own.rows[0].made.some((one) => one.record.startsWith('Task/')), JSON.stringify(own.rows[0]));
    assert.equal(own.judged, 23, 'readings of the other area are not looked at');
    for (const [who, method, target, body, status] of [
      ['doctor', 'GET', '/app/screening/rules/fever/try?from=2026-01-01', undefined, 403],
      ['officer', 'POST', '/app/screening/rules/try?from=2026-01-01', lower, 403],  // masked: a condition could ask for what he does not see
      ['city', 'GET', '/app/screening/rules/none/try?from=2026-01-01', undefined, 404],
      ['city', 'GET', '/app/screening/rules/fever/try', undefined, 400],
      ['city', 'GET', '/app/screening/rules/fever/try?from=yesterday', undefined, 400],
      ['city', 'GET', '/app/screening/rules/fever/try?from=2026-02-01&until=2026-01-01', undefined, 400],
      ['city', 'GET', '/app/screening/rules/fever/try?from=2026-01-01&_page=1-2', undefined, 400],
      ['city', 'GET', '/app/screening/rules/fever/try?from=2026-01-01&colour=red', undefined, 400],
      ['city', 'PUT', '/app/screening/rules/fever/try?from=2026-01-01', lower, 405],
      ['city', 'POST', '/app/screening/rules/try?from=2026-01-01', { ...lower, where: 'colour = 1' }, 422],
    ]) {
      const answer = await ask(who, method, target, body);
      assert.equal(answer.status, status, `${who} ${method} ${target}: ${answer.text}`);
      assert.equal(answer.json.resourceType, 'OperationOutcome');
    }
  });

  test('who tried it on whom stands in the audit', async () => {
    let entry = [];
    for (let i = 0; i < 300 && entry.length === 0; i++) entry = (await ask('city', 'GET', '/audit/events?action=try-rule&outcome=done&patient=Patient/here')).json.entry ?? [];
    assert.ok(entry.length > 0);
  });

  test('at the machine it finds the same', async () => {
    await server.stop();
    const file = path.join(data, 'lower.json');
    fs.writeFileSync(file, JSON.stringify(lower));
    const run = (...args) => execFileSync(program(), ['pack', 'try', ...args, '--data', data, '--from', '2026-01-01'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n').map((line) => JSON.parse(line));
    const lines = run(file), numbers = lines.pop();
    assert.deepEqual([numbers.judged, numbers.fired, numbers.failed], [34, 17, 0]);
    assert.equal(lines.length, 17);
    assert.deepEqual(lines.find((line) => line.cause === 'Observation/o1/_history/2').made[0].resource.code, { text: 'over 36.9' });
    assert.equal(run('screening.fever', '--counts').at(-1).fired, 1);
    assert.throws(() => run('nothing-of-that-name'));
    await server.start();
  });
});
