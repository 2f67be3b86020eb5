// Print forms over HTTP: a page is the record as its reader sees it, its texts are in the PDF, and the audit knows who printed whose.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readPdf } from '../lib/pdf.mjs';
import { freshFolder, program, request, Server } from '../lib/server.mjs';

const kArea = 'http://tongkang.dev/fhir/sid/area';
const patient = (id, area, phone) => ({ resourceType: 'Patient', id, meta: { tag: [{ system: kArea, code: area }] }, name: [{ text: '试打印' }], gender: 'female', birthDate: '1980-02-03', telecom: [{ system: 'phone', value: phone }], address: [{ text: '东城区一路 1 号' }] });
const reading = (id, of, value) => ({ resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] }, subject: { reference: `Patient/${of}` }, effectiveDateTime: '2026-11-20T08:00:00+08:00', valueQuantity: { value, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } });
const titles = (zh, en) => ({ 'zh-CN': zh, en });
const kPack = {
  'manifest.json': { id: 'sheets', title: titles('打印', 'Sheets'), version: '1', reads: ['Patient', 'Observation'], writes: [] },
  'prints/card.json': {
    id: 'card', version: 1, title: titles('体温记录单', 'Temperature record'), for: { type: 'Patient' }, page: { size: 'A5' },
    with: { readings: { type: 'Observation', find: "='subject=Patient/' + id + '&_sort=date'" } }, qr: { value: "='Patient/' + id", title: titles('档案', 'Record') },
    parts: [
      { fields: [{ title: titles('姓名', 'Name'), value: 'name.first()' }, { title: titles('出生', 'Born'), value: 'birthDate' }, { title: titles('电话', 'Telephone'), value: 'telecom', columns: 2 }] },
      { rows: '%readings', columns: [{ title: titles('时间', 'When'), value: 'effective.ofType(dateTime)', share: 2 }, { title: titles('体温', 'Temperature'), value: 'value.ofType(Quantity)', right: true }] },
      { signatures: [titles('登记人', 'Registered by')] },
    ],
  },
};

describe('print forms', () => {
  let server, data;
  const tokens = {};
  const ask = (who, target) => request(server.base, 'GET', target, { token: tokens[who] });
  const print = async (who, id, query = '') => {
    const got = await fetch(`${server.base}/app/sheets/prints/card/Patient/${id}${query}`, { headers: { authorization: `Bearer ${tokens[who]}` } });
    return { status: got.status, type: got.headers.get('content-type'), headers: got.headers, bytes: Buffer.from(await got.arrayBuffer()) };
  };
  const told = async (id) => (await ask('city', `/audit/events?action=print&patient=Patient/${id}`)).json.entry ?? [];

  before(async () => {
    data = freshFolder('prints');
    for (const [name, content] of Object.entries(kPack)) {
      const file = path.join(data, 'packs/sheets', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(content));
    }
    server = await new Server(data).start();
    execFileSync(program(), ['account', 'add', 'gate', '--data', data, '--no-password', '--post', 'screener', '--area', '380102'], { stdio: 'ignore' });
    tokens.city = await server.token();
    tokens.gate = await server.token('gate');
    const put = (resource) => ({ request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }, resource });
    const many = Array.from({ length: 60 }, (_, i) => reading(`m${i}`, 'b', 36.5));
    const entry = [patient('a', '380102001', '19900000001'), patient('b', '380104001', '19900000002'), reading('o1', 'a', 37.3), ...many].map(put);
    assert.equal((await request(server.base, 'POST', '/fhir', { token: tokens.city, body: { resourceType: 'Bundle', type: 'transaction', entry } })).status, 200);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('the page has what stands in the record, as texts that can be found', async () => {
    const page = await print('city', 'a');
    assert.equal(page.status, 200);
    assert.equal(page.type, 'application/pdf');
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.ok(!page.headers.get('content-disposition').includes('19900000001'));
    const read = readPdf(page.bytes);
    assert.equal(read.pages, 1);
    for (const text of ['体温记录单', '试打印', '1980-02-03', '19900000001', '2026-11-20 08:00', '37.3 °C', '登记人', '编号 a', '打印人 管理员', '1 / 1']) assert.ok(read.text.includes(text), `${text} in\n${read.text}`);
    const english = readPdf((await print('city', 'a', '?lang=en')).bytes);
    for (const text of ['Temperature record', 'Telephone', 'Printed']) assert.ok(english.text.includes(text), english.text);
  });

  test('what is long goes over several pages, under the same heads', async () => {
    const read = readPdf((await print('city', 'b')).bytes);
    assert.ok(read.pages > 1);
    assert.equal(read.text.split('时间体温').length - 1, read.pages);
    assert.equal(read.text.split('36.5 °C').length - 1, 60);
  });

  test('it is masked as its reader sees the record, and closed where the record is', async () => {
    const seen = (await ask('gate', '/fhir/Patient/a')).json;
    const read = readPdf((await print('gate', 'a')).bytes);
    assert.ok(!read.text.includes('19900000001') && !read.text.includes('1980-02-03'), read.text);
    assert.ok(read.text.includes(seen.telecom[0].value) && read.text.includes(seen.birthDate), read.text);
    assert.equal((await print('gate', 'b')).status, 404);
    assert.equal((await print('city', 'nobody')).status, 404);
    assert.equal((await fetch(`${server.base}/app/sheets/prints/card/Patient/a`)).status, 401);
  });

  test('which forms fit a record is told', async () => {
    const fitting = (await ask('gate', '/app/prints/Patient/a')).json;
    assert.ok(fitting.prints.some((each) => each.path === '/app/sheets/prints/card/Patient/a'), JSON.stringify(fitting));
    assert.equal((await ask('gate', '/app/prints/Patient/b')).status, 404);
    assert.equal((await ask('gate', '/app/prints/Patient/_history')).status, 404);
    assert.deepEqual((await ask('gate', '/app/sheets/prints')).json.prints.map((each) => each.id), ['card']);
  });

  test('the audit has each page, with whose it is', async () => {
    const before = (await told('a')).length;
    await print('gate', 'a');
    const events = await told('a');
    assert.equal(events.length, before + 1);
    assert.equal(events[0].resource.agent[0].who?.identifier?.value ?? events[0].resource.agent[0].altId, 'gate');
    await print('gate', 'b');
    assert.equal((await told('b')).filter((each) => each.resource.outcome === '0').length, 1, 'only the page that was printed');
  });
});
