// What an attacker sends: tokens of his own making, words that are commands elsewhere, lines that would forge a log or a header, requests of which two readers
// could read two, bombs, trickles and guesses. Beside http.test.mjs (limits, malformed requests) and oidc.test.mjs (access tokens of programs).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { Raw, requestOf } from '../lib/raw.mjs';
import { freshFolder, program, request, Server, sleep } from '../lib/server.mjs';

const kBodyMax = 1 << 20;
const kForm = 'application/x-www-form-urlencoded';
const kArea = 'http://tongkang.dev/fhir/sid/area';
const kEvil = "x'; DROP TABLE log; --";

describe('hostile', () => {
  let server, data, folder, rest;
  const tokens = {};
  const ask = (who, method, target, options = {}) => request(server.base, method, target, { token: tokens[who] ?? who, agent: false, ...options });
  before(async () => {
    data = freshFolder('hostile');
    for (const [name, post] of [['li', 'doctor'], ['wang', 'doctor'], ['guard', 'security-officer'], ['keeper', 'auditor'], ['desk', 'card-desk']])
      execFileSync(program(), ['account', 'add', name, '--data', data, '--post', post, '--area', post === 'auditor' || post === 'security-officer' ? '' : '380102', '--no-password'].filter((part, i, all) => !(part === '--area' && all[i + 1] === '') && part !== ''), { stdio: 'ignore' });
    server = await new Server(data, { outputMax: 1e7, args: ['--body-bytes-max', String(kBodyMax), '--head-ms', '600', '--body-ms', '900'] }).start();
    tokens.city = await server.token();
    for (const name of ['li', 'wang', 'guard', 'keeper', 'desk']) tokens[name] = await server.token(name);
    for (const id of ['a', 'b']) assert.equal((await ask('city', 'PUT', `/fhir/Patient/${id}`, { body: { resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: '380102' }] }, name: [{ family: 'Quillfeather' }] } })).status, 201);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });
  const alive = async () => assert.equal((await ask('city', 'GET', '/fhir/Patient?_summary=count')).json.total, 2);

  test('tokens that are forged, mended, swapped, cut or of another kind open nothing', async () => {
    const [mark, body, signature] = tokens.li.split('.');
    const [, otherBody, otherSignature] = tokens.wang.split('.');
    const claims = Buffer.from(body, 'base64url').toString('latin1').split('\x1f');
    const seal = (fields, how = signature) => `${mark}.${Buffer.from(fields.join('\x1f'), 'latin1').toString('base64url')}.${how}`;
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const hmac = (text, key) => `${text}.${crypto.createHmac('sha512', key).update(text).digest().subarray(0, 32).toString('base64url')}`;
    const jwt = (header, more = {}) => [header, { iss: server.base, aud: server.base, sub: 'admin', exp: now + 600, iat: now, scope: 'system/*.cruds', ...more }].map(encode).join('.');
    const bad = {
      'the administrator\'s name': seal(['admin', ...claims.slice(1)]), 'a higher generation': seal([claims[0], '99', ...claims.slice(2)]), 'a later end': seal([claims[0], claims[1], '4102444800', ...claims.slice(3)]),
      'a cookie of it': seal([...claims.slice(0, 4), 'c']), 'one more field': seal([...claims, 'admin']), 'one field less': seal(claims.slice(0, 4)), 'the mark of another': `${mark}.${body}.${otherSignature}`, 'the body of another': `${mark}.${otherBody}.${signature}`,
      'without its mark': `${mark}.${body}.`, 'without its body': `${mark}..${signature}`, 'two marks': `${tokens.li}.${signature}`, 'cut': tokens.li.slice(0, -1), 'longer': `${tokens.li}A`, 'padded': `${tokens.li}=`, 'another prefix': tokens.li.replace('tk1', 'tk0'),
      'in other letters': tokens.li.toUpperCase(), 'a key of nothing': hmac(`${mark}.${body}`, ''), 'a key of its own name': hmac(`${mark}.${body}`, 'access.key'), 'a key of zeros': hmac(`${mark}.${body}`, Buffer.alloc(32)),
      'none': `${jwt({ alg: 'none', typ: 'at+jwt' })}.`, 'None': `${jwt({ alg: 'nOnE', typ: 'at+jwt' })}.`, 'HS256 with nothing': hmac(jwt({ alg: 'HS256', typ: 'at+jwt' }), ''),
      'a kid that is a path': `${jwt({ alg: 'ES256', typ: 'at+jwt', kid: '../../../../dev/null' })}.${signature}`, 'a kid that is a command': `${jwt({ alg: 'ES256', typ: 'at+jwt', kid: kEvil })}.${signature}`, 'a kid that is an address': `${jwt({ alg: 'ES256', typ: 'at+jwt', kid: 'k', jku: 'http://127.0.0.1:1/jwks' })}.${signature}`,
      'a kid that is a list': `${jwt({ alg: 'ES256', typ: 'at+jwt', kid: ['a'] })}.${signature}`, 'five parts': `${jwt({ alg: 'dir', enc: 'A256GCM' })}.a.b.c`, 'no text': '.', 'dots': '...', 'a long one': 'a'.repeat(8000), 'a zero byte': `${tokens.li.slice(0, 20)}%00`,
    };
    for (const [name, token] of Object.entries(bad)) {
      const answer = await ask(token, 'GET', '/fhir/Patient/a');
      assert.equal(answer.status, 401, `${name}: ${answer.text}`);
      assert.ok(!answer.text.includes('Quillfeather') && !answer.text.includes(token.slice(0, 30)), name);
    }
    const own = { headers: { cookie: `tk_session=${tokens.li}` } };
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/a', own)).status, 401, 'a bearer token is no cookie');
    for (const scheme of ['Basic', 'bearer:', 'Bearer', 'Token']) assert.equal((await request(server.base, 'GET', '/fhir/Patient/a', { headers: { authorization: `${scheme} ${scheme === 'Bearer' ? '' : tokens.li}` } })).status, 401, scheme);
    for (const target of [`/fhir/Patient/a?access_token=${tokens.li}`, `/fhir/Patient/a?token=${tokens.li}`]) assert.equal((await request(server.base, 'GET', target)).status, 401, 'a token in the URL would stand in logs');
    assert.equal((await ask('li', 'GET', '/fhir/Patient/a')).status, 200);
  });

  test('words that are commands elsewhere are words here', async () => {
    const q = encodeURIComponent(kEvil);
    const names = { id: `/fhir/Patient/${q}`, type: `/fhir/${q}`, search: `/fhir/Patient?family=${q}`, '_id': `/fhir/Patient?_id=${q}`, parameter: `/fhir/Patient?${q}=1`, sort: `/fhir/Patient?_sort=${q}`, token: `/fhir/Patient?identifier=${q}%7C${q}`, modifier: `/fhir/Patient?family:${q}=1`,
      chain: `/fhir/Observation?subject:Patient.family=${q}`, has: `/fhir/Patient?_has:Observation:subject:code=${q}`, include: `/fhir/Patient?_include=${q}`, page: `/fhir/Patient?_page=${q}`, version: `/fhir/Patient/a/_history/${q}`, 'why, account': `/fhir/$why?account=${q}&resource=Patient/a`,
      'why, resource': `/fhir/$why?account=li&resource=Patient/${q}`, audit: `/audit/events?account=${q}`, 'audit, page': `/audit/events?_page=${q}`, file: `/audit/files/${q}`, 'file elsewhere': '/audit/files/..%2f..%2faccess.key', 'file by its path': `/audit/files/${encodeURIComponent(path.join(data, 'access.key'))}`,
      view: `/admin/views/${q}/rebuild`, app: `/app/${q}/settings`, pix: `/fhir/Patient/$ihe-pix?sourceIdentifier=${q}%7C${q}`, tree: `/fhir/Location/$tree?code=${q}`, well: `/.well-known/${q}`, page2: `/${q}`, 'a page elsewhere': '/..%2f..%2faccounts.toml' };
    for (const [what, target] of Object.entries(names)) {
      const answer = await ask('city', what === 'view' ? 'POST' : 'GET', target);
      assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text}`);
      if (answer.status === 200) assert.ok((answer.json?.total ?? 0) === 0 && !answer.text.includes('Quillfeather') && !answer.text.includes('generation'), `${what}: ${answer.text}`);
    }
    for (const body of [{ account: kEvil, password: kEvil }, { account: "admin' OR '1'='1", password: "' OR '1'='1" }, { account: { $ne: null }, password: { $ne: null } }, { account: ['admin'], password: true }])
      assert.ok([400, 401].includes((await request(server.base, 'POST', '/auth/sign-in', { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })).status));
    const { json, status } = await ask('city', 'POST', '/fhir/Patient', { body: { resourceType: 'Patient', name: [{ family: kEvil }], identifier: [{ system: 'urn:evil', value: kEvil }], meta: { tag: [{ system: kArea, code: '380102' }] } } });
    assert.equal(status, 201);
    assert.equal((await ask('city', 'GET', `/fhir/Patient?identifier=urn:evil%7C${q}`)).json.entry[0].resource.name[0].family, kEvil);
    assert.equal((await ask('city', 'DELETE', `/fhir/Patient/${json.id}`)).status, 204);
    await alive();
  });

  test('no line is forged in log or audit, no header in an answer', async () => {
    const line = '{"level":"info","event":"forged","account":"admin"}';
    for (const breaks of ['\r\n', '\n', '\r', '\u2028', '\u0000', '\u001b[2J']) {
      const q = encodeURIComponent(`a${breaks}X-Forged: 1${breaks}${line}`);
      for (const target of [`/fhir/Patient/${q}`, `/fhir/Patient?family=${q}`, `/fhir/${q}`, `/auth/${q}`, `/oauth/authorize?client_id=${q}&redirect_uri=${q}&state=${q}`, `/oauth/end-session?post_logout_redirect_uri=${q}&state=${q}`, `/audit/events?account=${q}`, `/live?types=${q}`, `/${q}`]) {
        const answer = await ask('city', 'GET', target);
        assert.ok(answer.status >= 200 && answer.status < 500, target);
        assert.equal(answer.headers['x-forged'], undefined, target);
      }
      await request(server.base, 'POST', '/auth/sign-in', { body: JSON.stringify({ account: `a${breaks}${line}`, password: `b${breaks}${line}` }), headers: { 'content-type': 'application/json' } });
      await request(server.base, 'POST', '/oauth/token', { body: `grant_type=${q}&client_id=${q}&client_secret=${q}`, headers: { 'content-type': kForm } });
      const made = await ask('city', 'PUT', `/fhir/Patient?identifier=${q}`, { body: { resourceType: 'Patient', identifier: [{ value: `a${breaks}${line}` }] }, headers: { 'idempotency-key': 'k' } });
      if (made.status === 201) {
        assert.match(made.headers.location, /^http:\/\/127\.0\.0\.1:\d+\/fhir\/Patient\/[\w-]+\/_history\/1$/);
        assert.equal((await ask('city', 'DELETE', `/fhir/Patient/${made.json.id}`)).status, 204);
      }
    }
    for (const [name, value] of [['X-Request-Id', `a" ${line}`], ['X-Request-Id', 'a'.repeat(300)], ['User-Agent', line], ['Host', 'evil.example/path?x='], ['Host', '127.0.0.1:1"<script>'], ['X-Forwarded-For', line], ['Referer', line], ['Accept-Language', line]]) {
      const one = new Raw(server.port);
      const body = JSON.stringify({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/a' } });
      const answer = await one.write(requestOf('POST', '/fhir/Observation', { token: tokens.li, body, headers: { [name]: value } })).answer();
      one.close();
      assert.ok([201, 400].includes(answer.status), `${name}: ${answer.status}`);
      for (const [header, text] of Object.entries(answer.headers)) assert.ok(!text.includes('forged') && !text.includes('script') && !text.includes('/path'), `${name}: ${header}: ${text}`);
      if (answer.status === 201) assert.match(answer.headers.location, /^http:\/\/[\w.:-]+\/fhir\/Observation\/[\w-]+\/_history\/1$/, name);
    }
    const last = await ask('city', 'GET', '/health', { headers: { 'x-request-id': 'the-last-one' } });
    assert.equal(last.headers['x-request-id'], 'the-last-one');
    await sleep(1200);  // the audit is on disk
    const audit = fs.readdirSync(path.join(data, 'audit')).filter((name) => name.endsWith('.jsonl')).map((name) => fs.readFileSync(path.join(data, 'audit', name), 'utf8')).join('');
    for (const [where, text] of [['log', server.output], ['audit', audit]]) {
      for (const each of text.split('\n').filter((one) => one.startsWith('{'))) {
        const record = JSON.parse(each);
        assert.notEqual(record.event, 'forged', where);
      }
      assert.ok(!text.includes('\r') && !text.includes('\u001b') && !text.split('\n').some((one) => one.startsWith(line)), where);
    }
  });

  test('of what two readers could read differently nothing is served', async () => {
    const behind = requestOf('GET', '/health').toString('latin1');
    const post = (fields, body = '') => `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.city}\r\nContent-Type: application/fhir+json\r\n${fields}\r\n${body}`;
    const bad = {
      'a length with letters of chunks': post('Content-Length: 4\r\nTransfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'),
      'chunked after a tab': post('Transfer-Encoding:\x0bchunked\r\n', '0\r\n\r\n'), 'chunked in quotes': post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 'chunked with a parameter': post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'),
      'a length in hexadecimals': post('Content-Length: 0x5\r\n', '{}   '), 'a length with a blank within': post('Content-Length: 1 0\r\n', '{}   '), 'a length of nothing': post('Content-Length: \r\n'),
      'a chunk with a sign': post('Transfer-Encoding: chunked\r\n', '+2\r\n{}\r\n0\r\n\r\n'), 'a chunk below zero': post('Transfer-Encoding: chunked\r\n', '-2\r\n{}\r\n0\r\n\r\n'), 'a chunk of 0x': post('Transfer-Encoding: chunked\r\n', '0x2\r\n{}\r\n0\r\n\r\n'),
      'a chunk behind a blank': post('Transfer-Encoding: chunked\r\n', ' 2\r\n{}\r\n0\r\n\r\n'), 'chunks with bare line feeds': post('Transfer-Encoding: chunked\r\n', '2\n{}\n0\n\n'), 'a chunk of 16 digits': post('Transfer-Encoding: chunked\r\n', '8000000000000002\r\n{}\r\n0\r\n\r\n'),
      'an extension with a line feed': post('Transfer-Encoding: chunked\r\n', '2;a=\nb\r\n{}\r\n0\r\n\r\n'), 'a bare return in a header': 'GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\rContent-Length: 5\r\n\r\n', 'a header of no name': 'GET /health HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n',
      'a tab folded line': 'GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc\r\n\r\n', 'a letter beyond ASCII in a name': 'GET /health HTTP/1.1\r\nHost: x\r\nX-\xe9: y\r\n\r\n', 'a target with a fragment of a line': 'GET /health\x0b HTTP/1.1\r\nHost: x\r\n\r\n',
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const one = new Raw(server.port);
      one.write(Buffer.from(bytes + behind, 'latin1'));
      const answer = await one.answer();
      assert.ok(answer !== null && answer.status >= 400 && answer.status < 500, `${what}: ${answer === null ? 'closed' : `${answer.status} ${answer.body}`}`);
      assert.equal(answer.headers.connection, 'close', what);
      assert.equal(await one.rest(), '', `${what}: something behind it was served`);
    }
    // Extensions of chunks and trailers are legal: they are passed over, and end where they end. Long ones are refused.
    const body = JSON.stringify({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/a' } });
    const chunked = (extension, trailer = '') => `POST /fhir/Observation HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.li}\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}${extension}\r\n${body}\r\n0\r\n${trailer}\r\n`;
    for (const bytes of [chunked(''), chunked(';a=b'), chunked(';a="b c"'), chunked('', 'X-Trailer: 1\r\n')]) {
      const one = new Raw(server.port).write(bytes + behind);
      const [first, second] = [await one.answer(), await one.answer()];
      one.close();
      assert.equal(first.status, 201, `${first.status} ${first.body}`);
      assert.equal(second.status, 200);
    }
    // A trailer is no header: it signs nobody in, and says nothing of where the body ends.
    for (const trailer of [`Authorization: Bearer ${tokens.city}\r\n`, `Authorization: Bearer ${tokens.city}\r\nContent-Length: 3\r\n`, 'Transfer-Encoding: chunked\r\n', 'Host: y\r\n']) {
      for (const bytes of [chunked('', trailer).replace(`Bearer ${tokens.li}`, 'Bearer tk1.x.y'), chunked('', trailer).replace(`Authorization: Bearer ${tokens.li}\r\n`, '')]) {
        const one = new Raw(server.port).write(bytes + behind);
        const answer = await one.answer();
        one.close();
        assert.ok([400, 401].includes(answer?.status), `${trailer}: ${answer?.status}`);
      }
    }
    for (const bytes of [chunked(`;${'a'.repeat(100_000)}`), chunked('', `X-Trailer: ${'b'.repeat(200_000)}\r\n`)]) {
      const one = new Raw(server.port).write(bytes + behind);
      const answer = await one.answer();
      assert.equal(answer?.status, 431, 'kept whole they would be memory that nobody has signed in for');
      one.close();
    }
    // The target may name the server; whose it is says Host alone, and both lead to the same right.
    const absolute = new Raw(server.port).write(`GET http://other.example/fhir/Patient/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.li}\r\n\r\n`);
    const told = await absolute.answer();
    assert.ok([200, 400].includes(told.status), String(told.status));
    absolute.close();
    await alive();
  });

  test('bombs stay small in each place that unpacks', async () => {
    const zeros = Buffer.alloc(64 << 20);
    const members = Buffer.concat(Array.from({ length: 40 }, () => zlib.gzipSync(Buffer.alloc(1 << 20, 32))));
    const bombs = { gzip: zlib.gzipSync(zeros), 'gzip of gzip': zlib.gzipSync(zlib.gzipSync(zeros)), 'forty members': members, 'blanks': zlib.gzipSync(Buffer.alloc(64 << 20, 32)), ...(zlib.zstdCompressSync ? { zstd: zlib.zstdCompressSync(zeros) } : {}) };
    const places = [['POST', '/fhir/Patient', 'application/fhir+json'], ['POST', '/fhir', 'application/fhir+json'], ['PUT', '/fhir/Patient/a', 'application/fhir+json'], ['PATCH', '/fhir/Patient/a', 'application/json-patch+json'], ['POST', '/fhir/Patient/_search', kForm], ['POST', '/fhir/$import-areas', 'text/csv'],
      ['POST', '/fhir/Patient/$match', 'application/fhir+json'], ['POST', '/app/health-card/verify', 'application/json'], ['POST', '/auth/sign-in', 'application/json'], ['POST', '/oauth/token', kForm]];
    const memory = () => Number(fs.readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+) kB/)[1]);
    const before_ = memory();
    for (const [what, bomb] of Object.entries(bombs)) for (const [method, target, type] of places) {
      const one = new Raw(server.port);
      one.write(Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.city}\r\nContent-Type: ${type}\r\nContent-Encoding: ${what === 'zstd' ? 'zstd' : 'gzip'}\r\nContent-Length: ${bomb.length}\r\n\r\n`), bomb]));
      const answer = await one.answer();
      one.close();
      assert.ok(answer !== null && [400, 401, 413, 415, 422].includes(answer.status), `${what} at ${target}: ${answer?.status} ${answer?.body}`);
    }
    assert.ok(memory() - before_ < 64 << 10, `${memory() - before_} kB more`);
    await alive();
  });

  test('a trickle is cut by the time of the whole, however lively its bytes', async () => {
    const trickle = async (text, each) => {
      const one = new Raw(server.port);
      let sending = true;
      const answered = one.answer().then((answer) => { sending = false; return answer; });
      for (const byte of text) { if (!sending) break; one.write(byte); await sleep(each); }
      const answer = await answered;
      one.close();
      return answer;
    };
    const head = await trickle(`GET /health HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(2000)}\r\n\r\n`, 20);
    assert.equal(head?.status, 408);
    const one = new Raw(server.port).write(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.city}\r\nContent-Type: application/fhir+json\r\nContent-Length: 3000\r\n\r\n`);
    let sending = true;
    const answered = one.answer().then((answer) => { sending = false; return answer; });
    for (let i = 0; i < 2000 && sending; i++) { one.write(' '); await sleep(20); }
    assert.equal((await answered)?.status, 408);
    one.close();
    await alive();
  });

  test('guesses: passwords wait, whoever guesses, and a name that is none looks like one that is', async () => {
    execFileSync(program(), ['account', 'add', 'guessed', '--data', data, '--post', 'doctor', '--password-stdin'], { input: 'Right-Password-2026', stdio: ['pipe', 'ignore', 'ignore'] });
    const sign = (account, password) => request(server.base, 'POST', '/auth/sign-in', { body: JSON.stringify({ account, password }), headers: { 'content-type': 'application/json' } });
    await sleep(1200);
    const [known, unknown] = [await sign('guessed', 'wrong password 1'), await sign('nobody-here', 'wrong password 1')];
    assert.deepEqual([known.status, known.text], [unknown.status, unknown.text]);
    let last;
    for (let i = 0; i < 60 && last?.status !== 429; i++) last = await sign('guessed', `wrong password ${i}`);
    assert.equal(last.status, 429);
    assert.ok(Number(last.headers['retry-after']) >= 1);
    const fresh = await sign('guessed', 'Right-Password-2026');
    assert.equal(fresh.status, 429, 'while it waits the right one does not open either');
    // Codes of cards, codes of programs, tickets of pages: nothing that is guessed is good, and none is an error of ours.
    for (let i = 0; i < 200; i++) {
      const guess = crypto.randomBytes(24).toString('base64url');
      const answers = [await request(server.base, 'POST', '/oauth/token', { body: `grant_type=authorization_code&client_id=x&code=${guess}&redirect_uri=http://127.0.0.1&code_verifier=${guess}${guess}`, headers: { 'content-type': kForm } }),
        await request(server.base, 'POST', '/oauth/consent', { body: `ticket=${guess}&decision=allow`, headers: { 'content-type': kForm } }),
        await request(server.base, 'POST', '/app/health-card/verify', { token: tokens.desk, body: JSON.stringify({ code: `TK:${guess}`, purpose: 'registration' }), headers: { 'content-type': 'application/json' } })];
      assert.ok([400, 401, 429].includes(answers[0].status), `${answers[0].status}`);
      assert.ok([400, 401, 403, 429].includes(answers[1].status), `${answers[1].status}`);
      assert.ok(answers[2].status === 200 && answers[2].json.accepted === false, answers[2].text);
    }
    await alive();
  });
});
