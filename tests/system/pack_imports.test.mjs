// Tables of a pack on the real program: the template as a spreadsheet, the same rows as CSV and as .xlsx, sent twice, and what is refused of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { freshFolder, program, request, Server } from '../lib/server.mjs';

const kSheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const kHeads = ['名称', '地区', '单位', '现有数量', '最低数量', '状态'];
const kRows = [['口罩', '380102', '只', 120, 100, '在用'], ['手套', '380102', '双', 5, 100, ''], ['防护服', '380104', '件', 0.5, 50, '停用']];

/** A zip of parts that are stored as they are (APPNOTE 4.3). */
function zipOf(parts) {
  const files = [], directory = [];
  let at = 0;
  for (const [name, text] of Object.entries(parts)) {
    const bytes = Buffer.from(text), title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(zlib.crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(at, 10);
    files.push(Buffer.from('PK\x03\x04'), common, title, bytes);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, more, title);
    at += 4 + common.length + title.length + bytes.length;
  }
  const list = Buffer.concat(directory), end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  const count = Object.keys(parts).length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, list, end]);
}

function sheetOf(rows) {
  const cell = (value, column, row) => {
    const place = `${String.fromCharCode(65 + column)}${row}`;
    return typeof value === 'number' ? `<c r="${place}"><v>${value}</v></c>` : value === '' ? '' : `<c r="${place}" t="inlineStr"><is><t>${value}</t></is></c>`;
  };
  const lines = rows.map((row, i) => `<row r="${i + 1}">${row.map((value, j) => cell(value, j, i + 1)).join('')}</row>`).join('');
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main', relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const link = (kind, target) => `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relations}/${kind}" Target="${target}"/></Relationships>`;
  return zipOf({ '_rels/.rels': link('officeDocument', 'xl/workbook.xml'), 'xl/_rels/workbook.xml.rels': link('worksheet', 'worksheets/sheet1.xml'),
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${lines}</sheetData></worksheet>` });
}
const csvOf = (rows) => Buffer.from(rows.map((row) => row.join(',')).join('\n') + '\n');

describe('tables of a pack', () => {
  let server, data, token;
  const send = async (bytes, type, more = '') => {
    const answer = await fetch(`${server.base}/app/emergency-stock/imports/items${more}`, { method: 'POST', body: bytes, headers: { authorization: `Bearer ${token}`, 'content-type': type } });
    return { status: answer.status, json: await answer.json() };
  };
  const numbers = ({ json: { rows, added, changed, unchanged, refused } }) => ({ rows, added, changed, unchanged, refused });

  before(async () => {
    data = freshFolder('pack-imports');
    server = await new Server(data).start();
    execFileSync(program(), ['account', 'add', 'keeper', '--data', data, '--no-password', '--post', 'stock-keeper', '--area', '3801'], { stdio: 'ignore' });
    token = await server.token('keeper');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  test('the template is a spreadsheet that it takes back, and says how it is filled in', async () => {
    const answer = await fetch(`${server.base}/app/emergency-stock/imports/items/template?as=xlsx`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.headers.get('content-type'), kSheet);
    assert.match(answer.headers.get('content-disposition'), /emergency-stock-items\.xlsx/);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const taken = await send(bytes, kSheet);
    assert.equal(taken.status, 200, JSON.stringify(taken.json));
    assert.deepEqual([taken.json.rows, taken.json.unknown_columns, taken.json.charset], [0, [], 'xlsx']);
    assert.equal((await request(server.base, 'GET', '/app/emergency-stock/imports/items/template?as=doc', { token })).status, 400);
  });

  test('a spreadsheet and the same rows as CSV are the same records; sent again they change nothing', async () => {
    const sheet = sheetOf([kHeads, ...kRows]);
    assert.deepEqual(numbers(await send(sheet, kSheet, '?check=true')), { rows: 3, added: 3, changed: 0, unchanged: 0, refused: 0 });
    assert.deepEqual(numbers(await send(sheet, kSheet)), { rows: 3, added: 3, changed: 0, unchanged: 0, refused: 0 });
    for (let i = 0; (await request(server.base, 'GET', '/fhir/StockItem?supply=short&_summary=count', { token })).json.total === 0; i++) assert.ok(i < 3000, 'the rule judges what came');
    assert.deepEqual(numbers(await send(sheet, kSheet)), { rows: 3, added: 0, changed: 0, unchanged: 3, refused: 0 });
    assert.deepEqual(numbers(await send(csvOf([kHeads, ...kRows]), 'text/csv')), { rows: 3, added: 0, changed: 0, unchanged: 3, refused: 0 });
    const found = (await request(server.base, 'GET', '/fhir/StockItem?name=防护服', { token })).json.entry;
    assert.deepEqual(found.map((one) => [one.resource.onHand, one.resource.state]), [[0.5, 'retired']]);
  });

  test('a wrong cell is told by the row of the sheet and its column', async () => {
    const { status, json } = await send(sheetOf([kHeads, kRows[0], ['帽子', '380102', '顶', '多', 2, '在用'], ['靴子', '380102', '双', 9, 2, '在用']]), kSheet);
    assert.equal(status, 200);
    assert.deepEqual([json.added, json.unchanged, json.refused], [1, 1, 1]);
    assert.deepEqual(json.issues.map((issue) => [issue.line, issue.column]), [[3, '现有数量']]);
  });

  test('what is no table is refused', async () => {
    assert.equal((await send(csvOf([kHeads]), 'application/json')).status, 415);
    assert.equal((await send(Buffer.from('PK\x03\x04 and no more'), kSheet)).status, 400);
  });
});
