// Every post × every way that the program answers × whose record, against a table written by hand (security.json). What an account may not see is answered
// as if it never was, byte for byte. A post, a route, an interaction or an operation without its row fails here, so that it is entered when it is made.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, root, Server } from '../lib/server.mjs';

const table = JSON.parse(fs.readFileSync(new URL('security.json', import.meta.url), 'utf8'));
const kHere = '380102', kThere = '380104';
const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kWhich = ['own', 'other', 'never'];
const kPersons = { own: 'p-here', other: 'p-there', never: 'p-never' };
const kCards = { own: '380102197103046119', other: '380104196805127735', never: '380102190001010000' };
const kNames = { own: 'Quillfeather', other: 'Wexcombe', never: 'Nobodyson' };
// `city`: the post admin without an area, who sees all; so that an empty answer to the others means something.
const kAsking = [...table.posts, ...table.pack_posts, 'city'];
const postOf = (who) => (who === 'city' ? 'admin' : who);

const kForm = 'application/x-www-form-urlencoded';
const parameters = (...parameter) => ({ resourceType: 'Parameters', parameter });
const pair = (a, b, names) => parameters(...[a, b].map((id, i) => ({ name: names[i], valueReference: { reference: `Patient/${id}` } })));
const personOf = (which, id) => ({ resourceType: 'Patient', ...(id ? { id } : {}), meta: { tag: [{ system: kArea, code: which === 'other' ? kThere : kHere }] }, name: [{ family: kNames[which] }], gender: 'female',
  birthDate: '1971-03-04', identifier: [{ system: kCard, value: kCards[which] }], telecom: [{ system: 'phone', value: '19900009011' }] });
const kAbout = { Observation: ['subject', { status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, valueQuantity: { value: 36.5 } }], Condition: ['subject', { code: { text: 'cough' } }],
  Consent: ['patient', { status: 'inactive', scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] }, category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }], policyRule: { text: 'by word' } }],
  Task: ['for', { status: 'requested', intent: 'order', code: { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/screening-task', code: 'no-workflow' }] } }], RelatedPerson: ['patient', { name: [{ text: 'a cousin' }] }], QuestionnaireResponse: ['subject', { status: 'in-progress', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/contacts.interview' }], Coverage: ['beneficiary', { status: 'active', payor: [{ reference: 'Organization/x' }] }] };
function recordOf(type, which, id) {
  if (type === 'Patient') return personOf(which, id);
  const [element, more] = kAbout[type];
  return { resourceType: type, ...(id ? { id } : {}), ...more, [element]: { reference: `Patient/${kPersons[which]}` } };
}
const idOf = (type, which) => (type === 'Patient' ? kPersons[which] : `${type.toLowerCase()}-${which}`);

