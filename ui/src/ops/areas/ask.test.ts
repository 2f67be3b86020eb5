import { expect, test } from 'vitest';
import { areaIn } from './ask';

test('an area with those below it, as $tree tells them', () => {
  const child = { name: 'child', part: [{ name: 'code', valueCode: '380102' }, { name: 'name', valueString: '清江区' }, { name: 'level', valueCode: 'county' }, { name: 'active', valueBoolean: false }, { name: 'until', valueDate: '2024-06-30' }, { name: 'successor', valueCode: '380103' }] };
  const area = areaIn({ name: 'area', part: [{ name: 'code', valueCode: '3801' }, { name: 'path', valueString: '安和市' }, { name: 'below', valueInteger: 37 }, { name: 'location', valueReference: { reference: 'Location/area-3801' } }, child] });
  expect([area.code, area.name, area.path, area.below, area.location, area.active]).toEqual(['3801', '', '安和市', 37, 'Location/area-3801', true]);
  expect(area.children.map((one) => [one.code, one.name, one.level, one.active, one.until, one.successor])).toEqual([['380102', '清江区', 'county', false, '2024-06-30', '380103']]);
});
