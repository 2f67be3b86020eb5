// Second factors, passwords and sessions over HTTP, with what a thief who knows the password would try.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { freshFolder, program, Server, sleep } from '../lib/server.mjs';
import { Tab, textsOf, totp } from '../lib/sign_in.mjs';

const kPassword = 'bitter melon 77', kNext = 'winter gourd and rain', kBack = 'http://127.0.0.1:9/back';
const kPhone = '19900001234', kOther = '19900004444', kThird = '19900006666', kNobodys = '19900009999';

describe('second factors', () => {
  let server, data;
  const account = (args, input) => execFileSync(program(), ['account', ...args, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  const add = (name, ...more) => account(['add', name, '--post', 'doctor', '--area', '380102', ...more], kPassword);
  const tab = (...args) => new Tab(server, ...args);
  // A code of now is taken until 30 s later, one of the next step (off 1) already: so the two are never too early or too late.
  before(async () => {
    data = freshFolder('factors');
    add('li');
    fs.writeFileSync(path.join(data, 'posts.toml'), '[keeper]\ntitle_zh = "甲"\ntitle_en = "Keeper"\nreads = ["Patient"]\nsource = "a test"\nsecond_factor = true\n');
    for (const name of ['wang', 'zhao', 'qian', 'sun', 'zhou']) add(name);
    account(['add', 'wu', '--post', 'keeper'], kPassword);
    account(['add', 'zheng', '--post', 'keeper'], kPassword);
    add('feng');
    account(['set-phone', 'feng', '--sms-factor'], '19900002222');
    account(['add', 'chen', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/chen', '--no-password']);
    account(['set-phone', 'chen'], kPhone);
    account(['add', 'shen', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/shen', '--no-password']);
    account(['set-phone', 'shen'], kOther);
    account(['add', 'yang', '--kind', 'resident', '--post', 'resident', '--record', 'Patient/yang', '--no-password']);
    account(['set-phone', 'yang'], kThird);
    account(['add', 'portal', '--kind', 'program', '--public', '--display', '门户', '--redirect', kBack, '--scopes', 'openid user/*.rs']);
    server = await new Server(data, { args: ['--sms', 'simulated'], outputMax: 1_000_000 }).start();
  });
  after(async () => {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  /** Gives the account an app, as its owner does it at his page; { secret, recovery }. */
  async function enrol(name) {
    const page = tab();
    assert.equal((await page.signIn(name, kPassword)).status, 200);
    const asked = await page.auth('factor', { password: kPassword });
    assert.equal(asked.status, 202);
    const { secret, ticket } = asked.json;
    const done = await page.auth('factor-confirm', { ticket, code: totp(secret) });
    assert.equal(done.status, 200, done.text);
    return { secret, recovery: done.json.recovery, page };
  }

  test('an app is enrolled at one\'s page; then the password alone opens nothing, and each code counts once', async () => {
    const page = tab();
    await page.signIn('li', kPassword);
    assert.equal((await page.auth('factor', { password: 'not the password' })).status, 403);
    const asked = (await page.auth('factor', { password: kPassword })).json;
    assert.match(asked.otpauth, /^otpauth:\/\/totp\/Tongkang:li\?secret=[A-Z2-7]{32}&issuer=Tongkang/);
    assert.match(asked.qr, /^<svg /);
    assert.equal((await page.auth('factor-confirm', { ticket: asked.ticket, code: '000000' })).status, 403);
    const other = tab();
    await other.signIn('li', kPassword);
    const first = totp(asked.secret);
    const done = await page.auth('factor-confirm', { ticket: asked.ticket, code: first });
    assert.equal(done.json.recovery.length, 10);
    assert.equal((await page.me()).status, 200);
    assert.equal((await other.me()).status, 401, 'other sessions ended');
    const thief = tab();
    const step = await thief.signIn('li', kPassword);
    assert.equal(step.status, 202);
    assert.equal(step.json.next, 'code');
    assert.equal((await thief.me()).status, 401);
    assert.equal((await thief.auth('code', { ticket: step.json.ticket, code: first })).status, 401, 'used when it was enrolled');
    const code = totp(asked.secret, 1);
    // Two uses of one code at once: one is let in.
    const tabs = [tab(), tab(), tab()];
    const both = await Promise.all(tabs.map((each) => each.auth('code', { ticket: step.json.ticket, code })));
    assert.deepEqual(both.map((each) => each.status).sort(), [200, 401, 401]);
    await server.kill();
    await server.start();
    assert.equal((await tab().auth('code', { ticket: step.json.ticket, code })).status, 401, 'used stays used after kill -9');
    // A recovery code in place of the app, once, and after a crash too.
    const lost = tab();
    const again = (await lost.signIn('li', kPassword)).json;
    assert.equal((await lost.auth('code', { ticket: again.ticket, code: done.json.recovery[2].toUpperCase() })).status, 200);
    await server.kill();
    await server.start();
    assert.equal((await tab().auth('code', { ticket: again.ticket, code: done.json.recovery[2] })).status, 401);
    assert.equal((await lost.me()).status, 200, 'what was open stays open after kill -9');
    assert.equal((await lost.ask('GET', '/auth/factor')).json.recovery_left, 9);
  });

  test('a ticket is worth nothing for another account, another step, or changed', async () => {
    const wang = await enrol('wang'), zhao = await enrol('zhao');
    const of = async (name) => (await tab().signIn(name, kPassword)).json.ticket;
    const wangs = await of('wang'), zhaos = await of('zhao');
    assert.equal((await tab().auth('code', { ticket: wangs, code: totp(zhao.secret, 1) })).status, 401);
    assert.equal((await tab().auth('code', { ticket: zhaos, code: totp(wang.secret, 1) })).status, 401);
    for (const step of ['enrol', 'password']) assert.equal((await tab().auth(step, { ticket: wangs, [step === 'enrol' ? 'code' : 'password']: step === 'enrol' ? totp(wang.secret, 1) : kNext })).status, 401, step);
    assert.equal((await tab().auth('code-again', { ticket: wangs })).status, 401);
    const at = Math.floor(wangs.length / 2), turned = wangs.slice(0, at) + (wangs[at] === 'A' ? 'B' : 'A') + wangs.slice(at + 1);
    for (const ticket of ['', 'AAAA', turned, wang.page.cookie.slice(11)]) assert.equal((await tab().auth('code', { ticket, code: totp(wang.secret, 1) })).status, 401, ticket.slice(0, 9));
    account(['revoke', 'wang']);
    await sleep(1200);
    assert.equal((await tab().auth('code', { ticket: wangs, code: totp(wang.secret, 1) })).status, 401, 'the account is not as it was');
    assert.equal((await tab().auth('code', { ticket: zhaos, code: totp(zhao.secret, 1) })).status, 200);
  });

  test('codes cannot be guessed: five wrong ones lock the account\'s codes, from wherever they come', async () => {
    const { secret } = await enrol('qian');
    const { ticket } = (await tab().signIn('qian', kPassword)).json;
    const guesses = await Promise.all(Array.from({ length: 12 }, (_, i) => tab().auth('code', { ticket, code: String(100000 + i) })));
    assert.equal(guesses.filter((each) => each.status === 401).length, 5);
    assert.equal(guesses.filter((each) => each.status === 429).length, 7);
    assert.ok(Number(guesses.find((each) => each.status === 429).headers['retry-after']) > 600);
    // Neither the right code, nor the right password once more, opens it now.
    const fresh = (await tab().signIn('qian', kPassword)).json;
    assert.equal((await tab().auth('code', { ticket: fresh.ticket, code: totp(secret, 1) })).status, 429);
    assert.equal((await tab().signIn('sun', kPassword)).status, 200, 'nobody else is locked');
  });

  test('a post that demands it: an app is enrolled before the first sign-in, also over a crash', async () => {
    const page = tab();
    const asked = await page.signIn('wu', kPassword);
    assert.equal(asked.status, 202);
    assert.equal(asked.json.next, 'enrol');
    assert.equal((await page.me()).status, 401);
    await server.kill();
    await server.start();
    const done = await page.auth('enrol', { ticket: asked.json.ticket, code: totp(asked.json.secret) });
    assert.equal(done.status, 200, done.text);
    assert.equal(done.json.recovery.length, 10);
    assert.equal(done.json.account, 'wu');
    assert.equal((await page.me()).status, 200);
    assert.equal((await page.ask('GET', '/auth/factor')).json.demanded, true);
    assert.equal((await page.auth('factor-remove', { password: kPassword })).status, 403);
    assert.equal((await tab().auth('enrol', { ticket: asked.json.ticket, code: totp(asked.json.secret, 1) })).status, 401, 'nobody enrols another in its place');
    // Reset on the server: what was open ends, and an app is enrolled anew.
    account(['reset-factor', 'wu']);
    await sleep(1200);
    assert.equal((await page.me()).status, 401);
    assert.equal((await tab().signIn('wu', kPassword)).json.next, 'enrol');
  });

  test('a password that was reset is changed first; a changed one ends the other sessions', async () => {
    const once = account(['reset', 'sun']);
    await sleep(1200);
    const asked = await tab().signIn('sun', once);
    assert.equal(asked.json.next, 'password');
    for (const bad of ['short', '1234567890', 'sunsunsunsun', once]) assert.equal((await tab().auth('password', { ticket: asked.json.ticket, password: bad })).status, 400, bad);
    const page = tab();
    assert.equal((await page.auth('password', { ticket: asked.json.ticket, password: kNext })).status, 200);
    assert.equal((await tab().auth('password', { ticket: asked.json.ticket, password: 'and again another 5' })).status, 401, 'the ticket is used up');
    assert.equal((await tab().signIn('sun', once)).status, 401);
    const other = tab();
    await other.signIn('sun', kNext);
    assert.equal((await page.auth('change-password', { old: 'wrong password', password: kPassword })).status, 403);
    assert.equal((await page.me()).status, 200);
    const before = page.cookie;
    assert.equal((await page.auth('change-password', { old: kNext, password: kPassword })).status, 204);
    assert.notEqual(page.cookie, before);
    assert.equal((await page.me()).status, 200);
    assert.equal((await other.me()).status, 401);
    const old = tab();
    old.cookie = before;
    assert.equal((await old.me()).status, 401);
  });

  test('sessions are listed without tokens and ended one by one or all at once', async () => {
    const page = tab(), phone = tab('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Safari/604.1'), third = tab('nothing known');
    for (const each of [page, phone, third]) assert.equal((await each.signIn('zhou', kPassword)).status, 200);
    const list = (await page.ask('GET', '/auth/sessions')).json.sessions;
    list.sort((a, b) => b.this - a.this || (a.device < b.device ? 1 : -1));  // those of one second have no order
    assert.deepEqual(list.map((each) => [each.device, each.place, each.this, each.methods]), [['Chrome, Windows', 'here', true, 'pwd'], ['Safari, iPhone', 'here', false, 'pwd'], ['', 'here', false, 'pwd']]);
    assert.ok(!JSON.stringify(list).includes('tk1.'));
    const phones = list[1].id;
    const stranger = tab();
    await stranger.signIn('sun', kPassword);
    assert.equal((await stranger.ask('DELETE', `/auth/sessions/${phones}`)).status, 404, 'not another\'s');
    assert.equal((await page.ask('DELETE', `/auth/sessions/${phones}`)).status, 204);
    assert.equal((await phone.me()).status, 401);
    assert.equal((await page.ask('DELETE', '/auth/sessions')).status, 204);
    assert.equal((await third.me()).status, 401);
    assert.equal((await page.me()).status, 200);
    // Nothing of it without our own header, nor with a bearer token, nor when nobody is signed in.
    assert.equal((await page.ask('DELETE', '/auth/sessions', undefined, { 'x-tongkang': '0' })).status, 403);
    const token = execFileSync(program(), ['token', '--data', data, '--account', 'zhou'], { encoding: 'utf8' }).trim();
    assert.equal((await tab().ask('GET', '/auth/sessions', undefined, { authorization: `Bearer ${token}` })).status, 403);
    assert.equal((await tab().ask('GET', '/auth/sessions')).status, 401);
  });

  test('a text is the second factor where there is no app', async () => {
    const page = tab();
    const asked = await page.signIn('feng', kPassword);
    assert.equal(asked.json.next, 'sms');
    assert.equal(textsOf(data).at(-1).to, '19900002222');
    const soon = await tab().signIn('feng', kPassword);
    assert.equal(soon.status, 429);
    assert.ok(Number(soon.headers['retry-after']) <= 60);
    assert.equal((await page.auth('code', { ticket: asked.json.ticket, code: '000000' })).status, 401);
    const { code } = textsOf(data).at(-1);
    const both = await Promise.all([page, tab()].map((each) => each.auth('code', { ticket: asked.json.ticket, code })));
    assert.deepEqual(both.map((each) => each.status).sort(), [200, 401]);
  });

  test('a resident signs in by his phone; nobody learns whose number it is', async () => {
    assert.deepEqual((await tab().ask('GET', '/auth/ways')).json, { password: true, phone: true });
    const page = tab(), sent = textsOf(data).length;
    const known = await page.auth('phone', { phone: `+86 ${kPhone}` }), unknown = await tab().auth('phone', { phone: kNobodys });
    assert.equal(known.status, 202);
    assert.equal(unknown.status, 202);
    assert.deepEqual(Object.keys(known.json), Object.keys(unknown.json));
    assert.equal(known.json.ticket.length, unknown.json.ticket.length);
    assert.ok(!Buffer.from(known.json.ticket, 'base64url').toString('latin1').includes('chen'));
    assert.ok(!Buffer.from(known.json.ticket, 'base64url').toString('latin1').includes(kPhone));
    assert.equal(textsOf(data).length, sent + 1);
    for (const phone of [kPhone, kNobodys]) assert.equal((await tab().auth('phone', { phone })).status, 429, 'one a minute');
    assert.equal((await tab().auth('phone', { phone: '12345' })).status, 400);
    const { code } = textsOf(data).at(-1);
    const failed = [];
    for (const [ticket, tried] of [[known.json.ticket, '000000'], [unknown.json.ticket, code]]) failed.push(await tab().auth('code', { ticket, code: tried }));
    assert.deepEqual(failed.map((each) => each.status), [401, 401]);
    assert.equal(failed[0].text, failed[1].text);
    const in_ = await page.auth('code', { ticket: known.json.ticket, code });
    assert.equal(in_.status, 200, in_.text);
    assert.equal(in_.json.account, 'chen');
    assert.equal((await tab().auth('code', { ticket: known.json.ticket, code })).status, 401);
    const guesses = [];
    for (let i = 0; i < 6; ++i) guesses.push((await tab().auth('code', { ticket: unknown.json.ticket, code: String(200000 + i) })).status);
    assert.deepEqual([...new Set(guesses)], [401]);
    // A code that was on its way is unknown after a crash.
    const next = await tab().auth('phone', { phone: kOther });
    assert.equal(next.status, 202);
    const { code: late } = textsOf(data).at(-1);
    await server.kill();
    await server.start();
    assert.equal((await tab().auth('code', { ticket: next.json.ticket, code: late })).status, 401);
  });

  test('the pages for other programs ask for it too', async () => {
    const config = await oidc.discovery(new URL(server.base), 'portal', undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const browser = new Browser(), verifier = oidc.randomPKCECodeVerifier();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: kBack, scope: 'openid user/*.rs', state: 's', code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    let page = await browser.send(await browser.get(url), { account: 'zheng', password: kPassword });
    assert.equal(page.status, 200);
    assert.match(page.text, /<svg /);
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    const secret = page.text.match(/class="tk-key">([A-Z2-7]{32})</)[1];
    assert.equal(page.forms[0].action, '/oauth/step');
    page = await browser.send(page, { answer: '000000' });
    assert.equal(page.status, 401);
    assert.match(page.text, new RegExp(secret), 'shown again');
    const first = totp(secret);
    page = await browser.send(page, { answer: first });
    assert.equal(page.status, 200);
    assert.equal([...page.text.matchAll(/class="tk-key">[a-z2-7]{5}-[a-z2-7]{5}</g)].length, 10);
    const next = new URL(page.text.match(/href="(\/oauth\/authorize[^"]*)"/)[1].replaceAll('&amp;', '&'), server.base);
    page = await browser.get(next);
    assert.equal(page.forms[0].action, '/oauth/consent');
    page = await browser.send(page, { decision: 'allow' });
    const tokens = await oidc.authorizationCodeGrant(config, new URL(page.location), { pkceCodeVerifier: verifier, expectedState: 's' });
    assert.deepEqual(tokens.claims().amr, ['pwd', 'otp']);
    // Somebody who knows the password alone stands before the code.
    const thief = new Browser();
    const step = await thief.send(await thief.get(url), { account: 'zheng', password: kPassword });
    assert.equal(step.forms[0].action, '/oauth/step');
    const used = await thief.send(step, { answer: first });
    assert.equal(used.status, 401);
    assert.equal((await thief.get(url)).forms[0].action, '/oauth/sign-in');
    assert.equal(new URL((await thief.send(used, { answer: totp(secret, 1) })).location).origin, new URL(kBack).origin, 'what was granted once is not asked again');
  });

  test('a resident goes on to a program by his phone', async () => {
    const config = await oidc.discovery(new URL(server.base), 'portal', undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const browser = new Browser(), verifier = oidc.randomPKCECodeVerifier();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: kBack, scope: 'openid user/*.rs', state: 's', code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    let page = await browser.get(url);
    assert.deepEqual(page.forms.map((form) => form.action), ['/oauth/sign-in', '/oauth/phone']);
    page = await browser.send(page, { phone: '123' }, 1);
    assert.equal(page.status, 400);
    page = await browser.send(page, { phone: kThird }, 1);
    assert.equal(page.forms[0].action, '/oauth/step');
    assert.equal((await browser.send(page, {}, 1)).status, 429, 'one a minute');
    const wrong = await browser.send(page, { answer: '000000' });
    assert.equal(wrong.status, 401);
    page = await browser.send(wrong, { answer: textsOf(data).at(-1).code });
    assert.equal(page.forms[0].action, '/oauth/consent');
    page = await browser.send(page, { decision: 'allow' });
    const tokens = await oidc.authorizationCodeGrant(config, new URL(page.location), { pkceCodeVerifier: verifier, expectedState: 's' });
    assert.equal(tokens.claims().sub, 'yang');
    assert.deepEqual(tokens.claims().amr, ['sms']);
  });

  test('nothing secret is in the audit, the log, the metrics or in files that others may read', async () => {
    const token = execFileSync(program(), ['token', '--data', data, '--account', 'admin'], { encoding: 'utf8' }).trim();
    const { secret, recovery } = await enrol('feng').catch(() => ({ secret: '', recovery: [] }));
    await sleep(1500);
    const audit = fs.readdirSync(path.join(data, 'audit')).map((file) => fs.readFileSync(path.join(data, 'audit', file), 'utf8')).join('');
    for (const action of ['sign-in', 'sign-in-phone', 'sign-in-code', 'factor-enrol', 'password', 'sessions-end']) assert.match(audit, new RegExp(`"action":"${action}"`), action);
    const metrics = (await tab().ask('GET', '/metrics', undefined, { authorization: `Bearer ${token}` })).text;
    assert.match(metrics, /tongkang_sms_total\{outcome="sent"\} [1-9]/);
    const places = { audit, metrics, output: server.output, accounts: fs.readFileSync(path.join(data, 'accounts.toml'), 'utf8'), sessions: fs.readFileSync(path.join(data, 'sessions.jsonl'), 'utf8') };
    for (const text of [kPassword, kNext, kPhone, kOther, kThird, kNobodys, '19900002222', secret, ...recovery, ...textsOf(data).map((each) => each.code)].filter(Boolean)) {
      for (const [where, all] of Object.entries(places)) assert.ok(!new RegExp(`(?<![0-9a-f.])${text}(?![0-9a-f])`).test(all), `${where} has ${text.slice(0, 3)}…`);
    }
    for (const file of ['accounts.toml', 'sessions.jsonl', 'sms_simulated.jsonl']) assert.equal(fs.statSync(path.join(data, file)).mode & 0o077, 0, file);
  });
});
