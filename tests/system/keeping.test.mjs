// Keeping accounts over HTTP: who may do what to whom, and the ways around it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';
import { Tab, totp } from '../lib/sign_in.mjs';

const kPassword = 'bitter melon 77', kOwn = 'winter gourd and rain';

describe('keeping accounts', () => {
  let server, data, tokens;
  const account = (args, input) => execFileSync(program(), ['account', ...args, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  const tokenOf = (name) => execFileSync(program(), ['token', '--data', data, '--account', name], { encoding: 'utf8' }).trim();
  const as = (who, method, target, body, headers = {}) => request(server.base, method, `/admin/accounts${target}`, { token: tokens[who], body, headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers } });
  before(async () => {
    data = freshFolder('keeping');
    for (const [name, post, area] of [['sec', 'security-officer', ''], ['sec2', 'security-officer', ''], ['county', 'security-officer', '380102'], ['ops', 'operator', ''], ['aud', 'auditor', ''], ['doc', 'doctor', '380102'], ['far', 'doctor', '380104'], ['pole', 'screener', '380102'], ['clerk', 'index-clerk', ''], ['desk', 'card-desk', '380102'], ['cdc', 'cdc-officer', '3801']]) {
      account(['add', name, '--post', post, ...(area ? ['--area', area] : [])], kPassword);
    }
    account(['add', 'anna', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/a'], kPassword);
    server = await new Server(data, { outputMax: 1_000_000 }).start();
    tokens = Object.fromEntries(['sec', 'sec2', 'county', 'ops', 'aud', 'doc', 'pole', 'clerk', 'desk', 'cdc', 'anna', 'admin'].map((name) => [name, tokenOf(name)]));
  });
  after(async () => {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('the matrix of duties: accounts are kept by who has that duty, and by nobody else', async () => {
    const asks = [['GET', ''], ['GET', '/far'], ['POST', '', { name: 'x', post: 'doctor' }], ['PATCH', '/far', { display: 'X' }], ['GET', '/far/sessions'], ['DELETE', '/far/sessions'],
      ...['disable', 'enable', 'revoke', 'reset', 'reset-factor', 'new-secret'].map((what) => ['POST', `/far/${what}`])];
    for (const who of ['ops', 'aud', 'doc', 'pole', 'clerk', 'desk', 'cdc', 'anna']) {
      for (const [method, target, body] of asks) assert.equal((await as(who, method, target, body)).status, 403, `${who} ${method} ${target}`);
    }
    for (const [method, target, body] of asks) assert.equal((await request(server.base, method, `/admin/accounts${target}`, { body })).status, 401);
    // And who keeps accounts has none of the other duties, and sees no health data.
    for (const target of ['/metrics', '/audit/events', '/fhir/Patient', '/fhir/Observation']) assert.equal((await request(server.base, 'GET', target, { token: tokens.sec })).status, 403, target);
    for (const target of ['/audit/events', '/fhir/Patient']) assert.equal((await request(server.base, 'GET', target, { token: tokens.ops })).status, 403, target);
    for (const target of ['/metrics', '/fhir/Patient']) assert.equal((await request(server.base, 'GET', target, { token: tokens.aud })).status, 403, target);
  });

  test('an account is made with a password for one sign-in, and nobody learns another', async () => {
    const made = await as('sec', 'POST', '', { name: 'new', display: '新来的', post: 'doctor', area: '380102', record: 'Practitioner/new' });
    assert.equal(made.status, 201, made.text);
    assert.ok(!made.text.includes('argon2id'));
    const page = new Tab(server);
    const asked = await page.signIn('new', made.json.one_time_password);
    assert.equal(asked.json.next, 'password');
    const entered = (await page.auth('password', { ticket: asked.json.ticket, password: kOwn })).json;
    assert.deepEqual([entered.account, entered.kind, entered.record], ['new', 'person', 'Practitioner/new']);
    const shown = await as('sec', 'GET', '/new');
    assert.deepEqual([shown.json.password, shown.json.must_change, shown.json.one_time_password, shown.json.post], [true, false, undefined, 'doctor']);
    assert.equal((await as('sec', 'POST', '', { name: 'new', post: 'doctor' })).status, 409);
    for (const [body, status] of [[{ name: 'Bad Name', post: 'doctor' }, 400], [{ name: 'a', post: 'no-such' }, 400], [{ name: 'a', post: 'doctor', area: '38x' }, 400], [{ name: 'a', kind: 'robot', post: 'doctor' }, 400], [{ name: 'a', post: 'doctor', hat: 'red' }, 400], [{ name: 'a' }, 400], ['nothing', 400]]) {
      assert.equal((await as('sec', 'POST', '', body)).status, status, JSON.stringify(body));
    }
    const robot = await as('sec', 'POST', '', { name: 'lab', kind: 'program', post: 'cdc-officer', scopes: 'system/Observation.rs' });
    assert.equal(robot.status, 201);
    assert.ok(robot.json.client_secret.length > 40);
    assert.notEqual((await as('sec', 'POST', '/lab/new-secret')).json.client_secret, robot.json.client_secret);
  });

  test('the list is paged and searched', async () => {
    const all = (await as('sec', 'GET', '?_count=500')).json;
    assert.equal(all.total, all.accounts.length);
    assert.deepEqual(all.accounts.map((each) => each.name), all.accounts.map((each) => each.name).sort());
    const names = [];
    let after = '';
    do {
      const page = (await as('sec', 'GET', `?_count=4&after=${after}`)).json;
      assert.equal(page.total, all.total);
      names.push(...page.accounts.map((each) => each.name));
      after = page.next;
    } while (after);
    assert.deepEqual(names, all.accounts.map((each) => each.name));
    assert.deepEqual((await as('sec', 'GET', '?post=auditor')).json.accounts.map((each) => each.name), ['aud']);
    assert.deepEqual((await as('sec', 'GET', '?kind=resident')).json.accounts.map((each) => each.name), ['anna']);
    assert.deepEqual((await as('sec', 'GET', `?text=${encodeURIComponent('新来')}`)).json.accounts.map((each) => each.name), ['new']);
    // What the list can be narrowed to, and which posts may be given: told with the first page alone.
    const { counts, posts } = (await as('sec', 'GET', '?kind=resident')).json;
    assert.deepEqual([counts.all, counts.resident, counts.program, counts.disabled], [all.total, 1, 1, 0]);
    assert.equal(counts.person, all.total - 2);
    assert.deepEqual(posts.find((each) => each.name === 'auditor'), { name: 'auditor', title_zh: '审计员', title_en: 'Auditor', second_factor: false });
    assert.ok(!posts.some((each) => each.name === 'admin'));
    assert.ok((await as('admin', 'GET', '')).json.posts.some((each) => each.name === 'admin'));
    assert.equal((await as('sec', 'GET', '?after=a')).json.counts, undefined);
    for (const query of ['?_count=0', '?_count=x', '?disabled=perhaps']) assert.equal((await as('sec', 'GET', query)).status, 400, query);
  });

  test('nobody raises himself, and the post admin is out of reach', async () => {
    assert.equal((await as('sec', 'PATCH', '/sec', { post: 'admin' })).status, 403);
    for (const what of ['disable', 'reset', 'reset-factor', 'revoke']) assert.equal((await as('sec', 'POST', `/sec/${what}`)).status, 403, what);
    assert.equal((await as('sec', 'PATCH', '/doc', { post: 'admin' })).status, 403);
    assert.equal((await as('sec', 'POST', '', { name: 'mine', post: 'admin' })).status, 403);
    for (const what of ['disable', 'reset', 'reset-factor']) assert.equal((await as('sec', 'POST', `/admin/${what}`)).status, 403, what);
    assert.equal((await as('sec', 'PATCH', '/admin', { display: 'X' })).status, 403);
    assert.equal((await as('admin', 'PATCH', '/cdc', { display: 'CDC' })).status, 200);
  });

  test('who is limited to an area keeps accounts of that area', async () => {
    const seen = (await as('county', 'GET', '')).json.accounts.map((each) => each.name);
    assert.ok(seen.includes('doc') && !seen.includes('far') && !seen.includes('sec') && !seen.includes('cdc'), seen.join());
    for (const [method, target, body] of [['GET', '/far'], ['PATCH', '/far', { display: 'X' }], ['POST', '/far/reset'], ['POST', '/sec2/disable'], ['GET', '/far/sessions'], ['DELETE', '/far/sessions']]) assert.equal((await as('county', method, target, body)).status, 404, target);
    assert.equal((await as('county', 'POST', '', { name: 'wide', post: 'doctor' })).status, 403);
    assert.equal((await as('county', 'POST', '', { name: 'wide', post: 'doctor', area: '3801' })).status, 403);
    assert.equal((await as('county', 'PATCH', '/doc', { area: '' })).status, 403);
    assert.equal((await as('county', 'PATCH', '/doc', { area: '380104' })).status, 403);
    assert.equal((await as('county', 'POST', '', { name: 'near', post: 'doctor', area: '380102001' })).status, 201);
  });

  test('one person holds one of the duties, in whatever accounts', async () => {
    assert.equal((await as('sec', 'PATCH', '/ops', { record: 'Practitioner/wang' })).status, 200);
    assert.equal((await as('sec', 'POST', '', { name: 'wang2', post: 'auditor', record: 'Practitioner/wang' })).status, 409);
    assert.equal((await as('sec', 'POST', '', { name: 'wang2', post: 'doctor', area: '380102', record: 'Practitioner/wang' })).status, 201);
    assert.equal((await as('sec', 'PATCH', '/wang2', { post: 'auditor' })).status, 409);
    assert.equal((await as('sec', 'PATCH', '/wang2', { post: 'security-officer' })).status, 409);
    assert.equal((await as('sec', 'PATCH', '/aud', { record: 'Practitioner/wang' })).status, 409);
    // The same by the phone.
    assert.equal((await as('sec', 'PATCH', '/aud', { phone: '19900003333' })).status, 200);
    assert.equal((await as('sec', 'PATCH', '/ops', { phone: '199 0000 3333' })).status, 409);
    assert.equal((await as('sec', 'GET', '/aud')).text.includes('3333'), false);
    assert.equal((await as('sec', 'PATCH', '/aud', { phone: '12' })).status, 400);
  });

  test('the last who can keep accounts cannot be taken away, also when two try at once', async () => {
    // admin has no password, county has: of those who sign in at a page there are sec, sec2 and county.
    assert.equal((await as('sec', 'POST', '/county/disable')).status, 200);
    tokens.sec = tokenOf('sec');
    const both = await Promise.all([as('sec', 'POST', '/sec2/disable'), as('sec2', 'POST', '/sec/disable')]);
    assert.ok(both.some((each) => each.status === 200));
    const left = fs.readFileSync(path.join(data, 'accounts.toml'), 'utf8').split('[[account]]').filter((each) => /post = "security-officer"/.test(each) && /disabled = false/.test(each));
    assert.ok(left.length >= 1, 'one is left');
    const alone = left[0].match(/name = "([^"]*)"/)[1];
    tokens[alone] = tokenOf(alone);
    assert.equal((await as('admin', 'POST', `/${alone}/disable`)).status, 409);
    assert.equal((await as('admin', 'PATCH', `/${alone}`, { post: 'doctor' })).status, 409);
    for (const name of ['sec', 'sec2', 'county']) await as('admin', 'POST', `/${name}/enable`);
    for (const name of ['sec', 'sec2', 'county']) tokens[name] = tokenOf(name);
  });

  test('what is changed counts at once, and ends what was open; sessions are ended one by one', async () => {
    const page = new Tab(server), other = new Tab(server, 'Mozilla/5.0 (iPhone) Safari/604.1');
    await page.signIn('far', kPassword);
    await other.signIn('far', kPassword);
    const list = (await as('sec', 'GET', '/far/sessions')).json.sessions;
    assert.equal(list.length, 2);
    const [pages, others] = ['Chrome, Windows', 'Safari, iPhone'].map((device) => list.find((each) => each.device === device).id);
    assert.equal((await as('sec', 'DELETE', `/far/sessions/${pages}`)).status, 204);
    assert.equal((await page.me()).status, 401);
    assert.equal((await other.me()).status, 200);
    assert.equal((await as('sec', 'DELETE', `/doc/sessions/${others}`)).status, 404, 'not of another account');
    assert.equal((await as('sec', 'PATCH', '/far', { area: '380102' })).json.area, '380102');
    assert.equal((await other.me()).status, 401);
    await page.signIn('far', kPassword);
    assert.equal((await page.me()).json.area, '380102');
    assert.equal((await as('sec', 'POST', '/far/disable')).json.disabled, true);
    assert.equal((await page.me()).status, 401);
    assert.equal((await page.signIn('far', kPassword)).status, 401);
    assert.equal((await as('sec', 'POST', '/far/enable')).status, 200);
    // A reset of the second factor, and of the password.
    await page.signIn('far', kPassword);
    const { secret, ticket } = (await page.auth('factor', { password: kPassword })).json;
    assert.equal((await page.auth('factor-confirm', { ticket, code: totp(secret) })).status, 200);
    assert.equal((await new Tab(server).signIn('far', kPassword)).json.next, 'code');
    const reset = (await as('sec', 'POST', '/far/reset')).json.one_time_password;
    assert.equal((await new Tab(server).signIn('far', kPassword)).status, 401);
    assert.equal((await new Tab(server).signIn('far', reset)).json.next, 'code', 'the factor stays');
    assert.equal((await as('sec', 'POST', '/far/reset-factor')).json.app, false);
    assert.equal((await new Tab(server).signIn('far', reset)).json.next, 'password');
    assert.equal((await as('sec', 'POST', '/nobody/reset')).status, 404);
    assert.equal((await as('sec', 'POST', '/far/dance')).status, 404);
  });

  test('an account gets an area that there is, as soon as areas are known', async () => {
    const csv = 'code,name\n3801,安和市\n380102,东城区\n';
    const imported = await request(server.base, 'POST', '/fhir/$import-areas', { token: tokens.admin, body: csv, headers: { 'content-type': 'text/csv' } });
    assert.equal(imported.status, 200, imported.text);
    const refused = await as('sec', 'POST', '', { name: 'lost', post: 'doctor', area: '380199' });
    assert.equal(refused.status, 400, refused.text);
    assert.match(refused.text, /380199/);
    assert.equal((await as('sec', 'GET', '/lost')).status, 404);
    assert.equal((await as('sec', 'POST', '', { name: 'found', post: 'doctor', area: '380102' })).status, 201);
    assert.equal((await as('sec', 'PATCH', '/found', { area: '380199' })).status, 400);
    assert.equal((await as('sec', 'PATCH', '/far', { display: 'still there' })).status, 200, 'an area that is not known any more stands until it is changed');
  });

  test('each change is in the audit, with whom it was about, without secrets', async () => {
    await sleep(1500);
    const audit = fs.readdirSync(path.join(data, 'audit')).map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
    for (const action of ['account-list', 'account-read', 'account-add', 'account-change', 'account-disable', 'account-enable', 'account-reset', 'account-reset-factor', 'account-secret', 'sessions', 'sessions-end']) {
      assert.match(audit, new RegExp(`"account":"sec",[^\\n]*"action":"${action}"${action === 'account-list' ? '' : ',"type":"account","id":"[0-9a-f]+"'}`), action);
    }
    for (const text of [kPassword, kOwn, '19900003333']) for (const [where, all] of Object.entries({ audit, output: server.output, file: fs.readFileSync(path.join(data, 'accounts.toml'), 'utf8') })) assert.ok(!all.includes(text), `${where} has ${text.slice(0, 3)}…`);
    // Whom a change was about is found by his name.
    const found = await request(server.base, 'GET', '/audit/events?record=account/far&action=account-disable', { token: tokenOf('aud') });
    assert.equal(found.status, 200, found.text);
    assert.equal(found.json.entry.length, 1);
  });
});