// What is sent: by the row's `body`.
const kBodies = {
  'id form': (t, id) => [kForm, `_id=${id}`],
  'type and id form': (t, id) => [kForm, `_type=${t}&_id=${id}`],
  record: (t, id, which, method) => (method === 'POST' ? recordOf(t, which) : recordOf(t, which, id)),
  'record of here': (t) => recordOf(t, 'own'),
  patch: () => ['application/json-patch+json', JSON.stringify([{ op: 'test', path: '/language', value: 'zh' }])],
  batch: (t, id) => ({ resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `${t}/${id}` } }] }),
  'no parameters': () => ({ resourceType: 'Parameters' }),
  person: () => personOf('own'),
  expression: () => parameters({ name: 'expression', valueString: '1' }, { name: 'resource', resource: { resourceType: 'Basic' } }),
  reveal: () => parameters({ name: 'reason', valueCode: 'verify-identity' }),
  match: (t, id, which) => parameters({ name: 'resource', resource: personOf(which) }),
  pair: (t, id, which) => pair('q-here', kPersons[which], ['patient', 'other']),
  twice: (t, id, which) => (which === 'own' ? pair('p-here', 'p-here', ['patient', 'other']) : pair('p-here', kPersons[which], ['patient', 'other'])),
  sides: (t, id, which) => (which === 'own' ? pair('p-here', 'p-here', ['source-patient', 'target-patient']) : pair('p-here', kPersons[which], ['source-patient', 'target-patient'])),
  transition: () => parameters({ name: 'code', valueCode: 'accept' }),
  'transition of one': (t, id) => parameters({ name: 'code', valueCode: 'accept' }, { name: 'record', valueReference: { reference: `${t}/${id}` } }),
  review: () => parameters({ name: 'justified', valueBoolean: true }),
  table: () => ['text/csv', 'code,name\n'],
  card: (t, id, which) => ['application/json', JSON.stringify({ patient: `Patient/${kPersons[which]}`, identity: '000000000000000000', reason: 'lost' })],
  code: () => ['application/json', JSON.stringify({ code: 'TK:nothing', purpose: 'registration' })],
  'wrong password': () => ['application/json', JSON.stringify({ account: 'nobody-at-all', password: 'wrong password' })],
  'wrong ticket': () => ['application/json', JSON.stringify({ ticket: 'none', code: '000000', password: 'wrong password', old: 'wrong password', phone: '19900009000' })],
  'wrong ticket and code': () => ['application/json', JSON.stringify({ ticket: 'none', code: '000000' })],
  'wrong ticket of a password': () => ['application/json', JSON.stringify({ ticket: 'none', password: 'bitter melon 77' })],
  'nothing said': () => ['application/json', '{}'],
  entry: (t, id, which) => ['application/json', JSON.stringify({ entries: [{ id: 'entry-00000001', patient: `Patient/${kPersons[which]}`, temperature: 36.5, when: '2020-01-01' }] })],
  alert: () => ['application/json', JSON.stringify({ alert: `Flag/alert-${'0'.repeat(32)}` })],
  nothing: () => undefined,
  form: () => [kForm, 'x=y'],
};

/** What a caller sees, without what differs between two requests by nature and with what he asked for taken out. */
function seen(answer, row, which, id) {
  const { date, 'x-request-id': ignored, 'content-length': size, ...headers } = answer.headers;
  const named = /\{(id|person|card|task|observation)\}/.test(row.ask) || row.body ? [id, kPersons[which], kCards[which], kNames[which]].filter(Boolean) : [];
  const cut = (text) => named.reduce((all, value) => all.replaceAll(value, '?').replaceAll(encodeURIComponent(value), '?'), text);
  return cut(JSON.stringify([answer.status, headers, answer.text])).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'now');
}

const sources = (folder, wanted) => fs.readdirSync(path.join(root, folder), { recursive: true }).filter((name) => name.endsWith('.cpp') && !name.endsWith('_test.cpp') && wanted(name))
  .map((name) => fs.readFileSync(path.join(root, folder, name), 'utf8')).join('\n');
const all = (text, pattern) => [...new Set([...text.matchAll(pattern)].map((found) => found[1] ?? found[2]))].sort();

