// A hospital's own system registers by HL7 v2: over TCP, and over HTTP. The acknowledgement carries the alert; the same message is kept once; what is wrong is
// told at its place; who is not known from his address is told nothing; no post but the system's own may send.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { freePort, freshFolder, makeCertificate, program, request, residentId, Server, sleep } from '../lib/server.mjs';

const kCard = 'http://tongkang.dev/fhir/sid/cn-resident-id', kArea = 'http://tongkang.dev/fhir/sid/area';
const kNumber = residentId('19710304', 611);
let server, data, port, nowhere;
const tokens = {};
const ask = (who, method, target, body, headers = {}) => request(server.base, method, target, { token: tokens[who], body, headers });
const put = async (who, resource) => {
  const made = await ask(who, 'PUT', `/fhir/${resource.resourceType}/${resource.id}`, resource);
  assert.ok(made.status === 200 || made.status === 201, made.text);
};

before(async () => {
  data = freshFolder('admission');
  const add = (name, ...args) => execFileSync(program(), ['account', 'add', name, '--data', data, '--no-password', ...args], { stdio: 'ignore' });
  add('cdc', '--post', 'cdc-officer');
  add('doctor', '--post', 'doctor', '--area', '380102');
  port = await freePort();
  server = await new Server(data, { args: ['--mllp-listen', `127.0.0.1:${port}`, '--mllp-senders', '127.0.0.1=his-east'] }).start();
  add('his-east', '--kind', 'device', '--post', 'hospital-system', '--area', '380102');
  for (const who of ['admin', 'cdc', 'doctor', 'his-east']) tokens[who] = await server.token(who);
  // Its post is the pack's, which the program made known at its start; the account is known when the program looks next.
  for (let i = 0; i < 200 && (await ask('his-east', 'GET', '/fhir/Flag')).status !== 200; i++) await sleep(50);
  await put('cdc', { resourceType: 'WatchList', id: 'contacts', status: 'active', name: 'contacts', title: '密切接触者', publisher: '疾控中心', level: 'critical', text: '在筛人员', instruction: '做好防护，询问流行病学史', show: ['source'] });
  await put('admin', { resourceType: 'Patient', id: 'known', meta: { tag: [{ system: kArea, code: '380104' }] }, identifier: [{ system: kCard, value: kNumber }], name: [{ family: '王', given: ['小明'] }], gender: 'male', birthDate: '1971-03-04' });
  await put('cdc', { resourceType: 'WatchEntry', id: 'e1', status: 'active', list: { reference: 'WatchList/contacts' }, subject: { reference: 'Patient/known' }, reason: { text: '同乘一车' } });
});
after(async () => {
  await server?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

/** One connection; `say` sends a message in its frame and gives the answer without it. */
class Sender {
  constructor(socket = net.connect(port, '127.0.0.1')) {
    this.socket = socket;
    this.got = Buffer.alloc(0);
    this.closed = new Promise((resolve) => { this.socket.once('close', resolve); });
    this.socket.on('error', () => {});
    this.socket.on('data', (part) => { this.got = Buffer.concat([this.got, part]); this.wake?.(); });
    this.socket.on('close', () => this.wake?.());
  }
  async say(message) {
    this.socket.write(Buffer.concat([Buffer.from([0x0b]), Buffer.isBuffer(message) ? message : Buffer.from(message), Buffer.from([0x1c, 0x0d])]));
    for (;;) {
      const end = this.got.indexOf(Buffer.from([0x1c, 0x0d]));
      if (end >= 0) {
        const answer = this.got.subarray(1, end);
        this.got = this.got.subarray(end + 2);
        return answer;
      }
      assert.ok(!this.socket.destroyed, 'the connection was closed in place of an answer');
      await new Promise((resolve) => { this.wake = resolve; });
    }
  }
  async text(message) { return (await this.say(message)).toString('utf8'); }
}
const message = (event, id, { patient = 'A1', card = kNumber, visit = 'V1', name = '王^小明', birth = '19710304', more = '', charset = 'UNICODE UTF-8', version = '2.5.1', processing = 'P' } = {}) =>
  [`MSH|^~\\&|HIS|EAST|TK|CITY|20261123090000+0800||ADT^${event}^ADT_A01|${id}|${processing}|${version}||||||${charset}`, `EVN||20261123090000+0800`,
    `PID|1||${patient}^^^EAST^MR~${card}^^^^NI||${name}||${birth}|M${more}`, `PV1|1|E|急诊||||||||||||||||${visit}^^^EAST|||||||||||||||||||||||||20261123090000+0800`, ''].join('\r');
const visits = async () => (await ask('admin', 'GET', '/fhir/Encounter?_count=100')).json.entry ?? [];
const visitOf = async (number) => (await visits()).map((entry) => entry.resource).find((each) => each.identifier?.some((one) => one.value === number));

let first;
test('a registration is acknowledged with the alert of who is listed, though another hospital knows him under another number', async () => {
  const sender = new Sender();
  first = await sender.text(message('A04', 'm1'));
  assert.match(first, /\rMSA\|AA\|m1\r/);
  assert.match(first, /\rERR\|\|\|0\^Message accepted\^HL70357\|W\|critical\^Flag\/alert-[0-9a-f]{32}\^tongkang-alert\|\|[^|]*做好防护[^|]*疾控中心[^|]*\|在筛人员\|NPAT\r/);
  assert.ok(!first.includes('同乘一车'), 'why he is listed is not shown');
  const visit = await visitOf('V1');
  assert.equal(visit.status, 'arrived');
  assert.equal(visit.period.start, '2026-11-23T09:00:00+08:00');
  const patient = (await ask('doctor', 'GET', `/fhir/${visit.subject.reference}`)).json;
  assert.equal(patient.name[0].family, '王');
  const receipts = (await ask('cdc', 'GET', `/fhir/AlertReceipt?encounter=Encounter/${visit.id}`)).json.entry;
  assert.equal(receipts.length, 1, 'disease control sees it');
  const other = await sender.text(message('A04', 'm2', { patient: 'A2', card: '380102195501012222', visit: 'V2', name: '李^四', birth: '19550101' }));
  assert.match(other, /\rMSA\|AA\|m2\r$/, 'and who is not listed has none');
  sender.socket.end();
});

test('the same message is kept once and answered the same, also after a restart and when the visit has gone on', async () => {
  const said = (text) => text.split('\r').slice(1).join('\r');
  const sender = new Sender();
  assert.equal(said(await sender.text(message('A04', 'm1'))), said(first));
  assert.equal((await visitOf('V1')).meta.versionId, '1');
  assert.match(await sender.text(message('A03', 'm3')), /\rMSA\|AA\|m3\r/);
  assert.equal((await visitOf('V1')).status, 'finished');
  await server.stop();
  await server.start();
  const again = new Sender();
  assert.match(await again.text(message('A04', 'm1')), /\rMSA\|AA\|m1\rERR\|\|\|0\^/);
  const visit = await visitOf('V1');
  assert.equal(visit.status, 'finished', 'an old registration that comes again opens nothing');
  assert.equal(visit.meta.versionId, '2');
  assert.equal(visit.period.start, '2026-11-23T09:00:00+08:00', 'what the discharge did not say stays');
  sender.socket.destroy();
  again.socket.end();
});

test('an update changes what it says and nothing else; two quotes take away', async () => {
  const sender = new Sender();
  assert.match(await sender.text(message('A01', 'm4', { patient: 'A3', card: '', visit: 'V3', name: '赵^一', more: '|||东街1号^^山城||19900009011' })), /\rMSA\|AA\|m4\r/);
  const id = (await visitOf('V3')).subject.reference;
  assert.equal((await ask('admin', 'GET', `/fhir/${id}`)).json.telecom[0].value, '19900009011');
  assert.match(await sender.text(message('A08', 'm5', { patient: 'A3', card: '', visit: 'V3', name: '赵^一一', birth: '', more: '|||||""' })), /\rMSA\|AA\|m5\r/);
  const now = (await ask('admin', 'GET', `/fhir/${id}`)).json;
  assert.deepEqual([now.name[0].given[0], now.birthDate, now.address[0].city, now.telecom], ['一一', '1971-03-04', '山城', undefined]);
  assert.equal((await visitOf('V3')).status, 'in-progress', 'an update does not say what the visit is');
  sender.socket.end();
});

test('whoever is listed while he is there is in the next acknowledgement of his visit', async () => {
  const sender = new Sender();
  const patient = (await visitOf('V3')).subject.reference;
  await put('cdc', { resourceType: 'WatchEntry', id: 'e2', status: 'active', list: { reference: 'WatchList/contacts' }, subject: { reference: patient }, reason: { text: '同住' } });
  assert.match(await sender.text(message('A08', 'm6', { patient: 'A3', card: '', visit: 'V3', name: '赵^一一' })), /\rMSA\|AA\|m6\rERR\|\|\|0\^/);
  sender.socket.end();
});

test('GB 18030 is read and answered in GB 18030; an old sender reads the alert in MSA-3', async () => {
  const sender = new Sender();
  const head = message('A04', 'm7', { patient: 'A1', visit: 'V7', name: '@^@', charset: 'GB 18030-2000', version: '2.3.1' }).replace('急诊', 'ED');
  const bytes = Buffer.from(head, 'latin1');
  const parts = [];
  for (const byte of bytes) parts.push(byte === 0x40 ? Buffer.from([0x81, 0x7c]) : Buffer.from([byte]));  // 亅, whose second byte is "|"
  const answer = await sender.say(Buffer.concat(parts));
  const text = new TextDecoder('gb18030').decode(answer);
  assert.match(text, /\rMSA\|AA\|m7\|在筛人员: 做好防护/);
  const visit = await visitOf('V7');
  assert.equal((await ask('admin', 'GET', `/fhir/${visit.subject.reference}`)).json.name[0].family, '亅');
  sender.socket.end();
});

test('what is wrong is told at its place, and nothing of it is kept', async () => {
  const sender = new Sender();
  const count = (await visits()).length;
  const refused = [
    ['no message at all', /\rMSA\|AE\|\r/],
    [message('A04', 'w1', { visit: '' }), /\rMSA\|AE\|w1\rERR\|\|PV1\^1\^19\^1\^1\|101\^Required field missing\^HL70357\|E\|\|\|[^|]+\r/],
    [message('A40', 'w2'), /\rMSA\|AR\|w2\rERR\|\|MSH\^1\^9\^1\^2\|201\^/],
    [message('A04', 'w3', { processing: 'T' }), /\rMSA\|AR\|w3\rERR\|\|MSH\^1\^11\^1\|202\^/],
    [message('A04', 'w4', { version: '3.0' }), /\rMSA\|AR\|w4\rERR\|\|MSH\^1\^12\^1\|203\^/],
    [message('A04', 'w5', { charset: 'BIG-5' }), /\rMSA\|AE\|w5\rERR\|\|MSH\^1\^18\^1\|207\^/],
    [message('A04', 'w6').replace('EVN', 'broken line\rEVN'), /\rMSA\|AE\|w6\rERR\|\|\|100\^Segment sequence error\^HL70357\|E\|\|\|Segment 2: /],
  ];
  for (const [sent, told] of refused) assert.match(await sender.text(sent), told);
  assert.equal((await visits()).length, count);
  const odd = await sender.text(message('A04', 'w7', { patient: 'A9', card: '', visit: 'V9', birth: '19711399' }));
  assert.match(odd, /\rMSA\|AA\|w7\rERR\|\|PID\^1\^7\^1\|102\^Data type error\^HL70357\|W\|/, 'a birth date that is none keeps nobody out');
  sender.socket.end();
});

test('over HTTP the same, for the post of such systems alone; each other post is refused', async () => {
  const headers = { 'content-type': 'application/hl7-v2' };
  const made = await ask('his-east', 'POST', '/app/exchange/hl7v2', message('A04', 'h1', { visit: 'V20' }), headers);
  assert.equal(made.status, 200, made.text);
  assert.match(made.text, /\rMSA\|AA\|h1\rERR\|\|\|0\^/);
  assert.equal((await ask('his-east', 'POST', '/app/exchange/hl7v2', message('A04', 'h2', { visit: '' }), headers)).status, 422);
  assert.equal((await ask('his-east', 'POST', '/app/exchange/hl7v2', 'x', { 'content-type': 'text/plain' })).status, 400);
  assert.equal((await ask('his-east', 'GET', '/app/exchange/hl7v2')).status, 405);
  for (const who of ['doctor', 'cdc']) assert.equal((await ask(who, 'POST', '/app/exchange/hl7v2', message('A04', 'h3', { visit: 'V21' }), headers)).status, 403, who);
  for (const type of ['WatchEntry', 'WatchList', 'Observation', 'AlertReceipt']) assert.equal((await ask('his-east', 'GET', `/fhir/${type}`)).status, 403, type);
});

test('an account that is disabled speaks no more, and every message is in the audit', async () => {
  const sender = new Sender();
  assert.match(await sender.text(message('A08', 'd1', { visit: 'V20' })), /\rMSA\|AA\|d1\r/);
  execFileSync(program(), ['account', 'disable', 'his-east', '--data', data], { stdio: 'ignore' });
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  assert.match(await sender.text(message('A08', 'd2', { visit: 'V20' })), /\rMSA\|AR\|d2\r/);
  execFileSync(program(), ['account', 'enable', 'his-east', '--data', data], { stdio: 'ignore' });
  const files = fs.readdirSync(`${data}/audit`).map((name) => fs.readFileSync(`${data}/audit/${name}`, 'latin1')).join('');
  assert.ok(files.includes('"hl7v2"') && files.includes('his-east'));
  assert.ok(!files.includes('小明') && !server.output.includes('小明') && !server.output.includes(kNumber));
  sender.socket.end();
});

test('settings that are wrong are told before anything is opened', () => {
  const start = (...args) => {
    try {
      execFileSync(program(), ['serve', '--data', data, '--listen', '127.0.0.1:0', ...args], { stdio: 'pipe', timeout: 30000 });
      return 'it started';
    } catch (error) { return String(error.stderr) + String(error.stdout); }
  };
  assert.match(start('--mllp-listen', '127.0.0.1:0'), /mllp-senders/);
  assert.match(start('--mllp-listen', '127.0.0.1:0', '--mllp-senders', '10.1.2.3'), /names no account/);
  assert.match(start('--mllp-listen', '127.0.0.1:0', '--mllp-senders', '8.8.8.8=his-east'), /tls-cert/);
});

test('with TLS nothing is taken in the clear, nor from a sender whose certificate no authority of ours signed', async () => {
  await server.stop();
  const of = Object.fromEntries(['server', 'his', 'stranger'].map((who) => [who, { key: `${data}/${who}.key`, cert: `${data}/${who}.pem` }]));
  for (const one of Object.values(of)) makeCertificate(one.key, one.cert);
  server = await new Server(data, { tls: true, args: ['--tls-cert', of.server.cert, '--tls-key', of.server.key, '--mllp-listen', `127.0.0.1:${port}`, '--mllp-senders', '127.0.0.1=his-east', '--mllp-client-ca', of.his.cert] }).start();
  const connect = (who) => new Sender(tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(of.server.cert), ...(who ? { key: fs.readFileSync(of[who].key), cert: fs.readFileSync(of[who].cert) } : {}) }));
  const sender = connect('his');
  assert.match(await sender.text(message('A08', 't1', { visit: 'V20' })), /\rMSA\|AA\|t1\r/);
  sender.socket.end();
  // One after the other: whoever is refused before he asks is told nothing.
  for (const begin of [() => new Sender(), () => connect(), () => connect('stranger')]) {
    const refused = begin();
    await assert.rejects(refused.text(message('A08', 't2', { visit: 'V20' })));
    assert.ok(!refused.got.includes('MSA'));
  }
  const page = await request(server.base, 'GET', '/ready');
  assert.equal(page.status, 200, 'a browser needs no certificate');
});
