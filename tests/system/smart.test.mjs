// SMART-on-FHIR: fhirclient as the program, staff who choose a resident, a resident himself, and what scopes leave of a right.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import smart from 'fhirclient';
import { Browser, signIn } from '../lib/browser.mjs';
import { freshFolder, letDelete, program, request, Server } from '../lib/server.mjs';

const kBack = 'http://127.0.0.1:9/back', kPassword = 'bitter melon 77', kHere = '380102', kThere = '380104';
const kArea = 'http://tongkang.dev/fhir/sid/area', kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id';

describe('smart on fhir', () => {
  let server, data, admin;
  const account = (args, input) => execFileSync(program(), ['account', ...args, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  const fhir = (token, target, method = 'GET', body) => request(server.base, method, `/fhir/${target}`, { token, body });
  const put = async (resource) => assert.equal((await fhir(admin, `${resource.resourceType}/${resource.id}`, 'PUT', resource)).status, 201);
  before(async () => {
    data = freshFolder('smart');
    account(['add', 'li', '--post', 'doctor', '--area', kHere, '--record', 'Practitioner/li'], kPassword);
    account(['add', 'city', '--post', 'doctor'], kPassword);
    account(['add', 'anna', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/a'], kPassword);
    account(['add', 'growth', '--kind', 'program', '--public', '--display', '生长曲线', '--redirect', kBack, '--scopes', 'openid fhirUser launch/patient online_access offline_access patient/*.cruds user/*.cruds']);
    letDelete(data, 'doctor');
    server = await new Server(data).start();
    admin = await server.token();
    for (const [id, area, card] of [['a', kHere, '380102197103046119'], ['b', kHere, '380102199001011234'], ['far', kThere, '380104196805127735']]) {
      await put({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ text: `Name ${id}` }], gender: 'female', birthDate: '1971-03-04', identifier: [{ system: kCard, value: card }] });
      await put({ resourceType: 'Observation', id: `o-${id}`, status: 'final', code: { text: 'weight' }, subject: { reference: `Patient/${id}` }, valueQuantity: { value: 60 } });
      await put({ resourceType: 'Condition', id: `c-${id}`, code: { text: 'cough' }, subject: { reference: `Patient/${id}` } });
    }
    await put({ resourceType: 'Practitioner', id: 'li', name: [{ text: 'Li' }] });
  });
  after(async () => {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  /** fhirclient's two halves with a browser of our own between them; its Client. */
  async function launch({ scope, who, identifier = '380102197103046119' }) {
    const kept = new Map();
    const storage = { get: async (key) => kept.get(key), set: async (key, value) => (kept.set(key, value), value), unset: async (key) => kept.delete(key) };
    const turn = (url, run) => new Promise((resolve, reject) => {
      const response = { headersSent: false, writeHead(status, headers) { resolve(headers.location); }, end() {} };
      Promise.resolve(run(smart({ url, headers: { host: '127.0.0.1:9' }, socket: {}, method: 'GET' }, response, storage))).then((value) => value !== undefined && resolve(value), reject);
    });
    const url = await turn('/launch', (api) => api.authorize({ clientId: 'growth', scope, redirectUri: kBack, iss: `${server.base}/fhir`, pkceMode: 'required' }));
    assert.equal(new URL(url).searchParams.get('aud'), `${server.base}/fhir`);
    const back = await signIn(new Browser(), url, { account: who, password: kPassword, identifier });
    return turn(back.pathname + back.search, (api) => api.ready());
  }
  const tokenOf = (client) => client.state.tokenResponse.access_token;

  test('metadata and the well-known file agree on where to go', async () => {
    const told = (await request(server.base, 'GET', '/fhir/.well-known/smart-configuration')).json;
    assert.equal(told.issuer, server.base);
    assert.deepEqual(told.code_challenge_methods_supported, ['S256']);
    for (const word of ['launch-standalone', 'permission-v2', 'context-standalone-patient', 'client-confidential-asymmetric']) assert.ok(told.capabilities.includes(word), word);
    const statement = (await request(server.base, 'GET', '/fhir/metadata')).json;
    const uris = statement.rest[0].security.extension.find((each) => each.url.endsWith('/oauth-uris')).extension;
    assert.equal(uris.find((each) => each.url === 'token').valueUri, told.token_endpoint);
    assert.equal(uris.find((each) => each.url === 'authorize').valueUri, told.authorization_endpoint);
    assert.equal(statement.rest[0].security.service[0].coding[0].code, 'SMART-on-FHIR');
  });

  test('staff choose a resident, and the program sees that one alone', async () => {
    const client = await launch({ scope: 'openid fhirUser launch/patient patient/*.read', who: 'li' });
    assert.equal(client.patient.id, 'a');
    assert.equal((await client.patient.read()).id, 'a');
    assert.equal(client.user.fhirUser, 'Practitioner/li');
    // Whom the page of choice showed is told so.
    const own = await server.token('anna');
    const isPicker = ({ resource }) => resource.agent[0].role?.[0].coding[0].code === 'doctor' && resource.subtype[0].code === 'search';
    let mine;
    for (let i = 0; i < 40 && !mine?.json?.entry?.some(isPicker); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      mine = await request(server.base, 'GET', '/audit/mine', { token: own });
    }
    assert.ok(mine.json.entry.some(isPicker), mine.text);
    const all = await client.request('Observation');
    assert.deepEqual(all.entry.map((entry) => entry.resource.id), ['o-a']);
    assert.equal((await fhir(tokenOf(client), 'Observation?_total=accurate')).json.total, 1);
    for (const target of ['Patient/b', 'Observation/o-b', 'Patient/far', 'Condition/c-far']) assert.equal((await fhir(tokenOf(client), target)).status, 404, target);
    for (const target of ['Observation?patient=b', 'Observation?subject:Patient.identifier=380102199001011234', 'Patient?_has:Observation:patient:code:text=weight&_id=b']) assert.equal((await fhir(tokenOf(client), target)).json.entry?.length ?? 0, 0, target);
    assert.equal((await fhir(tokenOf(client), 'Practitioner/li')).status, 200);  // belongs to nobody
    const made = await fhir(tokenOf(client), 'Observation', 'POST', { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/a' } });
    assert.equal(made.status, 403);
  });

  test('a program that may write, writes about that one alone', async () => {
    const client = await launch({ scope: 'openid launch/patient patient/Observation.cruds', who: 'city' });
    const of = (id) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: `Patient/${id}` } });
    const made = await fhir(tokenOf(client), 'Observation', 'POST', of('a'));
    assert.equal(made.status, 201);
    assert.equal((await fhir(tokenOf(client), 'Observation', 'POST', of('b'))).status, 403);
    assert.equal((await fhir(tokenOf(client), `Observation/${made.json.id}`, 'PUT', { ...of('b'), id: made.json.id })).status, 403);
    assert.equal((await fhir(tokenOf(client), 'Patient/a')).status, 403);
    const transaction = (id) => ({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource: of(id), request: { method: 'POST', url: 'Observation' } }] });
    assert.equal((await fhir(tokenOf(client), '', 'POST', transaction('a'))).status, 200);
    assert.equal((await fhir(tokenOf(client), '', 'POST', transaction('far'))).status, 403);
  });

  test('each letter is a right of its own', async () => {
    const body = { resourceType: 'Observation', id: 'o-a', status: 'final', code: { text: 'weight' }, subject: { reference: 'Patient/a' } };
    const { id: ignored, ...fresh } = body;
    const entry = (method, url, resource) => ({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource, request: { method, url } }] });
    const asks = {
      r: [['GET', 'Observation/o-a'], ['GET', 'Observation/o-a/_history'], ['GET', 'Observation/o-a/_history/1']],
      s: [['GET', 'Observation'], ['POST', 'Observation/_search'], ['GET', '?_type=Observation'], ['GET', 'Observation/_history']],
      c: [['POST', 'Observation', fresh], ['POST', '', entry('POST', 'Observation', fresh)]],
      u: [['PUT', 'Observation/o-a', body], ['POST', '', entry('PUT', 'Observation/o-a', body)]],
      d: [['DELETE', 'Observation/never-was'], ['POST', '', entry('DELETE', 'Observation/never-was')]],
    };
    for (const letter of Object.keys(asks)) {
      const client = await launch({ scope: `user/Observation.${letter}`, who: 'li' });
      for (const [owner, list] of Object.entries(asks)) {
        for (const [method, target, sent] of list) {
          const answer = await fhir(tokenOf(client), target, method, sent);
          const refused = answer.status === 403;
          assert.equal(refused, owner !== letter, `${letter}: ${method} ${target} ${answer.status} ${answer.text}`);
        }
      }
    }
  });

  test('a resident is himself and nobody else, whatever he is asked for', async () => {
    const client = await launch({ scope: 'openid fhirUser launch/patient patient/*.rs', who: 'anna', identifier: '380102199001011234' });
    assert.equal(client.patient.id, 'a');
    assert.equal(client.user.fhirUser, 'Patient/a');
    assert.equal((await client.request('Patient/a')).id, 'a');
    assert.equal((await fhir(tokenOf(client), 'Patient/b')).status, 404);
    const wide = await launch({ scope: 'user/*.rs', who: 'anna' });
    assert.deepEqual((await fhir(tokenOf(wide), 'Patient')).json.entry.map((each) => each.resource.id), ['a']);
    // Without any program, too.
    const token = await server.token('anna');
    assert.deepEqual((await fhir(token, 'Patient')).json.entry.map((each) => each.resource.id), ['a']);
    assert.equal((await fhir(token, 'Observation/o-b')).status, 404);
  });

  test('nobody is chosen who lies outside the area', async () => {
    await assert.rejects(launch({ scope: 'openid launch/patient patient/*.rs', who: 'li', identifier: '380104196805127735' }), /没有找到/);
    await launch({ scope: 'openid launch/patient patient/*.rs', who: 'city', identifier: '380104196805127735' });
  });

  test('whoever moves away is seen no more by who has an area', async () => {
    const client = await launch({ scope: 'openid launch/patient patient/*.rs', who: 'li', identifier: '380102199001011234' });
    assert.equal((await fhir(tokenOf(client), 'Patient/b')).status, 200);
    const patient = (await fhir(admin, 'Patient/b')).json;
    patient.meta.tag = [{ system: kArea, code: kThere }];
    assert.equal((await fhir(admin, 'Patient/b', 'PUT', patient)).status, 200);
    assert.equal((await fhir(tokenOf(client), 'Patient/b')).status, 404);
    assert.equal((await fhir(tokenOf(client), 'Observation/o-b')).status, 404);
  });
});
