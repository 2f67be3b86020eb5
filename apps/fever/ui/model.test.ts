import { expect, test } from 'vitest';
import { eventsOf, stepOf } from './model';

test('hospital and home are the same step; who is cancelled is at the end', () => {
  expect(['registered', 'transport', 'clinic', 'hospital', 'follow-up', 'released', 'cancelled', 'unknown'].map(stepOf)).toEqual([0, 1, 2, 3, 3, 4, 4, 0]);
});

test('visits and tests stand in one order, the latest first', () => {
  const events = eventsOf({ resourceType: 'FeverEpisode', status: 'follow-up', visit: [{ when: '2026-11-23T09:00:00+08:00', temperature: 36.6 }], test: [{ taken: '2026-11-23T01:30:00Z', result: 'negative' }, { taken: '2026-11-22', result: 'positive' }] });
  expect(events.map((e) => [e.kind, e.word])).toEqual([['test', 'negative'], ['visit', 'well'], ['test', 'positive']]);
});
