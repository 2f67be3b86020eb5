// Sign-on for other programs: OAuth 2.1 and OpenID Connect, with openid-client as the program, and with what a thief would try.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser, signIn } from '../lib/browser.mjs';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kBack = 'http://127.0.0.1:9/back', kPassword = 'bitter melon 77';
const insecure = { execute: [oidc.allowInsecureRequests] };

describe('openid connect', () => {
  let server, data, secret;
  const keys = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const account = (args, input) => execFileSync(program(), ['account', ...args, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  before(async () => {
    data = freshFolder('oidc');
    account(['add', 'li', '--post', 'doctor', '--area', '380102', '--display', '李医生', '--record', 'Practitioner/li'], kPassword);
    account(['add', 'wang', '--post', 'screener', '--area', '380102'], kPassword);
    account(['add', 'qian', '--post', 'doctor', '--area', '380102', '--display', '钱医生'], kPassword);
    secret = account(['add', 'portal', '--kind', 'program', '--display', '门户', '--redirect', kBack, '--scopes', 'openid profile fhirUser offline_access online_access user/*.rs user/Task.cruds']);
    account(['add', 'phone', '--kind', 'program', '--public', '--redirect', 'cn.example.phone:/back', '--scopes', 'openid user/Patient.rs']);
    fs.writeFileSync(path.join(data, 'jwks.json'), JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig' }] }));
    account(['add', 'lab', '--kind', 'program', '--post', 'cdc-officer', '--jwks', path.join(data, 'jwks.json'), '--scopes', 'system/Observation.rs system/Patient.rs']);
    server = await new Server(data).start();
  });
  after(async () => {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });
  const tokenOf = (name) => execFileSync(program(), ['token', '--data', data, '--account', name], { encoding: 'utf8' }).trim();
  const discover = (client = 'portal', auth = oidc.ClientSecretBasic(secret)) => oidc.discovery(new URL(server.base), client, undefined, auth, insecure);

  /** The whole way, as a program goes it. */
  async function grant(config, { scope = 'openid profile fhirUser offline_access user/*.rs', browser = new Browser(), who = 'li', redirect = kBack, ...more } = {}) {
    const verifier = oidc.randomPKCECodeVerifier(), nonce = oidc.randomNonce(), state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: redirect, scope, nonce, state, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more });
    const back = await signIn(browser, url, { account: who, password: kPassword });
    const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state };
    return { back, checks, browser, url, finish: () => oidc.authorizationCodeGrant(config, back, checks) };
  }
  const post = (target, fields, headers = {}) => request(server.base, 'POST', target, { body: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } });
  const fhir = (token, target, method = 'GET', body) => request(server.base, method, `/fhir/${target}`, { token, body });
  const basic = () => ({ authorization: `Basic ${Buffer.from(`portal:${secret}`).toString('base64')}` });

  test('a program signs a person in, knows him, asks for him and renews', async () => {
    const config = await discover();
    const tokens = await (await grant(config)).finish();
    const claims = tokens.claims();
    assert.equal(claims.sub, 'li');
    assert.equal(claims.name, '李医生');
    assert.equal(claims.fhirUser, `${server.base}/fhir/Practitioner/li`);
    assert.deepEqual(claims.amr, ['pwd']);
    const info = await oidc.fetchUserInfo(config, tokens.access_token, 'li');
    assert.equal(info.preferred_username, 'li');
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 200);
    const told = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.ok(told.active && told.sub === 'li' && told.client_id === 'portal');
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(renewed.refresh_token, tokens.refresh_token);
    assert.equal((await fhir(renewed.access_token, 'Patient')).status, 200);
    await oidc.tokenRevocation(config, renewed.refresh_token);
    assert.equal((await fhir(renewed.access_token, 'Patient')).status, 401);
    assert.equal((await oidc.tokenIntrospection(config, renewed.access_token)).active, false);
  });

  const headerOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));

  test('tokens are signed as the program is registered, by RS256 if it says nothing', async () => {
    const told = (await request(server.base, 'GET', '/.well-known/openid-configuration')).json.id_token_signing_alg_values_supported;
    assert.deepEqual(told, ['RS256', 'ES256']);
    const files = path.join(data, 'accounts.toml'), back = ['--redirect', kBack, '--scopes', 'openid user/*.rs'];
    const secrets = { portal: secret, curve: account(['add', 'curve', '--kind', 'program', ...back, '--id-token-alg', 'ES256']), older: account(['add', 'older', '--kind', 'program', ...back]) };
    assert.throws(() => account(['add', 'wrong', '--kind', 'program', ...back, '--id-token-alg', 'HS256']), /RS256 or ES256/);
    // A program of before there was a choice is in the file without one, and is given what it has always been given.
    const text = fs.readFileSync(files, 'utf8'), at = text.indexOf('name = "older"');
    fs.writeFileSync(files, text.slice(0, at) + text.slice(at).replace(/id_token_signed_response_alg = "RS256"\n/, ''));
    await sleep(1200);
    for (const [client, algorithm] of [['portal', 'RS256'], ['curve', 'ES256'], ['older', 'ES256']]) {
      const config = await discover(client, oidc.ClientSecretBasic(secrets[client]));
      oidc.enableNonRepudiationChecks(config);  // without it openid-client takes the id token unchecked, as it came straight from the server
      const tokens = await (await grant(config, { scope: 'openid user/*.rs' })).finish();
      for (const token of [tokens.id_token, tokens.access_token]) assert.equal(headerOf(token).alg, algorithm, client);
      assert.equal((await fhir(tokens.access_token, 'Patient')).status, 200, client);
      // Another's algorithm in the header, and nothing of it is true any more.
      const [head, ...rest] = tokens.access_token.split('.');
      const turned = { ...headerOf(tokens.access_token), alg: algorithm === 'RS256' ? 'ES256' : 'RS256' };
      assert.equal((await fhir([Buffer.from(JSON.stringify(turned)).toString('base64url'), ...rest].join('.'), 'Patient')).status, 401, head.slice(0, 4));
    }
    // Registered otherwise, it is another one from then on.
    const portal = (await request(server.base, 'GET', '/admin/accounts/portal', { token: tokenOf('admin') })).json;
    assert.equal(portal.id_token_signed_response_alg, 'RS256');
    const change = (alg) => request(server.base, 'PATCH', '/admin/accounts/older', { token: tokenOf('admin'), body: { id_token_signed_response_alg: alg }, headers: { 'content-type': 'application/json' } });
    assert.equal((await change('PS256')).status, 400);
    assert.equal((await change('RS256')).status, 200);
    const tokens = await (await grant(await discover('older', oidc.ClientSecretBasic(secrets.older)), { scope: 'openid' })).finish();
    assert.equal(headerOf(tokens.id_token).alg, 'RS256');
  });

  test('fhirUser is granted to whom it can be told of, and the scope says so', async () => {
    const config = await discover();
    const known = await (await grant(config, { scope: 'openid fhirUser user/Patient.rs' })).finish();
    assert.equal(known.scope, 'openid fhirUser user/Patient.rs');
    assert.equal(known.claims().fhirUser, `${server.base}/fhir/Practitioner/li`);
    const way = await grant(config, { scope: 'openid fhirUser offline_access user/Patient.rs', who: 'qian' });
    const nobody = await way.finish();
    assert.equal(nobody.scope, 'openid offline_access user/Patient.rs');
    assert.equal(nobody.claims().fhirUser, undefined);
    assert.equal((await oidc.refreshTokenGrant(config, nobody.refresh_token)).scope, 'openid offline_access user/Patient.rs');
    // What was agreed to counts as agreed to: no page a second time.
    assert.equal((await way.browser.get(way.url)).status, 303);
    // Without openid there is no token that could tell it.
    const bare = await grant(config, { scope: 'fhirUser user/Patient.rs' });
    const got = await post('/oauth/token', { grant_type: 'authorization_code', code: bare.back.searchParams.get('code'), redirect_uri: kBack, code_verifier: bare.checks.pkceCodeVerifier }, basic());
    assert.deepEqual([got.json.scope, got.json.id_token], ['user/Patient.rs', undefined]);
    const none = await grant(config, { scope: 'fhirUser' });
    assert.equal(none.back.searchParams.get('error'), 'invalid_scope');
  });

  test('the right is the post and the scope together, never more', async () => {
    const config = await discover();
    // The scope lets it read and not write; the post of a screener knows no Condition.
    const doctor = await (await grant(config, { scope: 'openid user/*.rs' })).finish();
    assert.equal((await fhir(doctor.access_token, 'Condition')).status, 200);
    assert.equal((await fhir(doctor.access_token, 'Flag', 'POST', { resourceType: 'Flag' })).status, 403);
    const screener = await (await grant(config, { scope: 'openid user/*.rs', who: 'wang' })).finish();
    assert.equal((await fhir(screener.access_token, 'Condition')).status, 403);
    assert.equal((await fhir(screener.access_token, 'Patient')).status, 200);
    // What it may not be granted it does not get, whoever agrees.
    const more = await (await grant(config, { scope: 'openid user/*.cruds system/*.cruds' })).finish();
    assert.equal(more.scope, 'openid user/*.rs user/Task.cruds');
    assert.equal((await request(server.base, 'GET', '/metrics', { token: more.access_token })).status, 403);
  });

  test('a code is good once; a second time ends what it opened', async () => {
    const config = await discover();
    const way = await grant(config);
    const tokens = await way.finish();
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 200);
    await assert.rejects(way.finish(), (error) => error.error === 'invalid_grant');
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 401);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), (error) => error.error === 'invalid_grant');
  });

  test('in the name of another address nothing is signed and no assertion is taken', async () => {
    const assertion = (audience) => {
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const now = Math.floor(Date.now() / 1000);
      const text = `${part({ alg: 'ES384', kid: 'one', typ: 'JWT' })}.${part({ iss: 'lab', sub: 'lab', aud: audience, jti: crypto.randomUUID(), iat: now, exp: now + 60 })}`;
      return `${text}.${crypto.sign('sha384', Buffer.from(text), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const ask = (audience, headers) => post('/oauth/token', { grant_type: 'client_credentials', scope: 'system/Observation.rs',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion(audience) }, headers);
    assert.equal((await ask(`${server.base}/oauth/token`)).status, 200);
    assert.equal((await ask('http://evil.example/oauth/token')).status, 401);
    for (const host of ['evil.example', `evil.example:${new URL(server.base).port}`, '127.0.0.1:1', '127.0.0.1', 'localhost:0x50', '[::1'])
      assert.ok([400, 421].includes((await ask('http://evil.example/oauth/token', { host })).status), host);
    assert.equal((await request(server.base, 'GET', '/.well-known/openid-configuration', { headers: { host: 'evil.example' } })).status, 421);
    const port = new URL(server.base).port;
    const local = await request(server.base, 'GET', '/.well-known/openid-configuration', { headers: { host: `localhost:${port}` } });
    assert.equal(local.json.issuer, `http://localhost:${port}`);
  });

  test('the request for authorization may be posted; of refreshes at once one is right and the grant ends', async () => {
    const config = await discover();
    const posted = await post('/oauth/authorize', { response_type: 'code', client_id: 'portal', redirect_uri: kBack, scope: 'openid', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' });
    assert.equal(posted.status, 200, posted.text);
    assert.match(posted.text, /name="password"/);
    for (let round = 0; round < 4; round++) {
      const tokens = await (await grant(config)).finish();
      const answers = await Promise.all(Array.from({ length: 6 }, () => post('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }, basic())));
      const refused = answers.filter(({ status }) => status !== 200);
      assert.ok(refused.length >= 5);
      for (const answer of refused) assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
    }
  });

  test('a refresh token is good once; a second time ends the grant, also after kill -9', async () => {
    const config = await discover();
    const first = await (await grant(config)).finish();
    const second = await oidc.refreshTokenGrant(config, first.refresh_token);
    await server.kill();
    await server.start();
    assert.equal((await fhir(second.access_token, 'Patient')).status, 200);
    await assert.rejects(oidc.refreshTokenGrant(config, first.refresh_token), (error) => error.error === 'invalid_grant');
    assert.equal((await fhir(second.access_token, 'Patient')).status, 401);
    await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token), (error) => error.error === 'invalid_grant');
  });

  test('what is revoked or used stays so after kill -9', async () => {
    const config = await discover();
    const way = await grant(config);
    const tokens = await way.finish();
    const unused = await grant(config);
    await oidc.tokenRevocation(config, tokens.access_token);
    await server.kill();
    await server.start();
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 401);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token));
    await assert.rejects(way.finish(), (error) => error.error === 'invalid_grant');
    await assert.rejects(unused.finish(), (error) => error.error === 'invalid_grant');
  });

  test('requests that are wrong are refused where it is safe', async () => {
    const config = await discover();
    const good = { client_id: 'portal', redirect_uri: kBack, response_type: 'code', scope: 'openid', state: 's', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    const ask = async (change) => new Browser().get(`${server.base}/oauth/authorize?${new URLSearchParams(Object.fromEntries(Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined)))}`);
    // Nobody is sent to an address that is not the program's, letter by letter.
    for (const change of [{ redirect_uri: `${kBack}/` }, { redirect_uri: `${kBack}?x=1` }, { redirect_uri: 'https://evil.example/' }, { redirect_uri: undefined }, { client_id: 'li' }, { client_id: 'nobody' }, { client_id: undefined }]) {
      const page = await ask(change);
      assert.equal(page.status, 400, JSON.stringify(change));
      assert.equal(page.location, undefined);
      assert.match(page.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
    }
    for (const [change, error] of [[{ code_challenge: undefined }, 'invalid_request'], [{ code_challenge_method: 'plain' }, 'invalid_request'], [{ code_challenge_method: undefined }, 'invalid_request'], [{ code_challenge: 'short' }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'], [{ response_type: 'id_token' }, 'unsupported_response_type'], [{ scope: 'system/*.rs' }, 'invalid_scope'], [{ scope: '' }, 'invalid_scope'], [{ prompt: 'none' }, 'login_required'], [{ request: 'x.y.z' }, 'request_not_supported'], [{ aud: 'https://other.example/fhir' }, 'invalid_request']]) {
      const page = await ask(change);
      assert.equal(page.status, 303, JSON.stringify(change));
      const back = new URL(page.location);
      assert.equal(back.searchParams.get('error'), error, JSON.stringify(change));
      assert.equal(back.searchParams.get('iss'), server.base);
      assert.equal(back.searchParams.get('state'), 's');
    }
    assert.equal((await new Browser().get(`${server.base}/oauth/authorize?client_id=portal&client_id=phone`)).status, 400);
    const way = await grant(config);
    const code = way.back.searchParams.get('code');
    const fields = { grant_type: 'authorization_code', code, redirect_uri: kBack };
    assert.equal((await post('/oauth/token', { ...fields }, basic())).json.error, 'invalid_grant');  // no verifier
    assert.equal((await post('/oauth/token', { ...fields, code_verifier: way.checks.pkceCodeVerifier }, basic())).json.error, 'invalid_grant');  // it is burnt
    const other = await grant(config);
    assert.equal((await post('/oauth/token', { ...fields, code: other.back.searchParams.get('code'), redirect_uri: `${kBack}x`, code_verifier: other.checks.pkceCodeVerifier }, basic())).json.error, 'invalid_grant');
    assert.equal((await post('/oauth/token', { grant_type: 'password', username: 'li', password: kPassword }, basic())).json.error, 'unsupported_grant_type');
    const wrong = await post('/oauth/token', fields, { authorization: `Basic ${Buffer.from('portal:guess').toString('base64')}` });
    assert.equal(wrong.status, 401);
    assert.equal(wrong.json.error, 'invalid_client');
    assert.equal((await post('/oauth/token', { ...fields, client_id: 'portal' })).json.error, 'invalid_client');
  });

  test('the consent is this person\'s at this browser', async () => {
    const config = await discover();
    const victim = new Browser(), thief = new Browser();
    const url = () => oidc.buildAuthorizationUrl(config, { redirect_uri: kBack, scope: 'openid user/Patient.rs', state: 'x', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256', prompt: 'consent' });
    const consentOf = async (browser, who) => browser.send(await browser.get(url()), { account: who, password: kPassword });
    const theirs = await consentOf(thief, 'wang'), ours = await consentOf(victim, 'li');
    assert.match(ours.text, /门户/);
    // A ticket that a thief made for himself is worth nothing with the victim's cookies, nor a form without one.
    for (const ticket of [theirs.forms[0].fields.ticket, '', 'AAAA', ours.forms[0].fields.ticket.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'))]) {
      const page = await victim.send(ours, { ticket, decision: 'allow' });
      assert.equal(page.status, 403, ticket.slice(0, 8));
      assert.equal(page.location, undefined);
    }
    assert.equal((await new Browser().send(ours, { decision: 'allow' })).status, 403);
    // Cookies of these pages go nowhere else, and other sites' forms do not bring them.
    for (const cookie of victim.cookies) assert.match(cookie.line, /Path=\/oauth;.*HttpOnly; SameSite=Lax/);
    const denied = await victim.send(ours, { decision: 'deny' });
    assert.equal(new URL(denied.location).searchParams.get('error'), 'access_denied');
    // Signed in at these pages is not signed in at the interface.
    assert.equal((await request(server.base, 'GET', '/fhir/Patient', { headers: { cookie: victim.cookies.map((c) => `${c.name}=${c.value}`).join('; ') } })).status, 401);
    assert.equal((await request(server.base, 'GET', '/fhir/Patient', { headers: { cookie: `tk_session=${victim.cookies.find((c) => c.name === 'tk_door').value}` } })).status, 401);
  });

  test('wrong passwords lock, also on this page', async () => {
    const config = await discover(), browser = new Browser();
    let page = await browser.get(oidc.buildAuthorizationUrl(config, { redirect_uri: kBack, scope: 'openid', state: 'x', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }));
    for (let i = 0; i < 5; ++i) {
      page = await browser.send(page, { account: 'admin', password: 'guess number one' });
      assert.equal(page.status, 401);
    }
    page = await browser.send(page, { account: 'admin', password: 'guess number one' });
    assert.equal(page.status, 429);
  });

  test('tokens that are forged, old or for another purpose open nothing', async () => {
    const config = await discover();
    const tokens = await (await grant(config)).finish();
    const [head, body, mark] = tokens.access_token.split('.');
    const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const mine = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sign = (header, payload) => {
      const text = `${encode(header)}.${encode(payload)}`;
      return `${text}.${crypto.sign('sha256', Buffer.from(text), { key: mine.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const hmac = (header, payload, key) => {
      const text = `${encode(header)}.${encode(payload)}`;
      return `${text}.${crypto.createHmac('sha256', key).update(text).digest('base64url')}`;
    };
    const jwks = (await request(server.base, 'GET', '/oauth/jwks')).json;
    const bad = {
      'no algorithm': `${encode({ ...decode(head), alg: 'none' })}.${body}.`,
      'no algorithm, a mark': `${encode({ ...decode(head), alg: 'none' })}.${body}.${mark}`,
      'another key': sign(decode(head), decode(body)),
      'another key with its own name': sign({ ...decode(head), jwk: mine.publicKey.export({ format: 'jwk' }) }, decode(body)),
      'the public key as a secret': hmac({ ...decode(head), alg: 'HS256' }, decode(body), JSON.stringify(jwks.keys[0])),
      'more scope': `${head}.${encode({ ...decode(body), scope: 'user/*.cruds' })}.${mark}`,
      'somebody else': `${head}.${encode({ ...decode(body), sub: 'admin' })}.${mark}`,
      'another kind': `${encode({ ...decode(head), typ: 'JWT' })}.${body}.${mark}`,
      'an id token': tokens.id_token,
      'a refresh token': tokens.refresh_token,
      'cut': tokens.access_token.slice(0, -4),
    };
    for (const [name, token] of Object.entries(bad)) assert.equal((await fhir(token, 'Patient')).status, 401, name);
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 200);
    // Under another name of the server the same token is for somebody else.
    assert.equal((await request(server.base, 'GET', '/fhir/Patient', { token: tokens.access_token, headers: { host: `localhost:${server.port}` } })).status, 401);
    account(['revoke', 'li']);
    await sleep(1200);
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 401);
  });

  test('a program acts for itself with an assertion of its key', async () => {
    const config = await discover('lab', oidc.PrivateKeyJwt({ key: await crypto.subtle.importKey('jwk', keys.privateKey.export({ format: 'jwk' }), { name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']), kid: 'one' }));
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'system/Patient.rs system/Observation.cruds' });
    assert.equal(tokens.scope, 'system/Patient.rs system/Observation.rs');
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 200);
    assert.equal((await fhir(tokens.access_token, 'Condition')).status, 403);
    assert.equal((await fhir(tokens.access_token, 'Flag', 'POST', { resourceType: 'Flag' })).status, 403);
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = () => Math.floor(Date.now() / 1000);
    const assertion = (claims = {}, header = {}, key = keys.privateKey) => {
      const text = `${encode({ alg: 'ES384', kid: 'one', typ: 'JWT', ...header })}.${encode({ iss: 'lab', sub: 'lab', aud: `${server.base}/oauth/token`, exp: now() + 60, jti: crypto.randomUUID(), ...claims })}`;
      return `${text}.${crypto.sign('sha384', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const use = (client_assertion, more = {}) => post('/oauth/token', { grant_type: 'client_credentials', scope: 'system/Patient.rs', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion, ...more });
    const once = assertion();
    assert.equal((await use(once)).status, 200);
    assert.match((await use(once)).json.error_description, /jti/);
    await server.kill();
    await server.start();
    assert.match((await use(once)).json.error_description, /jti/);
    const other = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    for (const [name, text] of Object.entries({ 'too long': assertion({ exp: now() + 3600 }), 'over': assertion({ exp: now() - 1 }), 'another aud': assertion({ aud: 'https://other.example' }), 'another sub': assertion({ sub: 'portal' }), 'another key': assertion({}, {}, other), 'no jti': assertion({ jti: undefined }), 'another alg': assertion({}, { alg: 'ES256' }), 'none': assertion({}, { alg: 'none' }), 'not yet': assertion({ nbf: now() + 50 }) })) {
      const answer = await use(text);
      assert.equal(answer.status, 401, name);
      assert.equal(answer.json.error, 'invalid_client', name);
    }
    assert.equal((await use(assertion(), { scope: 'user/Patient.rs openid' })).json.error, 'invalid_scope');
    // A program without a post acts for people only; one without a secret for nobody by itself.
    assert.equal((await post('/oauth/token', { grant_type: 'client_credentials', scope: 'user/*.rs' }, basic())).json.error, 'unauthorized_client');
    assert.equal((await post('/oauth/token', { grant_type: 'client_credentials', scope: 'user/*.rs', client_id: 'phone' })).json.error, 'invalid_client');
  });

  test('keys rotate: the old one verifies, the new one signs, both are told', async () => {
    const config = await discover();
    const old = await (await grant(config)).finish();
    const before = (await request(server.base, 'GET', '/oauth/jwks')).json.keys;
    const kids = Object.fromEntries(execFileSync(program(), ['keys', 'rotate-signing', '--data', data], { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(' ')));
    await sleep(1200);
    const after = (await request(server.base, 'GET', '/oauth/jwks')).json.keys;
    assert.equal(after.length, before.length + 2);
    assert.ok(after.every((key) => key.d === undefined && key.p === undefined && { RS256: 'RSA', ES256: 'EC' }[key.alg] === key.kty));
    assert.deepEqual(after.slice(0, 2).map((key) => kids[key.alg]), after.slice(0, 2).map((key) => key.kid));
    assert.equal((await fhir(old.access_token, 'Patient')).status, 200);
    const fresh = await (await grant(await discover())).finish();
    assert.equal(headerOf(fresh.id_token).kid, kids.RS256);
    assert.notEqual(headerOf(old.id_token).kid, kids.RS256);
  });

  test('signing out ends what was granted for the sign-on', async () => {
    const config = await discover();
    const way = await grant(config, { scope: 'openid online_access user/Patient.rs' });
    const tokens = await way.finish();
    // Signed in already, and this much was granted: no page is shown.
    const again = await way.browser.get(way.url);
    assert.equal(again.status, 303);
    const url = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: kBack, state: 'bye' });
    const out = await way.browser.get(url);
    assert.equal(out.location, `${kBack}?state=bye`);
    assert.equal((await fhir(tokens.access_token, 'Patient')).status, 401);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token));
    assert.equal((await way.browser.get(way.url)).forms[0].action, '/oauth/sign-in');
  });

  test('nothing secret is in the audit or the program\'s log', async () => {
    const config = await discover();
    const way = await grant(config);
    const tokens = await way.finish();
    await sleep(1500);
    const audit = fs.readdirSync(path.join(data, 'audit')).map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
    for (const action of ['authorize', 'sign-in', 'grant', 'token', 'revoke', 'introspect']) assert.match(audit, new RegExp(`"action":"${action}"`));
    const stored = fs.readFileSync(path.join(data, 'sessions.jsonl'), 'utf8');
    for (const text of [secret, kPassword, tokens.access_token, tokens.refresh_token, tokens.id_token, way.back.searchParams.get('code'), way.checks.pkceCodeVerifier]) {
      for (const [where, all] of Object.entries({ audit, stored, output: server.output })) assert.ok(!all.includes(text), `${where} has ${text.slice(0, 6)}`);
    }
  });
});
