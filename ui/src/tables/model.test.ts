import { expect, test } from 'vitest';
import { emptyTable, kTables, reportOfPack, reportOfParameters, tablesOfPack, typeOfFile } from './model';

test('a report of areas: counts, rows with line and column, and what is said of the whole table', () => {
  const issue = [{ severity: 'error', diagnostics: 'Line 3, code: This is no code: mend it.' }, { severity: 'error', details: { text: 'Line 7: It is in no county.' } }, { severity: 'warning', diagnostics: 'The column "x" is not known and was passed over.' }, { severity: 'information', diagnostics: 'Every row is good.' }];
  const report = reportOfParameters({ parameter: [{ name: 'rows', valueInteger: 9 }, { name: 'added', valueInteger: 7 }, { name: 'refused', valueInteger: 2 }, { name: 'kept', valueBoolean: true }, { name: 'outcome', resource: { issue } }] });
  expect(report).toEqual({ rows: 9, added: 7, changed: 0, unchanged: 0, refused: 2, kept: true, notes: ['The column "x" is not known and was passed over.'], issues: [{ line: 3, column: 'code', text: 'This is no code: mend it.' }, { line: 7, column: '', text: 'It is in no county.' }] });
});

test('a report of a pack, with the columns that are not known in words', () => {
  const report = reportOfPack({ rows: 2, refused: 1, issues: [{ line: 2, column: '数量', text: 'no number' }, { text: 'all of it' }], unknown_columns: ['x'] }, (column) => `? ${column}`);
  expect([report.rows, report.refused, report.kept, report.notes]).toEqual([2, 1, false, ['? x']]);
  expect(report.issues).toEqual([{ line: 2, column: '数量', text: 'no number' }, { line: null, column: '', text: 'all of it' }]);
});

test('tables of packs beside those of the platform', () => {
  const [table] = tablesOfPack('emergency-stock', [{ id: 'items', title: { en: 'Items' }, type: 'StockItem', columns: [{ id: 'a', title: { en: 'Name' }, required: true }] }]);
  expect([table?.id, table?.send, table?.template, table?.heads[0]?.required]).toEqual(['emergency-stock.items', '/app/emergency-stock/imports/items', '/app/emergency-stock/imports/items/template?as=xlsx', true]);
  expect(emptyTable(kTables[2]!, 'en')).toBe('\uFEFFnumber,name,organization,department,post,phone,status,from,until\r\n');
});

test('a file by its name', () => {
  expect([typeOfFile('a.CSV'), typeOfFile('b.xlsx')?.includes('spreadsheetml'), typeOfFile('c.xls'), typeOfFile('d')]).toEqual(['text/csv', true, null, null]);
});
