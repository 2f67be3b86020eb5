import { expect, test } from 'vitest';
import { type ContactWatch, daysOf, isPositive, kDaysShown, lookOf, negativesOf, standing } from './model';

const watch = (more: Partial<ContactWatch>): ContactWatch => ({ resourceType: 'ContactWatch', status: 'observation', kind: 'close', last: '2026-11-10', until: '2026-11-20', ...more });
const at = (day: number): string => `2026-11-${String(day).padStart(2, '0')}T10:00:00+08:00`;
const from = (n: number): { reference: string } => ({ reference: `Observation/${n}` });
const kNow = Date.parse('2026-11-18T12:00:00+08:00');

test('negatives count from the day after the last exposure, each specimen once, by the last word about each result', () => {
  const tests = [
    { taken: at(10), result: 'negative', evidence: from(1) }, // on the day of the exposure
    { taken: at(12), result: 'negative', evidence: from(2) },
    { taken: at(12), result: 'negative', evidence: from(3) }, // the same specimen
    { taken: at(14), result: 'negative', evidence: from(4) },
    { taken: at(15), result: 'withdrawn', evidence: from(4) },
    { taken: at(19), result: 'negative', evidence: from(5) }, // of the future
  ];
  expect(negativesOf(watch({ test: tests }), kNow)).toBe(1);
  expect(standing(tests).filter((t) => t.evidence?.reference === 'Observation/4').map((t) => t.result)).toEqual(['withdrawn']);
  expect(isPositive(watch({ test: [{ taken: at(12), result: 'positive', evidence: from(1) }, { taken: at(12), result: 'negative', evidence: from(1) }] }))).toBe(false);
  expect(isPositive(watch({ test: [{ taken: at(12), result: 'positive' }] }))).toBe(true);
});

test('the days of an observation, with what was done on each; of a long one the last', () => {
  const days = daysOf(watch({ visit: [{ when: at(11), outcome: 'normal', temperature: 36.5 }], test: [{ taken: at(12), result: 'negative' }] }));
  expect([days.length, days[0]?.day, days.at(-1)?.day]).toEqual([11, '2026-11-10', '2026-11-20']);
  expect([days[1]?.visits.length, days[2]?.tests.length]).toEqual([1, 1]);
  expect(daysOf(watch({ last: '2026-10-01' })).length).toBe(kDaysShown);
});

test('how sure a case is has three looks; who is not shown has his own', () => {
  const look = (more: object): string => lookOf({ node: 0, generation: 0, ...more });
  expect([look({ kind: 'case', form: 'confirmed' }), look({ kind: 'case', form: 'asymptomatic' }), look({ kind: 'case', form: 'suspected' }), look({ kind: 'contact' }), look({ hidden: true }), look({ kind: 'event' })]).toEqual(['strong', 'middle', 'weak', 'plain', 'unseen', 'event']);
});
