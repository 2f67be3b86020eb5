import { expect, test } from 'vitest';
import { clockOfMinute, daysOf } from './kept';

test('days from yesterday down to the oldest report, those without one in their places', () => {
  const reports = [{ day: '2026-03-01', made: 'b' }, { day: '2026-02-27', made: 'a' }];
  expect(daysOf(reports, '2026-03-02')).toEqual([{ day: '2026-03-02', made: null }, { day: '2026-03-01', made: 'b' }, { day: '2026-02-28', made: null }, { day: '2026-02-27', made: 'a' }]);
  expect(daysOf([], '2026-03-02')).toEqual([]);
  expect([clockOfMinute(485), clockOfMinute(0)]).toEqual(['08:05', '00:00']);
});
