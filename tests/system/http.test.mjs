// The program as a citizen of HTTP: codings, limits, malformed and hostile requests, TLS, and an orderly end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { Raw, requestOf } from '../lib/raw.mjs';
import { freshFolder, hasPostgres, makeCertificate, Postgres, program, request, Server, sleep } from '../lib/server.mjs';

const kBodyMax = 1 << 20;
const kSystem = 'http://tongkang.dev/test/http';
const patient = (more = {}) => ({ resourceType: 'Patient', gender: 'other', ...more });
const told = (answer) => `${answer.status} ${answer.text ?? answer.body}`;

/** A refusal for clients: an OperationOutcome with words, and no connection that goes on with what was not understood. */
function assertOutcome(answer, status, words = /./) {
  assert.ok(answer, 'no answer');
  assert.equal(answer.status, status, told(answer));
  assert.equal(answer.json?.resourceType, 'OperationOutcome', told(answer));
  assert.match(answer.json.issue[0].diagnostics, words);
}

describe('http', () => {
  let server, data, token;
  // A connection of its own each time: one that is kept may be closed as idle in the moment it is used again.
  const ask = (method, target, options = {}) => request(server.base, method, target, { token, agent: false, ...options });
  before(async () => {
    data = freshFolder('http');
    server = await new Server(data, { args: ['--body-bytes-max', String(kBodyMax), '--head-ms', '600', '--body-ms', '900', '--idle-ms', '3000', '--connections-max', '200'] }).start();
    token = await server.token();
  });
  after(async () => {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('bodies may be packed, and what is not what it says is refused', async () => {
    const text = JSON.stringify(patient({ name: [{ family: 'Packed' }] }));
    for (const coding of ['gzip', 'x-gzip', 'GZIP', 'identity']) {
      const made = await raw(coding === 'identity' ? Buffer.from(text) : zlib.gzipSync(text), coding);
      assert.equal(made.status, 201, told(made));
      assert.equal(made.json.name[0].family, 'Packed');
    }
    for (const [body, coding, status] of [[Buffer.from(text), 'gzip', 400], [zlib.gzipSync(text).subarray(0, -6), 'gzip', 400], [Buffer.concat([zlib.gzipSync(text), Buffer.from('more')]), 'gzip', 400],
      [zlib.gzipSync(text), 'zstd', 400], [zlib.gzipSync(Buffer.alloc(kBodyMax + 1, 32)), 'gzip', 413], [zlib.deflateSync(text), 'deflate', 415], [zlib.brotliCompressSync(text), 'br', 415], [zlib.gzipSync(zlib.gzipSync(text)), 'gzip, gzip', 415]]) {
      assertOutcome(await raw(body, coding), status);
    }
    async function raw(body, coding) {
      const one = new Raw(server.port);
      const head = `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`;
      const answer = await one.write(Buffer.concat([Buffer.from(head), body])).answer();
      one.close();
      return { ...answer, text: answer.body.toString() };
    }
  });

  test('answers are packed as the client likes it, and are the same', async () => {
    const get = (coding) => new Promise((done, fail) => {
      http.get(`${server.base}/fhir/metadata`, { headers: { accept: 'application/fhir+json', ...(coding ? { 'accept-encoding': coding } : {}) } }, (res) => {
        const parts = [];
        res.on('data', (part) => parts.push(part)).on('end', () => done({ headers: res.headers, body: Buffer.concat(parts) }));
      }).on('error', fail);
    });
    const plain = await get('');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.match(plain.headers.vary, /Accept-Encoding/i);
    for (const [accepted, coding] of [['gzip', 'gzip'], ['gzip, deflate, br', 'gzip'], ['gzip;q=0', undefined], ['br, deflate', undefined], ['identity', undefined], ['*', 'zstd'], ['zstd;q=0.5, gzip;q=0.9', 'gzip'], ['zstd, gzip', 'zstd'], ['*;q=0', undefined], ['gzip;q=0, *', 'zstd']]) {
      const answer = await get(accepted);
      assert.equal(answer.headers['content-encoding'], coding, accepted);
      const body = coding === 'gzip' ? zlib.gunzipSync(answer.body) : coding === 'zstd' ? zlib.zstdDecompressSync?.(answer.body) : answer.body;
      if (coding === 'zstd') assert.equal(answer.body.readUInt32LE(0), 0xfd2fb528);
      if (body) assert.deepEqual(JSON.parse(body), { ...JSON.parse(plain.body), date: JSON.parse(body).date });
      if (coding) assert.ok(answer.body.length < plain.body.length / 3);
    }
  });

  test('too large: declared, in chunks, before signing in, head, URL', async () => {
    const text = JSON.stringify(patient({ name: [{ text: 'x'.repeat(kBodyMax) }] }));
    assertOutcome(await ask('POST', '/fhir/Patient', { body: text }), 413, /larger/);
    const one = new Raw(server.port);
    one.write(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 5; i++) one.write(`40000\r\n${' '.repeat(0x40000)}\r\n`);
    assertOutcome(await one.answer(), 413, /larger/);
    assert.equal((await one.rest()).length, 0);
    // The declared size is enough: nobody sends a gigabyte to hear that it is too much.
    const declared = new Raw(server.port);
    assertOutcome(await declared.write(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Length: 9999999999\r\n\r\n`).answer(), 413);
    assertOutcome(await request(server.base, 'POST', '/fhir/Patient', { body: JSON.stringify(patient({ name: [{ text: 'x'.repeat(70_000) }] })) }), 413);
    assertOutcome(await ask('GET', '/fhir/metadata', { headers: { 'x-much': 'y'.repeat(20_000) } }), 431, /head/);
    assertOutcome(await ask('GET', `/fhir/Patient?name=${'z'.repeat(9_000)}`), 413, /URL|_search/);
    assert.equal((await ask('GET', '/fhir/Patient?_count=1')).status, 200);
  });

  test('slow heads and bodies are told 408, connections without a word are closed', async () => {
    const head = new Raw(server.port).write('GET /fhir/Patient HTTP/1.1\r\nHost: x\r\n');
    const body = new Raw(server.port).write(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\nContent-Length: 50\r\n\r\n{"resource`);
    const silent = new Raw(server.port);
    for (const slow of [head, body]) {
      assertOutcome(await slow.answer(), 408, /too long/);
      assert.equal((await slow.rest()).length, 0);
    }
    assert.equal(await silent.rest(), '');
    assert.match((await ask('GET', '/metrics')).text, /tongkang_http_timeouts_total ([3-9]|\d\d)/);
  });

  test('more than the limit of connections is told 503, and those that are open go on', async () => {
    const open = [];
    try {
      const first = new Raw(server.port);
      open.push(first);
      assert.equal((await first.write(requestOf('GET', '/health')).answer()).status, 200);
      let refused = null;
      for (let i = 0; i < 260 && refused === null; i++) {
        const one = new Raw(server.port);
        open.push(one);
        const answer = await one.write(requestOf('GET', '/health')).answer();
        if (answer === null || answer.status !== 200) refused = answer;
      }
      assertOutcome(refused, 503, /connections/);
      assert.equal((await first.write(requestOf('GET', '/health')).answer()).status, 200);
    } finally { for (const one of open) one.close(); }
    for (let i = 0; i < 500; i++) {
      if ((await ask('GET', '/health')).status === 200) return;
      await sleep(20);
    }
    assert.fail('connections are not given back');
  });

  test('what could be read in two ways is refused and nothing behind it is served', async () => {
    const behind = requestOf('GET', '/health').toString();
    const post = (fields, body = '') => `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\n${fields}\r\n${body}`;
    const bad = {
      'two lengths': post('Content-Length: 5\r\nContent-Length: 6\r\n', '{}   '), 'a list of lengths': post('Content-Length: 5, 6\r\n', '{}   '),
      'length and chunks': post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 'chunks and length': post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'),
      'a length with a sign': post('Content-Length: +5\r\n', '{}   '), 'a length below zero': post('Content-Length: -1\r\n'), 'a length with letters': post('Content-Length: 5x\r\n', '{}   '),
      'a length beyond all numbers': post('Content-Length: 99999999999999999999999999\r\n'), 'no chunked at the end': post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'),
      'an unknown transfer coding': post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 'chunked in blanks': post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'),
      'a chunk of no number': post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'), 'a chunk beyond all numbers': post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
      'a chunk longer than it says': post('Transfer-Encoding: chunked\r\n', '2\r\n{}xx\r\n0\r\n\r\n'), 'a folded header': 'GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n',
      'a blank before the colon': 'GET /health HTTP/1.1\r\nHost : x\r\n\r\n', 'a header without colon': 'GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n', 'bare line feeds': 'GET /health HTTP/1.1\nHost: x\n\n',
      'a zero byte': 'GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n', 'two hosts': 'GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 'two tokens': `GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer y\r\n\r\n`,
      'another version': 'GET /health HTTP/2.0\r\nHost: x\r\n\r\n', 'no version': 'GET /health\r\nHost: x\r\n\r\n', 'a blank in the target': 'GET /hea lth HTTP/1.1\r\nHost: x\r\n\r\n', 'TLS at a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello',
      'no host': 'GET /health HTTP/1.1\r\n\r\n', 'a coding before chunked': post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
      'chunked twice': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 'chunks in HTTP/1.0': 'POST /fhir/Patient HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    };
    for (const [what, bytes] of Object.entries(bad)) {
      const one = new Raw(server.port);
      one.write(Buffer.from(bytes + behind, 'latin1'));
      const answer = await one.answer();
      assert.ok(answer !== null && answer.status === 400, `${what}: ${answer === null ? 'closed' : told(answer)}`);
      assert.equal(answer.headers.connection, 'close', what);
      assert.equal(await one.rest(), '', `${what}: something behind it was served`);
    }
    assert.equal((await ask('GET', '/fhir/Patient?_summary=count&gender=unknown')).json.total, 0);
  });

  test('requests in one go are answered in their order', async () => {
    const one = new Raw(server.port);
    const ids = Array.from({ length: 30 }, (_, i) => `line-${i}`);
    one.write(Buffer.concat(ids.flatMap((id) => [requestOf('PUT', `/fhir/Patient/${id}`, { token, body: JSON.stringify(patient({ id })) }), requestOf('GET', `/fhir/Patient/${id}`, { token }), requestOf('HEAD', '/health'), requestOf('GET', '/nowhere', { token })])));
    for (const id of ids) {
      const put = await one.answer();
      assert.deepEqual([put.status, put.json.id], [201, id]);
      const got = await one.answer();
      assert.deepEqual([got.status, got.json.id], [200, id]);
      assert.equal((await one.answer({ bodiless: true })).status, 200);
      assert.equal((await one.answer()).status, 404);
    }
    // Byte by byte it is the same request.
    for (const byte of requestOf('GET', '/fhir/Patient/line-3', { token })) one.write(Buffer.from([byte]));
    assert.equal((await one.answer()).json.id, 'line-3');
    one.close();
  });

  test('methods and addresses: HEAD is GET without its body, the rest is told', async () => {
    await ask('PUT', '/fhir/Patient/head', { body: patient({ id: 'head' }) });
    for (const target of ['/fhir/Patient/head', '/fhir/Patient?_id=head', '/fhir/metadata', '/health', '/fhir/Patient/nobody']) {
      const [get, head] = [await ask('GET', target), await ask('HEAD', target)];
      assert.equal(head.status, get.status, target);
      assert.equal(head.text, '');
      for (const name of ['etag', 'last-modified', 'content-type']) assert.equal(head.headers[name], get.headers[name], `${target} ${name}`);
    }
    for (const method of ['OPTIONS', 'TRACE', 'LOCK', 'BREW']) {
      const one = new Raw(server.port);
      const answer = await one.write(requestOf(method, '/fhir/Patient', { token })).answer();
      assertOutcome(answer, 405, /GET, HEAD, POST/);
      one.close();
    }
    const tunnel = await new Raw(server.port).write('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n').answer();
    assert.ok(tunnel.status >= 400, told(tunnel));
    const wrong = await ask('PUT', '/fhir/Patient/head/_history/1', { body: patient({ id: 'head' }) });
    assertOutcome(wrong, 405);
    assert.match(wrong.headers.allow, /GET/);
    for (const target of ['/nowhere', '/fhir/Nothing', '/fhir/Patient/head/nothing', '/fhir/patient', '/fhir/Patient/head/$fly', '/live/x/y', '/app/none/x', '/auth/none']) assertOutcome(await ask('GET', target), 404);
    // Who is not signed in does not learn which addresses there are.
    for (const target of ['/fhir/Patient', '/fhir/Nothing', '/live', '/app/none']) assertOutcome(await request(server.base, 'GET', target), 401);
    for (const target of ['/fhir/%zz', '/fhir/%ff%fe', '/fhir/Patient/%00', '/fhir/../metrics', '/fhir//', '/fhir/Patient/..%2f..%2fmaster.key', '/../../etc/passwd', '//']) {
      const answer = await new Raw(server.port).write(requestOf('GET', target, { token })).answer();
      assert.ok([400, 404].includes(answer.status), `${target}: ${told(answer)}`);
    }
    assertOutcome(await ask('GET', '/fhir/Patient/head', { headers: { accept: 'application/fhir+xml' } }), 406);
    assertOutcome(await ask('POST', '/fhir/Patient', { body: '<Patient/>', headers: { 'content-type': 'application/fhir+xml' } }), 415);
  });

  test('broken, foreign and monstrous JSON is told with its place, and hurts nobody', async () => {
    const post = (body) => ask('POST', '/fhir/Patient', { body });
    assertOutcome(await post('{"resourceType":"Patient",\n  "gender": other}'), 400, /line 2|2:1[0-9]/i);
    assertOutcome(await post('{"resourceType":"Patient"'), 400);
    assertOutcome(await post(''), 400, /empty/);
    for (const text of ['null', '[]', '"x"', '7', '{}', '{"resourceType":"Patient"}{"resourceType":"Patient"}', '{"resourceType":"Patient","gender":"other","gender":"male"}']) {
      const answer = await post(text);
      assert.ok([400, 422].includes(answer.status), `${text}: ${told(answer)}`);
    }
    const one = new Raw(server.port);
    const bytes = Buffer.concat([Buffer.from('{"resourceType":"Patient","name":[{"family":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}]}')]);
    one.write(Buffer.concat([Buffer.from(`POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]));
    assertOutcome(await one.answer(), 400, /UTF-8/);
    one.close();
    for (const depth of [200, 5_000, 200_000]) {
      const nested = `{"resourceType":"Patient","extension":${'[{"url":"u","extension":'.repeat(Math.min(depth, 30_000))}[]${'}]'.repeat(Math.min(depth, 30_000))}}`;
      for (const text of [nested, '['.repeat(depth), '{"a":'.repeat(Math.min(depth, 100_000))]) {
        const answer = await post(text);
        assert.ok([400, 413, 422].includes(answer.status) && answer.text.length < 5_000, `${depth}: ${told(answer).slice(0, 500)}`);
      }
      assert.match((await post(nested)).text, /deep/);
    }
    const amount = (text) => ask('POST', '/fhir/Observation', { body: `{"resourceType":"Observation","status":"final","code":{"text":"n"},"valueQuantity":{"value":${text}}}` });
    for (const text of ['-', '01', '1.', '.5', '+1', 'NaN', '1e', '0x10', 'Infinity', '1e+', `${'9'.repeat(100_000)}x`]) {
      const answer = await amount(text);
      assert.ok([400, 422].includes(answer.status), `${text.slice(0, 20)}: ${told(answer).slice(0, 300)}`);
      assert.ok(answer.text.length < 2_000, 'the number is not said again');
    }
    // Whatever FHIR calls a decimal is kept to its last digit, however far outside the numbers of a processor.
    for (const text of ['0.10', '1.0e3', '-0.0', '123456789012345678.900', '1e400', '-1e400', '1e-400', '1e999999999', '9'.repeat(20_000)]) {
      const made = await amount(text);
      assert.equal(made.status, 201, told(made).slice(0, 300));
      assert.ok((await ask('GET', `/fhir/Observation/${made.json.id}`)).text.includes(`"value":${text}`), text.slice(0, 30));
    }
    for (const [value, path_] of [['99999999999', 'Observation.value'], ['1.5', 'Observation.value'], ['"7"', 'Observation.value']]) {
      const answer = await ask('POST', '/fhir/Observation', { body: `{"resourceType":"Observation","status":"final","code":{"text":"n"},"valueInteger":${value}}` });
      assert.ok([400, 422].includes(answer.status), told(answer));
      assert.match(answer.json.issue[0].expression[0], new RegExp(path_));
    }
    assert.equal((await ask('GET', '/ready')).status, 200);
  });

  test('the live stream refuses types of which nothing ever comes', async () => {
    for (const type of ['Foo', 'DomainResource', 'Flag,Resource']) assert.equal((await ask('GET', `/live?types=${type}`)).status, 400, type);
  });

  test('a connection is kept as long as both want it', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let sockets = 0;
    agent.on('free', () => {});
    const create = agent.createConnection;
    agent.createConnection = function open(...args) { sockets++; return create.apply(this, args); };
    for (let i = 0; i < 50; i++) assert.equal((await ask('GET', i % 2 ? '/fhir/Patient?_count=1' : '/nowhere', { agent })).status, i % 2 ? 200 : 404);
    agent.destroy();
    assert.equal(sockets, 1);
    for (const text of ['GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'GET /health HTTP/1.0\r\n\r\n']) {
      const one = new Raw(server.port).write(text);
      assert.equal((await one.answer()).status, 200);
      assert.equal(await one.rest(), '');
    }
    const kept = new Raw(server.port).write('GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.equal((await kept.answer()).status, 200);
    assert.equal((await kept.write('GET /health HTTP/1.0\r\n\r\n').answer()).status, 200);
    kept.close();
  });

  test('who guesses passwords has to wait, and is told how long', async () => {
    execFileSync(program(), ['account', 'add', 'guessed', '--data', data, '--post', 'doctor', '--password-stdin'], { input: 'Right-Password-2026', stdio: ['pipe', 'ignore', 'ignore'] });
    const sign = (password) => request(server.base, 'POST', '/auth/sign-in', { body: JSON.stringify({ account: 'guessed', password }), headers: { 'content-type': 'application/json', 'x-tongkang': '1' } });
    let answer = null, tries = 0;
    while (tries++ < 40 && (answer === null || answer.status === 401)) answer = await sign(`wrong-${tries}`);
    assertOutcome(answer, 429);
    assert.ok(Number(answer.headers['retry-after']) >= 1, JSON.stringify(answer.headers));
    assert.equal((await sign('Right-Password-2026')).status, 429, 'the right one too: it must not be told apart');
  });
});

test('heavy requests beyond the queue are told 429 with Retry-After, and all others are answered', async () => {
  const data = freshFolder('busy');
  const server = await new Server(data, { args: ['--workers', '1', '--worker-queue-max', '1'] }).start();
  try {
    const token = await server.token();
    const entry = Array.from({ length: 400 }, (_, i) => ({ request: { method: 'PUT', url: `Patient/b${i}` }, resource: patient({ id: `b${i}` }) }));
    assert.equal((await request(server.base, 'POST', '/fhir', { token, body: { resourceType: 'Bundle', type: 'transaction', entry } })).status, 200);
    const all = await Promise.all(Array.from({ length: 60 }, () => request(server.base, 'GET', '/fhir/Patient?_count=400', { token })));
    const busy = all.filter((a) => a.status === 429);
    assert.ok(busy.length > 0 && all.some((a) => a.status === 200));
    for (const answer of all) {
      if (answer.status === 200) assert.equal(answer.json.entry.length, 400);
      else assertOutcome(answer, 429);
    }
    for (const answer of busy) assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.equal((await request(server.base, 'GET', '/fhir/Patient/b1', { token })).status, 200);
  } finally {
    await server.stop();
    fs.rmSync(data, { recursive: true, force: true });
  }
});

// ---- TLS -------------------------------------------------------------------------------------------------------------

test('TLS: a certificate of our own, nothing below 1.2, nothing in the clear', async () => {
  const data = freshFolder('tls');
  const cert = path.join(data, 'cert.pem'), key = path.join(data, 'key.pem'), other = path.join(data, 'other.pem');
  makeCertificate(key, cert);
  makeCertificate(other, path.join(data, 'other-cert.pem'));
  const store = path.join(data, 'data');
  fs.mkdirSync(store);
  const options = { tls: true, args: ['--tls-cert', cert, '--tls-key', key] };
  const server = await new Server(store, options).start();
  try {
    const token = await server.token();
    const secure = await new Promise((done, fail) => {
      const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: fs.readFileSync(cert), servername: 'localhost' }, () => { done([socket.authorized, socket.getProtocol()]); socket.destroy(); });
      socket.on('error', fail);
    });
    assert.deepEqual(secure, [true, 'TLSv1.3']);
    const made = await request(server.base, 'POST', '/fhir/Patient', { token, body: patient() });
    assert.equal(made.status, 201, told(made));
    assert.match(made.headers.location, /^https:/);
    assert.match(made.headers['strict-transport-security'], /max-age/);
    const two = new Raw(server.port, { tls: { rejectUnauthorized: false, maxVersion: 'TLSv1.2' } });
    two.write(Buffer.concat([requestOf('GET', `/fhir/Patient/${made.json.id}`, { token }), requestOf('GET', '/health')]));
    assert.deepEqual([(await two.answer()).json.id, (await two.answer()).status], [made.json.id, 200]);
    assert.equal(two.socket.getProtocol(), 'TLSv1.2');
    two.close();
    const old = new Raw(server.port, { tls: { rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } });
    assert.equal(await old.answer(), null);
    assert.ok(old.error, 'TLS 1.1 is refused');
    const plain = new Raw(server.port).write(requestOf('GET', '/health'));
    assert.doesNotMatch(await plain.rest(), /alive/);
    execFileSync(program(), ['account', 'add', 'page', '--data', store, '--post', 'doctor', '--password-stdin'], { input: 'A-Good-Password-2026', stdio: ['pipe', 'ignore', 'ignore'] });
    let signed = null;
    for (let i = 0; i < 200 && signed?.status !== 200; i++) {
      signed = await request(server.base, 'POST', '/auth/sign-in', { body: JSON.stringify({ account: 'page', password: 'A-Good-Password-2026' }), headers: { 'content-type': 'application/json' } });
      if (signed.status !== 200) await sleep(100);
    }
    assert.match(signed.headers['set-cookie'][0], /; Secure/);
    assert.deepEqual((await server.stop()).code, 0);
    for (const [args, words] of [[['--tls-cert', cert, '--tls-key', other], /key/i], [['--tls-cert', path.join(data, 'none.pem'), '--tls-key', key], /none\.pem/], [['--tls-cert', cert], /tls/i]]) {
      await assert.rejects(new Server(store, { tls: true, args }).start(), words);
    }
  } finally {
    server.child.kill('SIGKILL');
    fs.rmSync(data, { recursive: true, force: true });
  }
});

// ---- the end ---------------------------------------------------------------------------------------------------------

function stopsOn(name, backend) {
  describe(`stopping on ${name}`, { skip: backend === 'postgres' && !hasPostgres() ? 'PostgreSQL 15 is not installed' : false }, () => {
    let data, postgres, log;
    before(async () => {
      data = freshFolder('stop');
      if (backend === 'postgres') {
        postgres = await new Postgres().start();
        log = await postgres.database('stop');
      }
    });
    after(async () => {
      await postgres?.stop();
      fs.rmSync(data, { recursive: true, force: true });
    });

    test('SIGTERM: what is under way is answered, what is new is refused, and the program ends with 0', async () => {
      const server = await new Server(data, { log, outputMax: 1e6 }).start();
      const token = await server.token();
      const body = JSON.stringify(patient({ id: 'under-way' }));
      // Its body is on the way: the program has said that it wants it.
      const underWay = new Raw(server.port).write(requestOf('PUT', '/fhir/Patient/under-way', { token, headers: { 'Content-Type': 'application/fhir+json', 'Content-Length': body.length, Expect: '100-continue' } }));
      assert.equal((await underWay.answer()).status, 100);
      const idle = new Raw(server.port).write(requestOf('GET', '/health'));
      assert.equal((await idle.answer()).status, 200);
      const live = new Raw(server.port).write(requestOf('GET', '/live', { token }));
      await live.until(() => live.bytes.includes('event: hello') || undefined);
      const ended = server.stop();
      // The listener is closed first; the idle connection and the live stream end without waiting for anybody.
      assert.equal(await idle.rest(), '');
      assert.match(await live.rest(), /event: end/);
      const refused = await new Promise((done) => { net.connect(server.port, '127.0.0.1').on('error', (e) => done(e.code)).on('connect', function on() { this.destroy(); done('connected'); }); });
      assert.equal(refused, 'ECONNREFUSED');
      const answer = await underWay.write(body).answer();
      assert.equal(answer.status, 201, told(answer));
      assert.equal(answer.headers.connection, 'close');
      assert.deepEqual(await ended, { code: 0, signal: null });
      assert.match(server.output, /"event":"stopped"/);
      await server.start();
      assert.equal((await request(server.base, 'GET', '/fhir/Patient/under-way', { token })).status, 200);
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    });

    test('SIGTERM under load loses nothing that was acknowledged and doubles nothing', async () => {
      const acknowledged = new Set(), open = new Set();
      const server = new Server(data, { log });
      let token, next = 1;
      for (let round = 0; round < 2; round++) {
        await server.start();
        token ??= await server.token();
        let running = true;
        const goal = acknowledged.size + 150;
        const reached = new Promise((done) => {
          const write = async () => {
            while (running) {
              const n = next++;
              open.add(n);
              const answer = await request(server.base, 'POST', '/fhir/Observation', { token, headers: { 'idempotency-key': `s${n}` },
                body: { resourceType: 'Observation', status: 'final', identifier: [{ system: kSystem, value: `s${n}` }], code: { text: 'stop' }, valueInteger: n } });
              if (answer.status === 201) { acknowledged.add(n); open.delete(n); } else if (!answer.lost) assert.equal(answer.status, 503, told(answer));
              if (acknowledged.size >= goal) done();
              if (answer.lost) break;
            }
          };
          server.writers = Promise.all(Array.from({ length: 8 }, write));
        });
        await reached;
        const how = await server.stop();
        running = false;
        await server.writers;
        assert.deepEqual(how, { code: 0, signal: null });
      }
      await server.start();
      // What got no answer is sent again under its key.
      for (const n of open) {
        const answer = await request(server.base, 'POST', '/fhir/Observation', { token, headers: { 'idempotency-key': `s${n}` },
          body: { resourceType: 'Observation', status: 'final', identifier: [{ system: kSystem, value: `s${n}` }], code: { text: 'stop' }, valueInteger: n } });
        assert.equal(answer.status, 201, told(answer));
        acknowledged.add(n);
      }
      const values = [];
      for (let at = '/fhir/Observation?_count=500'; at;) {
        const page = await request(server.base, 'GET', at, { token });
        values.push(...(page.json.entry ?? []).map((e) => e.resource.valueInteger));
        const next_ = page.json.link.find((l) => l.relation === 'next');
        at = next_ ? new URL(next_.url).pathname + new URL(next_.url).search : null;
      }
      assert.deepEqual(values.sort((a, b) => a - b), [...acknowledged].sort((a, b) => a - b));
      await server.stop();
    });
  });
}

stopsOn('SQLite', 'sqlite');
stopsOn('PostgreSQL', 'postgres');
