import { expect, test } from 'vitest';
import { inWords } from './said';
import { badTable, byLine, readCsv, readSheetXml, reportIn } from './table';

test('a CSV keeps at which line each row begins, also behind a cell of several lines', () => {
  const sheet = readCsv('\uFEFF姓名,备注\r\n何小明,"两\n行, ""甲"""\r\n\r\n李四,\r\n');
  expect(sheet.titles).toEqual(['姓名', '备注']);
  expect([...sheet.rows]).toEqual([[2, ['何小明', '两\n行, "甲"']], [5, ['李四', '']]]);
  expect(readCsv('').titles).toEqual([]);
});

test('a worksheet: shared and own strings, numbers, gaps, the rows by their number', () => {
  const shared = '<sst><si><t>姓名</t></si><si><r><t>何</t></r><r><t xml:space="preserve">小明 &amp; 子</t></r></si></sst>';
  const sheet = '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>体温</t></is></c></row><row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"/><c r="C3"><v>36.5</v></c></row><row r="4"><c r="A4"/></row></sheetData>';
  const read = readSheetXml(sheet, shared);
  expect(read.titles).toEqual(['姓名', '', '体温']);
  expect([...read.rows]).toEqual([[3, ['何小明 & 子', '', '36.5']]]);
});

test('the bad rows go out with their titles and what is wrong, once each, and run nothing in a spreadsheet', () => {
  const sheet = readCsv('姓名,证件号码\n何小明,1\n李四,2\n=1+1,3\n');
  const issues = [{ line: 4, column: '姓名', text: '不是姓名' }, { line: 2, column: '证件号码', text: '校验位不对' }, { line: 2, text: '没有原因' }, { line: 99, text: '没有这一行' }];
  expect(byLine(issues).map((row) => [row.line, row.said.length])).toEqual([[2, 2], [4, 1], [99, 1]]);
  expect(badTable(sheet, issues, '问题')).toBe("\uFEFF姓名,证件号码,问题\r\n何小明,1,证件号码：校验位不对；没有原因\r\n'=1+1,3,姓名：不是姓名\r\n");
});

test('what the program says of a row is told in the reader\'s language; what is not known stays as it was said', () => {
  expect(inWords('Line 3 is the same person: keep one of them.', 'zh-CN')).toBe('与第 3 行是同一个人，请留一行');
  expect(inWords('Line 3 is the same person: keep one of them.', 'en')).toBe('Line 3 is the same person: keep one of them.');
  expect(inWords('数量须大于零 / The quantity must be above zero', 'zh-CN')).toBe('数量须大于零');
  expect(inWords('Something new.', 'zh-CN')).toBe('Something new.');
});

test('a report of areas, institutions or posts: counts, rows with line and column, and what is said of the whole table', () => {
  const issue = [{ severity: 'error', diagnostics: 'Line 3, code: This is no code: mend it.' }, { severity: 'error', details: { text: 'Line 7: It is in no county.' } }, { severity: 'warning', diagnostics: 'The column "x" is not known and was passed over.' }, { severity: 'information', diagnostics: 'Every row is good.' }];
  const report = reportIn({ resourceType: 'Parameters', parameter: [{ name: 'rows', valueInteger: 9 }, { name: 'added', valueInteger: 7 }, { name: 'refused', valueInteger: 2 }, { name: 'outcome', resource: { issue } }] }, (column) => `? ${column}`);
  expect(report).toEqual({ rows: 9, added: 7, changed: 0, unchanged: 0, refused: 2, notes: ['? x'], issues: [{ line: 3, column: 'code', text: 'This is no code: mend it.' }, { line: 7, column: '', text: 'It is in no county.' }] });
  expect(reportIn({ rows: 2, unknown_columns: ['y'] }, (column) => `? ${column}`)).toMatchObject({ rows: 2, added: 0, issues: [], notes: ['? y'] });
});
