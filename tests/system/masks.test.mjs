// Masks on the real program: what a masked post gets, what it may not find out, and what showing one person leaves in the audit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kNumber = '380102197103046119', kPhone = '19900009011';
const kReason = (code) => ({ resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: code }] });

describe('masks', () => {
  let server, data;
  const tokens = {};
  const ask = (who, method, target, body, headers = {}) => request(server.base, method, `/fhir${target}`, { token: tokens[who], body, headers });
  const auditLines = () => fs.readdirSync(path.join(data, 'audit')).filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => fs.readFileSync(path.join(data, 'audit', name), 'utf8').split('\n')).filter((line) => line.includes('"n":')).map((line) => JSON.parse(line));

  before(async () => {
    data = freshFolder('masks');
    for (const post of ['screener', 'cdc-officer', 'doctor', 'operator'])
      execFileSync(program(), ['account', 'add', post, '--data', data, '--post', post, '--area', '380102', '--no-password'], { stdio: 'ignore' });
    server = await new Server(data).start();
    tokens.city = await server.token();
    for (const post of ['screener', 'cdc-officer', 'doctor', 'operator']) tokens[post] = await server.token(post);
    const made = await ask('city', 'PUT', '/Patient/p', { resourceType: 'Patient', id: 'p', meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ text: '张三' }],
      birthDate: '1971-03-04', identifier: [{ system: kCard, value: kNumber }], telecom: [{ system: 'phone', value: kPhone }] });
    assert.equal(made.status, 201, made.text);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('screener and disease control officer see numbers masked, a doctor of the area whole, an operator nothing', async () => {
    const seen = {};
    for (const post of ['screener', 'cdc-officer', 'doctor']) {
      const answer = await ask(post, 'GET', '/Patient/p');
      assert.equal(answer.status, 200);
      seen[post] = [answer.json.identifier[0].value, answer.json.telecom[0].value, answer.json.birthDate, answer.json.meta.security?.[0].code];
    }
    assert.deepEqual(seen, {
      screener: ['380***************', '199****9011', '1971', 'MASKED'],
      'cdc-officer': ['380*************19', '199****9011', '1971', 'MASKED'],
      doctor: [kNumber, kPhone, '1971-03-04', undefined],
    });
    assert.equal((await ask('operator', 'GET', '/Patient/p')).status, 403);
  });

  test('found by the whole number, by nothing else that is masked', async () => {
    const found = await ask('screener', 'POST', '/Patient/_search', `identifier=${encodeURIComponent(`${kCard}|${kNumber}`)}`, { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(found.json.total ?? found.json.entry.length, 1);
    assert.ok(!found.text.includes(kPhone) && !found.json.entry[0].resource.identifier[0].value.includes('6119'));
    for (const way of [`phone=${kPhone}`, '_sort=phone', `_id=p&identifier=${kNumber}`, `identifier=${kNumber},${kNumber}`, `_has:Observation:patient:patient.phone=${kPhone}`]) {
      const refused = await ask('screener', 'GET', `/Patient?${way}`);
      assert.equal(refused.status, 403, `${way} ${refused.text}`);
      assert.ok(!refused.text.includes(kPhone));
    }
  });

  test('$reveal: with a reason that is in the audit before the answer; not for a post without it', async () => {
    assert.equal((await ask('screener', 'POST', '/Patient/p/$reveal', kReason('contact-person'))).status, 403);
    assert.equal((await ask('cdc-officer', 'POST', '/Patient/p/$reveal', kReason('curious'))).status, 400);
    const shown = await ask('cdc-officer', 'POST', '/Patient/p/$reveal', kReason('case-investigation'));
    assert.equal(shown.status, 200, shown.text);
    assert.equal(shown.json.telecom[0].value, kPhone);
    const record = auditLines().filter((line) => line.action === 'reveal' && line.status === 200);
    assert.equal(record.length, 1, 'on disk when the answer is there');
    assert.deepEqual([record[0].account, record[0].post, record[0].reason, record[0].type], ['cdc-officer', 'cdc-officer', 'case-investigation', 'Patient']);
    assert.ok(!JSON.stringify(auditLines()).includes(kPhone));
  });

  test('policies are files: a city masks names too, within a second; a broken file changes nothing and is told', async () => {
    const file = path.join(data, 'policies.toml');
    fs.writeFileSync(file, '[masks.doctor]\npurpose = "treatment"\nname = "surname"\nsource = "a test"\n');
    let answer;
    for (let i = 0; i < 40; ++i) {
      answer = await ask('doctor', 'GET', '/Patient/p');
      if (answer.json.meta.security) break;
      await sleep(100);
    }
    assert.equal(answer.json.meta.security?.[0].code, 'MASKED');
    assert.equal(answer.json.telecom[0].value, kPhone);
    fs.writeFileSync(file, '[masks.doctor]\nphone = "all"\nsource = "a test"\n');
    await sleep(1500);
    assert.equal((await ask('doctor', 'GET', '/Patient/p')).json.meta.security?.[0].code, 'MASKED');
    assert.match(server.output, /policies\.toml:2/);
    fs.rmSync(file);
  });
});
