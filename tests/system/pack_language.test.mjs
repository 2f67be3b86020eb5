// What a pack's expressions mean, by stories of packs that are made here and played by the program itself: the city's day, and what stands in which part.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { freshFolder, program, residentId } from '../lib/server.mjs';

const kTitle = { 'zh-CN': '试', en: 'Trial' };
const kSource = { text: 'a test', edition: '1', date: '2026-11-24' };
const head = (id, more) => ({ id, version: 1, title: kTitle, source: kSource, ...more });

describe('the language of packs', () => {
  const folder = freshFolder('pack-language');
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** A pack of these files, as a folder; `types` are its own, which it reads and writes beside `more`. */
  function pack(id, types, more, files) {
    const names = [...types.map((each) => each.type), ...more];
    const all = {
      'manifest.json': { id, title: kTitle, version: '0.1.0', reads: names, writes: names, doors: [] },
      'README.md': `# ${id}\n`,
      ...Object.fromEntries(types.map((each) => [`types/${each.type.toLowerCase()}.json`, { title: kTitle, ...each }])),
      ...files,
    };
    for (const [name, content] of Object.entries(all)) {
      const file = path.join(folder, id, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
    }
    return path.join(folder, id);
  }
  const told = (...args) => {
    const { status, stdout, stderr } = spawnSync(program(), ['pack', ...args], { encoding: 'utf8' });
    return { status, text: stdout + stderr };
  };
  function plays(where, cases) {
    const { status, text } = told('test', where);
    assert.equal(status, 0, text);
    assert.match(text, new RegExp(`${cases} cases, 0 failed`));
  }

  const kLoan = {
    type: 'Loan',
    elements: {
      due: { type: 'date', min: 1 }, state: { type: 'code', codes: { out: kTitle, back: kTitle } }, seen: { type: 'string' },
      taken: { type: 'dateTime' }, late: { type: 'boolean' },
    },
    search: { due: 'due', state: 'state' },
  };

  test('a day begins when it begins in the city: in rules, guards, notices, forms, lists, indicators, tables and stories', () => {
    const ask = (text) => ({ resourceType: 'QuestionnaireResponse', questionnaire: 'http://tongkang.dev/fhir/Questionnaire/loans.back', status: 'completed', item: [{ linkId: 'why', answer: [{ valueString: text }] }] });
    const move = { resourceType: 'Parameters', parameter: [{ name: 'code', valueCode: 'return' }] };
    const where = pack('loans', [kLoan], ['Communication', 'QuestionnaireResponse'], {
      'rules/due.json': head('loans.due', {
        constants: { window: { value: 30, unit: 'minutes' } }, on: { type: 'Loan', operations: ['create', 'update'] },
        where: "state = 'out' and due <= today() and %now is DateTime and now() - %window < %now and %now - %window = now() - %window",
        do: [{ update: { set: { late: true, seen: '=today().toString() + %now.toString().substring(10, 3) + timeOfDay().toString().substring(0, 2)' } } },
          { notify: { to: { post: 'admin' }, title: kTitle, text: { 'zh-CN': "='今天 ' + today().toString()", en: "='Today ' + today().toString()" } } }],
      }),
      'workflows/loan.json': head('loans.loan', {
        for: { type: 'Loan' }, state: { element: 'state' },
        states: [{ code: 'out', title: kTitle, initial: true }, { code: 'back', title: kTitle, final: true }],
        transitions: [{ code: 'return', title: kTitle, from: ['out'], to: 'back', posts: ['admin'], guard: [{ where: 'due <= today()', message: kTitle }] }],
      }),
      'forms/back.json': head('loans.back', {
        item: [{ linkId: 'why', type: 'string', text: 'why' }, { linkId: 'day', type: 'date', text: 'day', readOnly: true }], calculate: { day: 'today()' },
      }),
      'lists/loans.json': head('loans', { type: 'Loan', columns: [{ id: 'over', title: kTitle, value: 'due <= today()' }] }),
      'indicators/loans.json': head('loans', { type: 'Loan', dimensions: [{ id: 'over', title: kTitle, value: 'due <= today()' }] }),
      'imports/loans.json': head('loans', {
        type: 'Loan', identity: ['due'], columns: [{ id: 'due', title: { 'zh-CN': '期限', en: 'Due' }, type: 'date', required: true }],
        make: { due: '=%due', state: 'out', seen: '=today().toString()', taken: '=%now' },
      }),
      'tests/day.case.json': { cases: [{
        name: 'half an hour before midnight it is not due, half an hour after it is',
        with: [{ now: '2026-11-23T23:30:00+08:00', today: '2026-11-23', hour: '23', over: false, notices: 0, status: 422 }, { now: '2026-11-24T00:30:00+08:00', today: '2026-11-24', hour: '00', over: true, notices: 1, status: 200 }],
        steps: [
          { at: '${now}' },
          { do: 'POST Loan', body: { resourceType: 'Loan', due: '2026-11-24', state: 'out' }, let: { id: 'id' } },
          { find: 'Loan?_id=${id}', where: "today() = @${today} and iif(${over}, late and seen = '${today}T${hour}${hour}', late.empty())" },
          { find: 'Communication?status=in-progress', count: '${notices}', where: "payload.first().content = '今天 ${today}'" },
          { do: 'POST Loan/${id}/$transition', body: move, status: '${status}' },
          { do: 'POST QuestionnaireResponse', body: ask('worn'), where: "item.where(linkId = 'day').answer.value = @${today}" },
          { do: 'GET /app/loans/lists/loans', where: 'rows.cells.over.first() = ${over}' },
          { do: 'GET /app/loans/indicators/loans?by=over', where: "groups.keys.over = '${over}'" },
          { do: 'POST /app/loans/imports/loans', type: 'text/csv', body: '期限\n2026-12-01\n', where: 'added = 1' },
          { find: 'Loan?due=2026-12-01', where: "seen = '${today}' and taken = now() and taken.toString().substring(0, 10) = '${today}'" },
        ],
      }] },
    });
    plays(where, 2);
  });

  const kShop = { type: 'Shop', elements: { name: { type: 'string', min: 1 }, phone: { type: 'string' }, note: { type: 'string' } }, search: { name: 'name' } };
  const kKeeper = { id: 'shop-keeper', title: kTitle, source: 'a test', reads: ['Shop'], writes: ['Shop'], masks: { purpose: 'operations', phone: '3+0', source: 'a test' } };
  const column = (id, more) => ({ id, title: { 'zh-CN': `列${id}`, en: `Column ${id}` }, type: 'string', ...more });

  test('a table that is sent again by who sees its telephones masked makes no new version; what is hidden is changed by a write and not found by asking', () => {
    const send = (phone, where, query = '') => ({ as: 'shop-keeper', do: `POST /app/shops/imports/shops${query}`, type: 'text/csv', body: `name,phone\n春,${phone}\n`, where });
    const version = (number, phone) => ({ find: 'Shop', count: 1, where: `meta.versionId = '${number}' and phone = '${phone}' and note = 'kept'` });
    const where = pack('shops', [kShop], [], {
      'posts/shop-keeper.json': kKeeper,
      'imports/shops.json': head('shops', { type: 'Shop', identity: ['name'], columns: [column('name', { required: true }), column('phone')], make: { name: '=%name', phone: '=%phone' } }),
      'tests/again.case.json': { cases: [{ name: 'again', steps: [
        send('19900001234', 'added = 1'),
        { find: 'Shop', count: 1, let: { id: 'id' } },
        { do: 'PUT Shop/${id}', body: { resourceType: 'Shop', id: '${id}', name: '春', phone: '19900001234', note: 'kept' } },
        { as: 'shop-keeper', do: 'GET Shop/${id}', has: ['199********'], hasNot: ['19900001234'] },
        send('19900001234', 'unchanged = 1 and changed = 0'),
        send('19900001234', 'unchanged = 1 and changed = 0'),
        version(2, '19900001234'),
        send('19900005678', 'unchanged = 1 and changed = 0', '?check=true'),
        send('19900005678', 'unchanged = 0 and changed = 1'),
        version(3, '19900005678'),
      ] }] },
    });
    plays(where, 1);
  });

  test('what an indicator comes to in all has the search for it, also by dimensions', () => {
    const where = pack('shares', [kShop], [], {
      'posts/shop-keeper.json': kKeeper,
      'indicators/shops.json': head('shops', { type: 'Shop', where: 'name=春', dimensions: [{ id: 'note', title: kTitle, value: 'note' }] }),
      'tests/total.case.json': { cases: [{ name: 'total', given: [{ resourceType: 'Shop', id: 'a', name: '春' }], steps: [
        { do: 'GET /app/shares/indicators/shops', where: "total.count = 1 and total.records = '/fhir/Shop?name=春'" },
        { do: 'GET /app/shares/indicators/shops?by=note', where: "total.count = 1 and total.records = '/fhir/Shop?name=春'" },
      ] }] },
    });
    plays(where, 1);
  });

  const kDelivery = {
    type: 'Delivery',
    elements: { shop: { type: 'Reference', to: ['Shop'] }, quantity: { type: 'decimal' }, area: { type: 'string' }, phone: { type: 'string' }, by: { type: 'string' }, when: { type: 'date' } },
    search: { shop: 'shop', area: 'area' },
  };
  const deliveries = (more) => head('deliveries', {
    type: 'Delivery', identity: ['shop', 'when'],
    columns: [column('shop', { type: 'Reference', to: 'Shop', exists: true, required: true }), column('quantity', { type: 'decimal', required: true }), column('area', { check: 'division' }),
      column('phone', { check: 'telephone' }), column('by', { check: 'resident-number' }), column('when', { type: 'date', required: true })],
    conditions: [{ where: 'quantity > 0', column: 'quantity', message: { 'zh-CN': '数量须大于零', en: 'The quantity must be above zero' } },
      { where: "when <= today() and (%phone.exists() or %by.exists())", message: { 'zh-CN': '须有联系人，日期不晚于今天', en: 'Somebody to ask, and no later than today' } }],
    make: { shop: { reference: '=%shop' }, quantity: '=%quantity', area: '=%area', phone: '=%phone', by: '=%by', when: '=%when' }, ...more });

  test('a row is refused by conditions, by checks of numbers, and where what it names is not there; all that is wrong with it is told', () => {
    const good = residentId('19900102', 7), bad = good.slice(0, 17) + (good.endsWith('1') ? '2' : '1');
    const send = (rows, where, more = {}) => ({ do: 'POST /app/deliveries/imports/deliveries', type: 'text/csv', body: `shop,quantity,area,phone,by,when\n${rows.join('\n')}\n`, where, ...more });
    const where = pack('deliveries', [kShop, kDelivery], ['Location'], {
      'posts/carrier.json': { id: 'carrier', title: kTitle, source: 'a test', reads: ['Delivery'], writes: ['Delivery'] },
      'imports/deliveries.json': deliveries(),
      'tests/rows.case.json': { cases: [{ name: 'rows', given: [{ resourceType: 'Shop', id: 'a', name: '春' }, { resourceType: 'Location', id: 'area-380102', status: 'active', name: '试' }], steps: [
        send([`a,1,380102,19900001234,${good},2026-11-01`], 'rows = 1 and added = 1 and refused = 0'),
        send([`b,1,380199,12345,${bad},2026-11-01`], "refused = 1 and added = 0 and issues.count() = 4 and issues.where(line != 2).empty() and issues.column = ('列shop' | '列area' | '列phone' | '列by') and issues.text.first() = 'There is no Shop with this id.'"),
        send(['a,0,380102,,,2026-12-31'], "refused = 1 and issues.count() = 2 and issues[0].column = '列quantity' and issues[0].text = '数量须大于零 / The quantity must be above zero' and issues[1].column.empty() and issues[1].text.startsWith('须有联系人')"),
        send(['a,-1,,19900001234,,2026-11-02', 'a,2,,19900001234,,2026-11-03'], 'refused = 1 and added = 1 and issues.line = 2'),
        { find: 'Delivery', count: 2, where: 'quantity > 0' },
        send(['a,2,,19900001234,,2026-11-03'], 'rows = 1', { as: 'carrier', status: 403, where: undefined }),
      ] }] },
    });
    plays(where, 1);
    const broken = deliveries({ conditions: [{ where: 'quantty > 0', message: { 'zh-CN': '一' } }, { where: '%misspelt > 0', column: 'none', message: kTitle }] });
    broken.columns[1].check = 'telephone';
    broken.columns[2].check = 'postcode';
    broken.columns[3].exists = true;
    fs.writeFileSync(path.join(where, 'imports/deliveries.json'), JSON.stringify(broken));
    const { status, text } = told('check', where);
    assert.notEqual(status, 0);
    for (const said of ['columns[1].check: is said of a string', 'columns[2].check: may be resident-number', 'columns[3].exists: is said of a Reference']) assert.ok(text.includes(said), `${said} in\n${text}`);
    fs.writeFileSync(path.join(where, 'imports/deliveries.json'), JSON.stringify({ ...deliveries(), conditions: broken.conditions }));
    const again = told('check', where).text;
    for (const said of ['conditions[0].message: needs zh-CN and en', 'conditions[0].where', 'conditions[1].column: names no column', 'misspelt']) assert.ok(again.includes(said), `${said} in\n${again}`);
  });
});
