import { expect, test } from 'vitest';
import { emptyTable, kTables, tablesOfPack } from './model';

test('tables of packs beside those of the platform', () => {
  const [table] = tablesOfPack('emergency-stock', [{ id: 'items', title: { en: 'Items' }, type: 'StockItem', columns: [{ id: 'a', title: { en: 'Name' }, required: true }] }]);
  expect([table?.id, table?.send, table?.template, table?.heads[0]?.required]).toEqual(['emergency-stock.items', '/app/emergency-stock/imports/items', '/app/emergency-stock/imports/items/template?as=xlsx', true]);
  expect(emptyTable(kTables[2]!, 'en')).toBe('\uFEFFnumber,name,organization,department,post,phone,status,from,until\r\n');
});
