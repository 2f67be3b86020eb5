// Who gets what, on the real program: posts × interactions × whose record. What an account may not see it must not be told of in
// any way: the answer about a record of another area equals, byte for byte, the answer about an id that never was.
// Planted personal values are searched afterwards in the program's output, in metrics, in the audit and in the text of every refusal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, hasPostgres, letDelete, Postgres, program, request, Server } from '../lib/server.mjs';

const kHere = '380102', kThere = '380104';
const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const kPosts = ['screener', 'doctor', 'cdc-officer', 'operator', 'admin'];

// ---- what is expected ------------------------------------------------------------------------------------------------

// r: may read, w: may write too, nothing: neither.
const kRights = {
  //                   Patient Observation Condition MedicationRequest Flag Coverage
  screener:          { Patient: 'w', Observation: 'w', Condition: '', MedicationRequest: '', Flag: 'r', Coverage: '' },
  doctor:            { Patient: 'w', Observation: 'w', Condition: 'w', MedicationRequest: 'w', Flag: 'w', Coverage: '' },
  'cdc-officer':     { Patient: 'r', Observation: 'w', Condition: 'r', MedicationRequest: '', Flag: 'w', Coverage: '' },
  operator:          { Patient: '', Observation: '', Condition: '', MedicationRequest: '', Flag: '', Coverage: '' },
  admin:             { Patient: 'w', Observation: 'w', Condition: 'w', MedicationRequest: 'w', Flag: 'w', Coverage: 'w' },
};
const kTypes = Object.keys(kRights.admin);
const kOperations = {
  screener: [], doctor: ['$everything', '$validate'], 'cdc-officer': ['$everything'], operator: ['metrics', 'rebuild'],
  admin: ['$everything', '$validate', '$erase', 'history-system', 'metrics', 'rebuild'],
};

