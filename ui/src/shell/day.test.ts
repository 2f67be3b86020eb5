import { expect, test } from 'vitest';
import { leafOf, lunarDay } from './day';

test('a day of the lunar month in words', () => {
  expect([1, 10, 11, 19, 20, 21, 29, 30].map(lunarDay)).toEqual(['初一', '初十', '十一', '十九', '二十', '廿一', '廿九', '三十']);
});

test('a calendar leaf in both languages', () => {
  const noon = new Date(2026, 10, 24, 12).getTime();
  expect(leafOf(noon, 'zh-CN')).toEqual({ day: '24', month: '11月 星期二', lunar: '十月十六' });
  expect(leafOf(noon, 'en')).toEqual({ day: '24', month: 'November, Tuesday', lunar: '' });
});