describe('the whole matrix', () => {
  let server, data;
  const tokens = {};
  const rows = [...table.typed, ...table.operations];

  before(async () => {
    data = freshFolder('security');
    const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
    for (const post of table.posts) {
      if (post === 'resident') add(post, '--kind', 'resident', '--record', 'Patient/p-here', '--post', post);
      else if (post === 'auditor') add(post, '--post', post);  // the audit is the whole city's: an account with an area does not read it
      else add(post === 'admin' ? 'admin-here' : post, '--post', post, '--area', kHere);
    }
    server = await new Server(data).start();
    // Posts of packs are known from the first start on.
    for (const post of table.pack_posts) add(post, '--post', post, '--area', kHere);
    for (const who of kAsking) tokens[who] = await server.token(who === 'city' ? 'admin' : who === 'admin' ? 'admin-here' : who);
    const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
    const entry = ['own', 'other'].flatMap((which) => [personOf(which, kPersons[which]), ...Object.keys(kAbout).map((type) => recordOf(type, which, idOf(type, which)))]);
    const second = { ...personOf('own', 'q-here'), name: [{ family: 'Otherman' }], identifier: [{ system: kCard, value: '380102195501012222' }], birthDate: '1955-01-01', gender: 'male', telecom: [{ system: 'phone', value: '19900009044' }] };
    const made = await request(server.base, 'POST', '/fhir', { token: tokens.city, body: { resourceType: 'Bundle', type: 'transaction', entry: [...entry, second].map(put) } });
    assert.equal(made.status, 200, made.text);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  /** One request as the row says; of a stream the beginning. */
  function ask(who, row, which, type = '') {
    const id = type ? idOf(type, which) : '';
    const [method, template] = row.ask.split(' ');
    const target = template.replace('{type}', type).replace('{id}', id).replace('{person}', kPersons[which]).replace('{task}', `task-${which}`).replace('{observation}', `observation-${which}`).replace('{card}', encodeURIComponent(`${kCard}|${kCards[which]}`));
    let body = row.body ? kBodies[row.body](type, id, which, method) : undefined;
    const headers = { ...row.headers };
    if (Array.isArray(body)) [headers['content-type'], body] = body;
    if (!row.stream) return request(server.base, method, target, { token: tokens[who], body, headers });
    return new Promise((done, fail) => {
      const asked = http.request(server.base + target, { method, agent: false, headers: { accept: 'text/event-stream', ...(tokens[who] ? { authorization: `Bearer ${tokens[who]}` } : {}) } }, (answer) => { done({ status: answer.statusCode, headers: answer.headers, text: '' }); asked.destroy(); });
      asked.on('error', fail).end();
    });
  }

  test('the table has every post, interaction, operation and route, and none that is not there', async () => {
    const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
    assert.deepEqual([...table.posts].sort(), all(read('kernel/access/data/posts.toml'), /^\[([\w-]+)\]/gm), 'posts');
    const packPosts = fs.readdirSync(path.join(root, 'apps'), { recursive: true }).filter((name) => /^[\w-]+\/posts\/[^/]+\.json$/.test(name)).map((name) => JSON.parse(read(path.join('apps', name))).id);
    assert.deepEqual([...table.pack_posts].sort(), [...new Set(packPosts)].filter((post) => !table.posts.includes(post)).sort(), 'posts of packs');
    const kinds = read('kernel/interaction/room.h').match(/enum class Kind[^{]*\{([^}]*)\}/)[1];
    assert.deepEqual([...new Set(rows.map((row) => row.kind).filter(Boolean))].sort(), all(kinds, /(k\w+)/g), 'interactions');
    const routes = all(sources('kernel/http', () => true) + sources('server', () => true), /(?:AddRoute|tell)\(\s*"([^"]+)"/g);
    assert.deepEqual(rows.map((row) => row.route).filter(Boolean).sort(), routes, 'routes');
    const names = table.operations.map((row) => row.name);
    for (const folder of ['auth', 'oauth', 'audit']) {
      const offered = all(read(`kernel/http/${folder}_routes.cpp`), /(?:(?:what|path\[0\]) == "([\w.-]+)"|\{"([\w.-]+)", Method::)/g);
      assert.ok(offered.length > 2, folder);
      for (const name of offered) assert.ok(names.includes(`${folder}/${name}`), `no row of ${folder}/${name}`);
    }
    for (const name of all(read('kernel/http/account_routes.cpp'), /\{"([\w-]+)", Method::/g)) assert.ok(names.includes(`accounts/${name}`), `no row of accounts/${name}`);
    for (const name of all(read('kernel/exchange/operations.cpp'), /"(\$[\w-]+)"/g)) assert.ok(names.includes(name), `no row of ${name}`);
    for (const app of fs.readdirSync(path.join(root, 'apps')).filter((app) => fs.existsSync(path.join(root, 'apps', app, 'operations.cpp')))) {
      const offered = all(read(`apps/${app}/operations.cpp`).match(/kRoutes\[\] = \{(.*?)\};/s)[1], /\{"([\w-]+)"/g);
      assert.ok(offered.length > 0);
      for (const name of [...offered, 'settings']) assert.ok(names.includes(`${app}/${name}`), `no row of ${app}/${name}`);
    }
    const rest = (await request(server.base, 'GET', '/fhir/metadata')).json.rest[0];
    const told = new Set([...rest.operation, ...rest.resource.flatMap((resource) => resource.operation)].map((operation) => `$${operation.name}`));
    for (const name of told) assert.ok(names.includes(name) || names.includes(`audit/${name.slice(1)}`), `no row of ${name}`);
    for (const row of rows) if (row.body) assert.ok(kBodies[row.body], row.body);
  });

  for (const who of [...kAsking, 'anonymous']) {
    test(`${who}: every interaction with every type`, async () => {
      const post = postOf(who);
      for (const row of table.typed) for (const [type, rights] of Object.entries(table.types)) {
        // A compartment is asked of who reads whose it is.
        // Writes the type, and not such a record: an answer to a form that does not name the post.
        const otherwise = row.right === 'write' && rights.otherwise?.includes(post);
        const may = (row.right === 'any' || otherwise || (rights[row.right] ?? []).includes(post)) && (!row.refused || table.types.Patient.read.includes(post));
        const refused = row.masked?.[post]?.includes(type);
        const unseen = rights.unseen?.includes(post);  // reads the type, and records of other kinds
        if (row.city === false && who === 'city') continue;
        const answers = {}, expected = row.answersOf?.[type] ?? row.answers;
        const without = row.refused && table.types.Patient.read.includes(post) ? row.refused : [403, 403, 403];
        for (const [i, which] of kWhich.entries()) {
          if (expected[i] === null) continue;
          const answer = await ask(who, row, which, type);
          const what = `${who}: ${row.ask} ${type} ${which}: ${String(answer.text).slice(0, 300)}`;
          const outside = row.outside?.includes(type);
          const told = outside ? 404 : otherwise && row.kind === 'kCreate' ? 403 : expected[unseen && which !== 'never' && row.kind === 'kUpdate' ? 1 : unseen && !row.refused ? 2 : who === 'city' && which === 'other' ? 0 : i];
          if (who === 'anonymous') assert.equal(answer.status, 401, what);
          else if (row.inside) assert.equal(Number(answer.json.entry[0].response.status.slice(0, 3)), may ? told : 403, what);
          else assert.equal(answer.status, !may ? without[who === 'city' ? 0 : i] : refused && told === 422 ? 403 : told, what);
          const visible = who !== 'anonymous' && may && !outside && !unseen && (which === 'own' || (which === 'other' && who === 'city'));
          if (row.finds) assert.equal(answer.text.includes(`"id":"${idOf(type, which)}"`), visible, what);
          if (row.hides && who !== 'city') assert.ok(!answer.text.includes(idOf(type, 'other')), what);
          answers[which] = seen(answer, row, which, idOf(type, which));
        }
        const unlike = may && who !== 'anonymous' && (row.unlike?.includes(type) || row.unlike?.includes('*'));
        if (who !== 'city' && !unlike && answers.never) assert.equal(answers.other, answers.never, `${who}: ${row.ask} ${type}: what is elsewhere can be told from what never was`);
        if (may && unseen && !unlike && !row.refused && !row.outside?.includes(type) && answers.never) assert.equal(answers.own, answers.never, `${who}: ${row.ask} ${type}: what is of another kind can be told`);
        if (!may && answers.never && without[0] === without[2]) assert.equal(answers.own, answers.never, `${who}: ${row.ask} ${type}: without the right what is there can be told`);
      }
    });

    test(`${who}: every operation and route`, async () => {
      const wrong = [];
      for (const row of table.operations) {
        if ((row.alone && row.alone !== who) || (row.city === false && who === 'city')) continue;
        const may = row.may === '*' || row.may?.includes(who) || (who === 'city' && row.may?.includes('admin'));
        const answers = {};
        for (const [i, which] of kWhich.entries()) {
          const answer = await ask(who, row, which);
          const what = `${who}: ${row.name} ${which}`;
          const expected = who === 'anonymous' ? row.anonymous ?? 401 : !may ? row.others ?? 403 : Array.isArray(row.answers) ? row.answers[row.unseen?.includes(who) ? 2 : who === 'city' && which === 'other' ? 0 : i] : row.answers;
          if (answer.status !== expected) wrong.push(`${what}: ${answer.status} in place of ${expected}: ${String(answer.text).slice(0, 200)}`);
          answers[which] = seen(answer, row, which);
        }
        if (who === 'city' || (row.unlike && may)) continue;
        if ((may && (row.varies || row.name.startsWith('audit/'))) || row.name.startsWith('oauth/')) continue;  // they tell of time, or mark a browser
        if (answers.other !== answers.never) wrong.push(`${who}: ${row.name}: what is elsewhere can be told from what never was\n${answers.other}\n${answers.never}`);
        if ((!may || row.unseen?.includes(who)) && answers.own !== answers.never) wrong.push(`${who}: ${row.name}: without the right what is there can be told\n${answers.own}\n${answers.never}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
});