// Interaction: the right it takes, how it is asked, and the answers for a record of one's own area, of another area, that never was,
// and one that was deleted in each area. Without the right: 403, whatever the id.
const kPatch = [{ op: 'test', path: '/language', value: 'zh' }];
const kForm = { 'content-type': 'application/x-www-form-urlencoded' };
const kEmptyElsewhere = { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 };
// Patients are asked for in their own compartment, all else in that of the patient here.
const compartmentOf = (t, id) => `/Patient/${t === 'Patient' ? id : 'p-here'}`;
const inCompartment = (t) => (t === 'Patient' ? { own: 200, other: 404, never: 404, ownGone: 410, otherGone: 404 } : kEmptyElsewhere);
const besideOf = (t) => (t === 'Patient' ? 'Observation' : 'Patient');
const kTable = {
  read:             ['r', (t, id) => ['GET', `/${t}/${id}`], { own: 200, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  head:             ['r', (t, id) => ['HEAD', `/${t}/${id}`], { own: 200, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  'read by ETag':   ['r', (t, id) => ['GET', `/${t}/${id}`, null, { 'if-none-match': 'W/"1"' }], { own: 304, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  'read by date':   ['r', (t, id) => ['GET', `/${t}/${id}`, null, { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }], { own: 304, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  vread:            ['r', (t, id) => ['GET', `/${t}/${id}/_history/1`], { own: 200, other: 404, never: 404, ownGone: 200, otherGone: 404 }],
  'vread of none':  ['r', (t, id) => ['GET', `/${t}/${id}/_history/7`], { own: 404, other: 404, never: 404, ownGone: 404, otherGone: 404 }],
  history:          ['r', (t, id) => ['GET', `/${t}/${id}/_history`], { own: 200, other: 404, never: 404, ownGone: 200, otherGone: 404 }],
  'search by id':   ['r', (t, id) => ['GET', `/${t}?_id=${id}`], { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 }],
  'count by id':    ['r', (t, id) => ['GET', `/${t}?_id=${id}&_summary=count`], { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 }],
  'post search':    ['r', (t, id) => ['POST', `/${t}/_search`, `_id=${id}&_total=accurate`, { 'content-type': 'application/x-www-form-urlencoded' }], { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 }],
  'search in compartment': ['r', (t, id) => ['GET', `${compartmentOf(t, id)}/${t}?_id=${id}`], inCompartment],
  'count in compartment': ['r', (t, id) => ['GET', `${compartmentOf(t, id)}/${t}?_id=${id}&_summary=count`], inCompartment],
  'post search in compartment': ['r', (t, id) => ['POST', `${compartmentOf(t, id)}/${t}/_search`, `_id=${id}&_total=accurate`, kForm], inCompartment],
  'search of several': ['r', (t, id) => ['GET', `?_type=${t},${besideOf(t)}&_id=${id}`], kEmptyElsewhere],
  'count of several': ['r', (t, id) => ['GET', `?_type=${besideOf(t)},${t}&_id=${id}&_summary=count`], kEmptyElsewhere],
  'post search of several': ['r', (t, id) => ['POST', '/_search', `_type=${t},${besideOf(t)}&_id=${id}&_total=accurate`, kForm], kEmptyElsewhere],
  patch:            ['w', (t, id) => ['PATCH', `/${t}/${id}`, kPatch, { 'content-type': 'application/json-patch+json' }], { own: 422, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  'patch by ETag':  ['w', (t, id) => ['PATCH', `/${t}/${id}`, kPatch, { 'content-type': 'application/json-patch+json', 'if-match': 'W/"9"' }], { own: 412, other: 404, never: 404, ownGone: 410, otherGone: 404 }],
  'delete by ETag': ['w', (t, id) => ['DELETE', `/${t}/${id}`, null, { 'if-match': 'W/"9"' }], { own: 412, other: 412, never: 412, ownGone: 412, otherGone: 412 }],
  'delete where':   ['w', (t, id) => ['DELETE', `/${t}?_id=${id}&_lastUpdated=lt2000`], { own: 204, other: 204, never: 204, ownGone: 204, otherGone: 204 }],
  'patch where':    ['w', (t, id) => ['PATCH', `/${t}?_id=${id}`, kPatch, { 'content-type': 'application/json-patch+json' }], { own: 422, other: 404, never: 404, ownGone: 404, otherGone: 404 }],
  'batch read':     ['r', (t, id) => ['POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `${t}/${id}` } }] }], { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 }],
  'batch search':   ['r', (t, id) => ['POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `${t}?_id=${id}` } }] }], { own: 200, other: 200, never: 200, ownGone: 200, otherGone: 200 }],
  'transaction patch': ['w', (t, id) => ['POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'PATCH', url: `${t}/${id}` }, resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from(JSON.stringify(kPatch)).toString('base64') } }] }], { own: 422, other: 404, never: 404, ownGone: 404, otherGone: 404 }],
  'transaction delete': ['w', (t, id) => ['POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: `${t}/${id}`, ifMatch: 'W/"9"' } }] }], { own: 412, other: 412, never: 412, ownGone: 412, otherGone: 412 }],
};
// Posts that see a part of every person masked (policies.toml): they may not patch one, for a patch tests and copies.
const kMasked = ['screener', 'cdc-officer'];
// Those that answer 200 to everybody and put the refusal into the entry.
const kRefusedInside = ['batch read', 'batch search'];

// ---- what is there ---------------------------------------------------------------------------------------------------

// Every one of these is in a record, and none may be in a log, a metric, an audit field or a refusal.
const kSecrets = {
  here: { family: 'Quillfeather', given: 'Ottoline', card: '380102197103046119', phone: '19900009011', street: 'Lanternmoor 41', note: 'crimson-heron-note' },
  there: { family: 'Wexcombe', given: 'Barnabas', card: '380104196805127735', phone: '19900009022', street: 'Saltmarsh 7', note: 'amber-vole-note' },
};
// Typed wrongly into requests: a refusal says where, not what.
const kMistakes = { family: 'Mistypedname', card: '380102200011113333', phone: '19900009033', date: '1971-13-77', code: 'mistyped-gender', street: 'Mistyped Street 9', text: 'mistyped-note' };
const kAll = [...Object.values(kSecrets.here), ...Object.values(kSecrets.there), ...Object.values(kMistakes)];

function patientOf(id, where, more = kSecrets[where]) {
  return { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: where === 'here' ? kHere : kThere }] }, gender: 'female', birthDate: '1971-03-04',
    name: [{ family: more.family, given: [more.given] }], identifier: [{ system: kCard, value: more.card }], telecom: [{ system: 'phone', value: more.phone }],
    address: [{ line: [more.street] }] };
}
function recordOf(type, id, where, more = kSecrets[where]) {
  const about = { reference: `Patient/p-${where}` };
  const note = [{ text: more.note }];
  return {
    Patient: () => patientOf(id, where, more),
    Observation: () => ({ resourceType: 'Observation', id, status: 'final', code: { text: 'pulse' }, subject: about, note, valueInteger: 70 }),
    Condition: () => ({ resourceType: 'Condition', id, code: { text: 'cough' }, subject: about, note }),
    MedicationRequest: () => ({ resourceType: 'MedicationRequest', id, status: 'active', intent: 'order', medicationCodeableConcept: { text: 'tea' }, subject: about, note }),
    Flag: () => ({ resourceType: 'Flag', id, status: 'active', code: { text: more.note }, subject: about }),
    Coverage: () => ({ resourceType: 'Coverage', id, status: 'active', beneficiary: about, payor: [about], class: [{ type: { text: 'x' }, value: more.note }] }),
  }[type]();
}
const idOf = (type, which) => ({ own: `${type.toLowerCase()}-h`, other: `${type.toLowerCase()}-t`, never: `${type.toLowerCase()}-n`, ownGone: `${type.toLowerCase()}-hg`, otherGone: `${type.toLowerCase()}-tg` })[which];

/** What a caller sees of an answer, with the id taken out; what differs between two requests by nature is not compared. */
function seen(answer, id) {
  const { date, 'x-request-id': ignored, ...headers } = answer.headers;
  const cut = (text) => text.replaceAll(encodeURIComponent(id), '?').replaceAll(id, '?');
  return JSON.stringify([answer.status, Object.entries(headers).map(([name, value]) => [name, name === 'content-length' ? value - (answer.text.match(new RegExp(id, 'g')) ?? []).length * id.length : cut(String(value))]), cut(answer.text)]);
}

function accessOn(name, backend) {
  describe(`access on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let server, postgres, data;
    const tokens = {}, refusals = [];
    /** All that is asked here goes through this: the text of every refusal is kept for the search at the end. */
    async function ask(who, method, target, body, headers = {}) {
      const answer = await request(server.base, method, target.startsWith('//') ? target.slice(1) : `/fhir${target}`, { token: tokens[who], body: body ?? undefined, headers });
      assert.ok(!answer.lost, `${method} ${target}`);
      if (answer.status >= 400) refusals.push([`${who} ${method} ${target} ${answer.status}`, answer.text]);
      for (const entry of answer.json?.resourceType === 'Bundle' ? (answer.json.entry ?? []) : []) {
        if (entry.response?.outcome) refusals.push([`${who} ${method} ${target} entry`, JSON.stringify(entry.response.outcome)]);
      }
      return answer;
    }
    const versions = async () => Object.fromEntries((await ask('city', 'GET', '/_history?_count=1000')).json.entry.map((e) => e.fullUrl + e.response.etag).map((line) => [line, true]));

    before(async () => {
      data = freshFolder('access');
      let log;
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('access');
      }
      const tool = (...args) => execFileSync(program(), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      for (const post of kPosts) tool('account', 'add', `${post}-here`, '--data', data, '--post', post, '--area', kHere, '--no-password');
      letDelete(data, 'doctor', 'screener', 'cdc-officer');
      server = await new Server(data, { log, outputMax: Infinity }).start();
      tokens.city = await server.token();
      for (const post of kPosts) tokens[post] = await server.token(`${post}-here`);
      const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
      const entry = ['here', 'there'].flatMap((where) => [put(patientOf(`p-${where}`, where)), ...kTypes.flatMap((type) => ['', 'Gone'].map((gone) => put(recordOf(type, idOf(type, (where === 'here' ? 'own' : 'other') + gone), where))))]);
      const made = await ask('city', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(made.status, 200, made.text.slice(0, 400));
      for (const type of kTypes) for (const which of ['ownGone', 'otherGone']) assert.equal((await ask('city', 'DELETE', `/${type}/${idOf(type, which)}`)).status, 204);
    });
    after(async () => {
      await server?.stop();
      await postgres?.stop();
      fs.rmSync(data, { recursive: true, force: true });
    });

    for (const post of kPosts) {
      test(`${post}: every interaction and type, of the own area, another one, and none`, async () => {
        const was = await versions();
        for (const type of kTypes) for (const [interaction, [need, how, told]] of Object.entries(kTable)) {
          const expected = typeof told === 'function' ? told(type) : told;
          const right = kRights[post][type];
          const may = need === 'r' ? right !== '' : right === 'w';
          const answers = {};
          for (const [which, status] of Object.entries(expected)) {
            const id = idOf(type, which);
            const answer = await ask(post, ...how(type, id));
            const what = `${post} ${interaction} ${type} ${which}: ${answer.text.slice(0, 200)}`;
            if (kRefusedInside.includes(interaction)) {
              assert.equal(answer.status, 200, what);
              assert.equal(answer.json.entry[0].response.status.slice(0, 3) === '403', !may, what);
            } else assert.equal(answer.status, may && !(status === 422 && type === 'Patient' && kMasked.includes(post)) ? status : 403, what);
            // A record of one's own is found, so that nothing found of the others means something.
            if (may && which === 'own' && /search|count/.test(interaction)) assert.match(answer.text, interaction.includes('count') ? /"total":1\b/ : new RegExp(`"id":"${id}"`), what);
            answers[which] = seen(answer, id);
          }
          for (const hidden of ['other', 'otherGone']) assert.equal(answers[hidden], answers.never, `${post} ${interaction} ${type}: ${hidden} can be told from never`);
          if (!may) for (const which of Object.keys(expected)) assert.equal(answers[which], answers.never, `${post} ${interaction} ${type}: without the right ${which} can be told from never`);
        }
        assert.deepEqual(await versions(), was, 'nothing was changed');
      });
    }

    test('all types of a compartment, or of the whole store: what lies elsewhere is as if it never was', async () => {
      for (const post of kPosts) for (const type of kTypes) {
        const may = kRights[post].Patient !== '', mayType = kRights[post][type] !== '';
        for (const [what, how] of Object.entries({
          compartment: (id) => ['GET', `${compartmentOf(type, id)}/*?_id=${id}`],
          count: (id) => ['GET', `${compartmentOf(type, id)}/*?_id=${id}&_summary=count`],
          post: (id) => ['POST', `${compartmentOf(type, id)}/*/_search`, `_id=${id}`, kForm],
          'whole store': (id) => ['GET', `?_id=${id}`],
          'count of the whole store': (id) => ['GET', `?_id=${id}&_summary=count`],
          'batch of both': (id) => ['POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `${compartmentOf(type, id).slice(1)}/*?_id=${id}` } }] }],
        })) {
          const told = async (which) => { const id = idOf(type, which); const answer = await ask(post, ...how(id)); return [answer, seen(answer, id)]; };
          const [own] = await told('own'), [, never] = await told('never');
          for (const which of ['other', 'otherGone']) assert.equal((await told(which))[1], never, `${post} ${what} ${type}: ${which} can be told from never`);
          if (!what.includes('batch') && may) assert.equal(own.status, 200, `${post} ${what} ${type}: ${own.text.slice(0, 200)}`);
          if (may && !what.includes('count')) assert.equal(own.text.includes(`"id":"${idOf(type, 'own')}"`), mayType, `${post} ${what} ${type}: ${own.text.slice(0, 300)}`);
        }
      }
    });

    test('create and update: only into the own area, and an answer that tells nothing of persons elsewhere', async () => {
      for (const post of kPosts) for (const type of kTypes) {
        const may = kRights[post][type] === 'w';
        const { id, ...fresh } = recordOf(type, 'x', 'here', { ...kSecrets.here, card: '380102197103040000' });
        const made = await ask(post, 'POST', `/${type}`, fresh);
        assert.equal(made.status, may ? 201 : 403, `${post} creates ${type}: ${made.text}`);
        const own = `${post}-${type.toLowerCase()}`;
        for (const [target, body, status] of [[own, recordOf(type, own, 'here'), 201], [own, recordOf(type, own, 'here'), 200],
          [idOf(type, 'other'), recordOf(type, idOf(type, 'other'), 'here'), 403], [idOf(type, 'otherGone'), recordOf(type, idOf(type, 'otherGone'), 'here'), 403],
          [own, recordOf(type, own, 'there'), 403], [`${own}-2`, recordOf(type, `${own}-2`, 'there'), 403]]) {
          const answer = await ask(post, 'PUT', `/${type}/${target}`, body);
          assert.equal(answer.status, may ? status : 403, `${post} puts ${type}/${target}: ${answer.text}`);
        }
        // A taken id is a taken id, whether the record is still there or deleted.
        if (may) assert.equal(seen(await ask(post, 'PUT', `/${type}/${idOf(type, 'other')}`, recordOf(type, idOf(type, 'other'), 'here')), idOf(type, 'other')),
          seen(await ask(post, 'PUT', `/${type}/${idOf(type, 'otherGone')}`, recordOf(type, idOf(type, 'otherGone'), 'here')), idOf(type, 'otherGone')));
        if (!may || type === 'Patient') continue;
        // About a person elsewhere or about nobody: the same words.
        const about = async (patient) => {
          const record = JSON.parse(JSON.stringify(fresh).replaceAll('Patient/p-here', `Patient/${patient}`));
          return [seen(await ask(post, 'POST', `/${type}`, record), patient),
            seen(await ask(post, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST', url: type }, resource: record }] }), patient)];
        };
        const [single, bundled] = await about('p-there');
        assert.deepEqual(await about('p-never'), [single, bundled], `${post} ${type}`);
        assert.match(single, /^\[403,/);
        assert.match(bundled, /^\[403,/);
      }
      const there = await ask('city', 'GET', '/Observation?subject=Patient/p-there');
      assert.deepEqual(there.json.entry.map((e) => e.resource.id), [idOf('Observation', 'other')], 'nothing came into the other area');
    });

    test('deletes: a record elsewhere stays, and the answer is that of an id that never was', async () => {
      for (const post of kPosts) for (const type of kTypes) {
        const may = kRights[post][type] === 'w';
        const mine = `${post}-${type.toLowerCase()}`;
        const bundle = (id) => ({ resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: `${type}/${id}` } }] });
        for (const how of [(id) => ask(post, 'DELETE', `/${type}/${id}`), (id) => ask(post, 'POST', '', bundle(id)), (id) => ask(post, 'DELETE', `/${type}?_id=${id}`)]) {
          const never = await how(idOf(type, 'never'));
          assert.equal(never.status >= 400, !may, `${post} ${type} ${never.text}`);
          for (const which of ['other', 'otherGone']) assert.equal(seen(await how(idOf(type, which)), idOf(type, which)), seen(never, idOf(type, 'never')), `${post} deletes ${type} ${which}`);
        }
        assert.equal((await ask('city', 'GET', `/${type}/${idOf(type, 'other')}`)).headers.etag, 'W/"1"', `${type} is there`);
        if (may) {
          assert.equal((await ask(post, 'DELETE', `/${type}/${mine}`)).status, 204);
          assert.equal((await ask(post, 'GET', `/${type}/${mine}`)).status, 410);
        }
      }
    });

    test('searches: what lies elsewhere is not found, counted, sorted, paged, or the reason of a next link', async () => {
      const { family, card, phone } = kSecrets.there;
      const criteria = { Patient: [`family=${family}`, `identifier=${kCard}|${card}`, `telecom=${phone}`, `phone=${phone}`, 'address=Saltmarsh', `name=${family.slice(0, 4)}`],
        Observation: ['subject=Patient/p-there', 'patient=Patient/p-there', `patient=p-there`], Condition: ['subject=Patient/p-there'], Flag: ['patient=Patient/p-there'] };
      for (const post of kPosts) for (const [type, list] of Object.entries(criteria)) for (const one of list) for (const more of ['', '&_summary=count', '&_sort=-_lastUpdated', '&_count=1', '&_total=accurate']) {
        const answer = await ask(post, 'GET', `/${type}?${one}${more}`.replaceAll('|', '%7C'));
        const hidden = kMasked.includes(post) && /telecom|phone/.test(one);
        if (kRights[post][type] === '' || hidden) { assert.equal(answer.status, 403); continue; }
        if (answer.status === 400) { assert.doesNotMatch(answer.text, /"total"/); continue; }   // a parameter that is not offered
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.entry?.length ?? 0, 0, `${post} ${type}?${one}${more}`);
        assert.ok((answer.json.total ?? 0) === 0 && !answer.json.link.some((l) => l.relation === 'next'), `${post} ${type}?${one}${more}: ${answer.text}`);
      }
      // The same words find the one of the own area.
      assert.equal((await ask('doctor', 'GET', `/Patient?family=${kSecrets.here.family}&_id=p-here&_summary=count`)).json.total, 1);
      // All pages together are what is there, and the total of every first page is their number.
      for (const post of ['screener', 'doctor', 'cdc-officer', 'admin']) for (const type of ['Patient', 'Observation']) {
        const ids = [];
        for (let at = `/${type}?_count=2&_sort=-_lastUpdated&_total=accurate`, total = null; at;) {
          const page = await ask(post, 'GET', at);
          assert.equal(page.status, 200, page.text);
          total ??= page.json.total;
          ids.push(...(page.json.entry ?? []).map((e) => e.resource.id));
          const next = page.json.link.find((l) => l.relation === 'next')?.url;
          at = next?.split('/fhir')[1];
          if (at) {
            assert.match(at, /^\/\w+\?_page=[\w-]+$/, 'a link carries no criteria and no position');
            assert.equal((await ask('operator', 'GET', at)).status, 403);
            // Nobody else may follow it, and that is told like a page no longer kept.
            const other = post === 'doctor' ? 'screener' : 'doctor';
            assert.equal(seen(await ask(other, 'GET', at), at), seen(await ask(other, 'GET', `/${type}?_page=nothing`), 'nothing').replace('nothing', '?'));
          } else assert.equal(ids.length, total, `${post} ${type}`);
        }
        assert.equal(new Set(ids).size, ids.length);
        assert.ok(!ids.includes('p-there') && !ids.some((id) => id === idOf(type, 'other') || id === idOf(type, 'otherGone')), `${post} ${type}: ${ids}`);
      }
    });

    test('histories of a type and of the system hold nothing of elsewhere and nothing of types that the post may not read', async () => {
      for (const post of kPosts) {
        for (const type of kTypes) {
          const ids = [];
          for (let at = `/${type}/_history?_count=5`; at;) {
            const page = await ask(post, 'GET', at);
            assert.equal(page.status, kRights[post][type] === '' ? 403 : 200, page.text);
            ids.push(...(page.json.entry ?? []).map((e) => e.fullUrl.split('/').at(-1)));
            assert.equal(page.json.total, undefined);
            at = page.json.link?.find((l) => l.relation === 'next')?.url.split('/fhir')[1];
          }
          assert.ok(!ids.some((id) => /-tg?$|^p-there$/.test(id)), `${post} ${type}: ${ids}`);
          if (kRights[post][type] !== '') assert.ok(ids.includes(idOf(type, 'own')) && ids.filter((id) => id === idOf(type, 'ownGone')).length === 2, `${post} ${type}: ${ids}`);
        }
        const all = await ask(post, 'GET', '/_history?_count=1000');
        assert.equal(all.status, kOperations[post].includes('history-system') ? 200 : 403);
        if (all.status === 200) assert.doesNotMatch(all.text, /\/[a-z]+-tg?"|p-there/);
      }
    });

    test('conditions: a person elsewhere makes no condition hold', async () => {
      const { card } = kSecrets.there;
      const where = `identifier=${encodeURIComponent(`${kCard}|${card}`)}`;
      for (const post of kPosts) {
        const may = kRights[post].Patient === 'w';
        const nobody = `identifier=${encodeURIComponent(`${kCard}|3801021900010100${kPosts.indexOf(post)}0`)}`;
        const { id, ...fresh } = patientOf('x', 'here', { ...kSecrets.here, card: '380102190001010000' });
        for (const how of [(c) => ask(post, 'DELETE', `/Patient?${c}`), (c) => ask(post, 'PATCH', `/Patient?${c}`, kPatch, { 'content-type': 'application/json-patch+json' }),
          (c) => ask(post, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST', url: 'Observation' }, resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: `Patient?${decodeURIComponent(c)}` } } }] })]) {
          const [held, never] = [await how(where), await how(nobody)];
          assert.equal(seen(held, where), seen(never, nobody), `${post} ${held.text}`);
        }
        if (!may) { assert.equal((await ask(post, 'POST', '/Patient', fresh, { 'if-none-exist': decodeURIComponent(where) })).status, 403); continue; }
        // It is created again, as it cannot be known; the other one is neither shown nor changed.
        for (const made of [await ask(post, 'POST', '/Patient', fresh, { 'if-none-exist': decodeURIComponent(where) }), await ask(post, 'PUT', `/Patient?${where}`, fresh)]) {
          assert.equal(made.status, 201, made.text);
          for (const text of [kSecrets.there.family, kSecrets.there.phone, 'p-there']) assert.ok(!made.text.includes(text) && !JSON.stringify(made.headers).includes(text), `${post} ${text}`);
          await ask(post, 'DELETE', `/Patient/${made.json.id}`);
        }
      }
      assert.equal((await ask('city', 'GET', '/Patient/p-there')).headers.etag, 'W/"1"');
    });

    test('operations: $everything, $validate, $erase, metrics', async () => {
      for (const post of kPosts) {
        const may = (operation) => kOperations[post].includes(operation);
        const everything = await ask(post, 'GET', '/Patient/p-here/$everything');
        assert.equal(everything.status, may('$everything') ? 200 : 403, everything.text.slice(0, 300));
        if (everything.status === 200) {
          const types = new Set(everything.json.entry.map((e) => e.resource.resourceType));
          for (const type of kTypes) assert.equal(types.has(type), kRights[post][type] !== '', `${post} $everything ${type}`);
          assert.doesNotMatch(everything.text, /p-there|-tg?"/);
        }
        const never = await ask(post, 'GET', '/Patient/p-never/$everything');
        assert.equal(never.status, may('$everything') ? 404 : 403);
        for (const id of ['p-there', idOf('Patient', 'otherGone')]) assert.equal(seen(await ask(post, 'GET', `/Patient/${id}/$everything`), id), seen(never, 'p-never'));
        const checked = await ask(post, 'POST', '/Patient/$validate', patientOf('x', 'here'));
        assert.equal(checked.status, may('$validate') ? 200 : 403, checked.text);
        const remove = (id) => ask(post, 'POST', `/Patient/${id}/$validate?mode=delete`, { resourceType: 'Parameters' });
        assert.equal(seen(await remove('p-there'), 'p-there'), seen(await remove('p-never'), 'p-never'));
        const reason = { resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: 'unlawful' }] };
        const erase = (id) => ask(post, 'POST', `/Patient/${id}/$erase`, reason);
        const nobody = await erase('p-never');
        assert.equal(nobody.status, may('$erase') ? 404 : 403);
        assert.equal(seen(await erase('p-there'), 'p-there'), seen(nobody, 'p-never'));
        const metrics = await ask(post, 'GET', '//metrics');
        assert.equal(metrics.status, may('metrics') ? 200 : 403);
        // What is told before the right is asked must be the same for a view that there is and one that there is not.
        const rebuild = await ask(post, 'POST', '//admin/views/search/rebuild');
        if (!may('rebuild')) {
          assert.equal(rebuild.status, 403);
          assert.equal(seen(rebuild, 'search'), seen(await ask(post, 'POST', '//admin/views/none/rebuild'), 'none'));
        } else assert.ok(rebuild.status < 400 || rebuild.status === 409, rebuild.text);
        for (let i = 0; i < 3000 && (await ask('nobody', 'GET', '//ready')).status !== 200; i++) await new Promise((go) => { setTimeout(go, 10); });
      }
      assert.equal((await ask('nobody', 'POST', '//admin/views/search/rebuild')).status, 401);
      assert.equal((await ask('nobody', 'GET', '//metrics')).status, 401);
      assert.equal((await ask('city', 'GET', '/Patient/p-there')).status, 200);
    });

    test('batches answer each entry as if it stood alone, transactions change nothing when one entry may not be', async () => {
      for (const post of kPosts) {
        const entries = kTypes.flatMap((type) => ['own', 'other', 'never'].map((which) => ({ type, which, entry: { request: { method: 'GET', url: `${type}/${idOf(type, which)}` } } })));
        const batch = await ask(post, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry: entries.map((e) => e.entry) });
        assert.equal(batch.status, 200);
        for (const [i, { type, which }] of entries.entries()) assert.equal(batch.json.entry[i].response.status.slice(0, 3), kRights[post][type] === '' ? '403' : which === 'own' ? '200' : '404', `${post} ${type} ${which}`);
        const was = await versions();
        for (const bad of [{ request: { method: 'PUT', url: 'Observation/observation-t' }, resource: recordOf('Observation', 'observation-t', 'here') },
          { request: { method: 'PUT', url: 'Coverage/new' }, resource: recordOf('Coverage', 'new', 'there') }]) {
          const answer = await ask(post, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'PUT', url: `Observation/${post}-in` }, resource: recordOf('Observation', `${post}-in`, 'here') }, bad] });
          assert.equal(answer.status, 403, `${post}: ${answer.text}`);
        }
        assert.deepEqual(await versions(), was);
      }
    });

    test('the live stream tells each post of its types and its area only', async (t) => {
      const streams = {};
      for (const post of kPosts) {
        const one = streams[post] = { text: '' };
        const asked = http.get(`${server.base}/live`, { headers: { authorization: `Bearer ${tokens[post]}`, accept: 'text/event-stream' } });
        t.after(() => asked.destroy());
        asked.on('error', () => {});
        const answer = await new Promise((done) => { asked.on('response', done); });
        assert.equal(answer.statusCode, 200);
        answer.on('data', (part) => { one.text += part; });
        one.until = async (word) => {
          for (let i = 0; i < 3000 && !one.text.includes(word); i++) await new Promise((go) => { setTimeout(go, 10); });
          assert.ok(one.text.includes(word), `${post}: ${word} in ${one.text}`);
        };
        await one.until('event: hello');
      }
      for (const type of kTypes) {
        assert.equal((await ask('city', 'PUT', `/${type}/live-${type.toLowerCase()}-t`, recordOf(type, `live-${type.toLowerCase()}-t`, 'there'))).status, 201);
        assert.equal((await ask('city', 'PUT', `/${type}/live-${type.toLowerCase()}-h`, recordOf(type, `live-${type.toLowerCase()}-h`, 'here'))).status, 201);
      }
      // A record without an owner, which all but the operator may read, comes last: when it is there, all before it has come.
      await ask('city', 'PUT', '/Location/live-end', { resourceType: 'Location', id: 'live-end', name: 'gate' });
      for (const post of kPosts) {
        if (post !== 'operator') await streams[post].until('live-end');
        for (const type of kTypes) assert.equal(streams[post].text.includes(`live-${type.toLowerCase()}-h`), kRights[post][type] !== '', `${post} ${type}`);
        assert.doesNotMatch(streams[post].text, /live-\w+-t"/, post);
        for (const type of kTypes) {
          if (kRights[post][type] === '') assert.equal((await ask(post, 'GET', `//live?types=${type}`)).status, 403);
        }
      }
    });

    test('a person who moves takes his records along; counts are what is found, after moves, deletes, a restart and a rebuild', async () => {
      const kPersons = 40;
      const of = (i, where) => ({ ...patientOf(`move-${i}`, where), birthDate: `19${50 + i}-01-01` });
      const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
      const observation = (i, n, more = {}) => ({ resourceType: 'Observation', id: `move-${i}-${n}`, status: 'final', code: { coding: [{ system: 'urn:test', code: n % 2 ? 'odd' : 'even' }] }, subject: { reference: `Patient/move-${i}` }, ...more });
      const places = Array.from({ length: kPersons }, (_, i) => (i % 3 === 0 ? 'there' : 'here'));
      const gone = new Set();
      const send = async (entry) => {
        const made = await ask('city', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
        assert.equal(made.status, 200, made.text.slice(0, 300));
      };
      await send(places.flatMap((where, i) => [put(of(i, where)), ...[0, 1, 2].map((n) => put(observation(i, n)))]));
      const expected = (where, odd) => places.flatMap((place, i) => (place === where || where === 'city' ? [0, 1, 2].map((n) => `move-${i}-${n}`) : [])).filter((id) => !gone.has(id) && (odd === undefined || (Number(id.at(-1)) % 2 === 1) === odd)).sort();
      async function check() {
        for (const [who, where] of [['doctor', 'here'], ['screener', 'here'], ['admin', 'here'], ['city', 'city']]) {
          for (const [criteria, ids] of [['code=urn:test|odd', expected(where, true)], ['code=urn:test|even,urn:test|odd', expected(where)], ['code=urn:test|even&status=final', expected(where, false)]]) {
            const query = `/Observation?${criteria.replaceAll('|', '%7C')}`;
            assert.equal((await ask(who, 'GET', `${query}&_summary=count`)).json.total, ids.length, `${who} counts ${criteria}`);
            const found = await ask(who, 'GET', `${query}&_count=500&_total=accurate`);
            assert.equal(found.json.total, ids.length);
            assert.deepEqual((found.json.entry ?? []).map((e) => e.resource.id).sort(), ids, `${who} ${criteria}`);
          }
          const persons = places.filter((place) => where === 'city' || place === where).length;
          if (who === 'screener') {
            assert.equal((await ask(who, 'GET', '/Patient?birthdate=ge1950-01-01&_summary=count')).status, 403, 'he sees the year alone');
          } else {
            const born = await ask(who, 'GET', '/Patient?birthdate=ge1950-01-01&birthdate=lt1990-01-01&_summary=count');
            const fixed = await ask(who, 'GET', '/Patient?birthdate=1971-03-04&_summary=count');
            assert.equal(born.json.total - fixed.json.total, persons, `${who} counts persons`);
          }
          for (const [i, place] of places.entries()) {
            if (i % 5) continue;
            for (const target of [`/Patient/move-${i}`, `/Patient/move-${i}/_history/1`, `/Patient/move-${i}/_history`]) assert.equal((await ask(who, 'GET', target)).status, place === where || where === 'city' ? 200 : 404, `${who} ${target}`);
          }
        }
      }
      await check();
      // Every fourth one moves, some come back, some readings are deleted, corrected, or come anew.
      for (let i = 0; i < kPersons; i += 4) {
        places[i] = places[i] === 'here' ? 'there' : 'here';
        await send([put(of(i, places[i])), put(observation(i, 0, { valueInteger: i }))]);
      }
      await check();
      for (let i = 0; i < kPersons; i += 8) {
        places[i] = places[i] === 'here' ? 'there' : 'here';
        await send([put(of(i, places[i]))]);
        gone.add(`move-${i + 1}-1`);
        assert.equal((await ask('city', 'DELETE', `/Observation/move-${i + 1}-1`)).status, 204);
      }
      await check();
      await server.stop();
      await server.start();
      await check();
      await server.stop();
      fs.rmSync(path.join(data, 'views'), { recursive: true });
      await server.start();
      await check();
    });

    test('mistakes are told by place, never by value', async () => {
      const m = kMistakes;
      const wrong = [
        { resourceType: 'Patient', birthDate: m.date }, { resourceType: 'Patient', gender: m.code }, { resourceType: 'Patient', gender: 7, name: m.family },
        { resourceType: 'Patient', name: [m.family] }, { resourceType: 'Patient', name: [{ family: [m.family] }] }, { resourceType: 'Patient', identifier: [{ value: Number(m.card) }] },
        { resourceType: 'Patient', identifier: m.card }, { resourceType: 'Patient', telecom: [{ system: 'phone', rank: m.phone }] }, { resourceType: 'Patient', telecom: [{ system: m.phone }] },
        { resourceType: 'Patient', address: { line: m.street } }, { resourceType: 'Patient', active: m.text }, { resourceType: 'Patient', managingOrganization: { reference: m.text, identifier: m.card } },
        { resourceType: 'Patient', deceasedDateTime: m.date, multipleBirthInteger: m.phone }, { resourceType: 'Patient', id: `${m.family} ${m.phone}` }, { resourceType: m.family },
        { resourceType: 'Patient', contact: [{ gender: m.code }], communication: [{ preferred: m.text }] }, { resourceType: 'Patient', text: { status: m.code, div: m.text } },
        { resourceType: 'Patient', photo: [{ data: `${m.text}!`, size: m.phone }] }, { resourceType: 'Patient', extension: [{ url: m.text, valueString: 5 }] }, { resourceType: 'Patient', meta: { lastUpdated: m.date, tag: m.text } },
      ];
      for (const body of wrong) for (const [method, target] of [['POST', '/Patient'], ['PUT', '/Patient/wrong'], ['POST', '/Patient/$validate']]) {
        const answer = await ask('city', method, target, method === 'PUT' ? { id: 'wrong', ...body } : body);
        if (target.endsWith('validate')) refusals.push(['$validate', answer.text]);
        // A POST gives an id of its own.
        else if (body.id === undefined || method === 'PUT') assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${JSON.stringify(body)}`);
        const bundled = await ask('city', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST', url: 'Patient' }, resource: body }] });
        assert.ok(bundled.status < 500, bundled.text);
      }
      const broken = `{"resourceType":"Patient","name":[{"family":"${m.family}"}],"identifier":[{"value":"${m.card}"`;
      for (const text of [broken, `${broken}}]}]}}`, `${broken}}],"telecom":${m.phone}x}`, `"${m.family}"`, `{"${m.family}":"${m.card}"`, `[${m.phone}`]) {
        assert.ok((await ask('city', 'POST', '/Patient', text)).status >= 400);
        assert.ok((await ask('city', 'POST', '', text)).status >= 400);
      }
      for (const query of [`birthdate=${m.date}`, `birthdate=${m.family}`, `gender=${m.code}|||`, `_lastUpdated=${m.phone}x`, `_count=${m.phone}x`, `_sort=${m.family}`, `general-practitioner=${m.family}%7C`,
        `_summary=${m.text}`, `_elements=${m.family}`, `identifier=%zz${m.card}`, `family:exactly=${m.family}`, `active=${m.text}`, `_total=${m.text}`, `_id=${m.family}%20x`, `name%00=${m.family}`, `_pretty=${m.text}`, `_format=${m.text}`,
        `identifier=${m.card}%7C%7C${m.phone}`, `organization:missing=${m.text}`, `_page=${m.text}`]) {
        const get = await ask('city', 'GET', `/Patient?${query}`);
        assert.ok(get.status < 500, `${query}: ${get.text}`);
        await ask('city', 'POST', '/Patient/_search', query, { 'content-type': 'application/x-www-form-urlencoded' });
        await ask('city', 'DELETE', `/Patient?${query}&_id=none`);
        await ask('city', 'POST', '/Patient', { resourceType: 'Patient' }, { 'if-none-exist': query });
      }
      for (const steps of [[{ op: 'replace', path: `/${m.family}/x`, value: m.text }], [{ op: 'test', path: '/name/0/family', value: m.family }], [{ op: m.code, path: '/name' }], [{ op: 'replace', path: '/birthDate', value: m.date }],
        [{ op: 'add', path: '/name/-', value: m.family }], m.text, [{ op: 'move', from: '/identifier/9', path: '/gender' }], [{ op: 'replace', path: '/gender', value: m.code }]]) {
        await ask('city', 'PATCH', '/Patient/p-here', steps, { 'content-type': 'application/json-patch+json' });
      }
      // Several hold, the version is another one, an id is none.
      await ask('city', 'PUT', `/Patient?identifier=${encodeURIComponent(`${kCard}|${kSecrets.here.card}`)}`, patientOf('x', 'here'));
      await ask('city', 'PUT', '/Patient/p-here', patientOf('p-here', 'here'), { 'if-match': `W/"${m.phone}x"` });
      await ask('city', 'GET', `/Patient/${m.family}%20${m.card}`);
      await ask('city', 'GET', `/${m.family}/${m.card}`);
      await ask('city', 'GET', '/Patient/p-here', undefined, { accept: `text/${m.text}` });
      await ask('city', 'POST', '/Patient', patientOf('x', 'here'), { 'content-type': `text/${m.text}` });
      await ask('nobody', 'POST', '//auth/sign-in', JSON.stringify({ account: m.family, password: m.text }), { 'content-type': 'application/json', 'x-tongkang': '1' });
      await ask('nobody', 'GET', `//auth/${m.family}`);
      await ask('city', 'GET', `//live?${m.family}=${m.text}`);
      await ask('city', 'GET', `//app/screening/${m.family}`);
    });

    test('no planted value is in a refusal, the program\'s output, a metric or the audit', async () => {
      assert.ok(refusals.length > 1000);
      const holds = (text, values = kAll) => values.filter((value) => text.toLowerCase().includes(value.toLowerCase()));
      const leaks = new Map();
      for (const [what, text] of refusals) if (holds(text).length > 0) leaks.set(`${holds(text)}: ${text.slice(0, 400)}`, what);
      assert.deepEqual([...leaks], []);
      const metrics = (await ask('admin', 'GET', '//metrics')).text;
      assert.match(metrics, /tongkang_http_requests_total/);
      assert.deepEqual(holds(metrics), []);
      await server.stop();
      assert.match(server.output, /"event":"request"/);
      // Values, and ids too: whose record was asked for is the audit's business.
      const ids = ['p-here', 'p-there', ...kTypes.flatMap((type) => ['own', 'other', 'never'].map((which) => `${idOf(type, which)}"`))];
      assert.deepEqual(holds(server.output, [...kAll, ...ids]), []);
      const audit = fs.readdirSync(path.join(data, 'audit')).filter((file) => file.endsWith('.jsonl')).map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
      assert.match(audit, /"action":"read"/);
      assert.deepEqual(holds(audit, [...kAll, ...ids]), []);
      for (const post of kPosts) assert.match(audit, new RegExp(`"account":"${post}-here"`));
    });
  });
}

accessOn('SQLite', 'sqlite');
accessOn('PostgreSQL', 'postgres');
