import { expect, test } from 'vitest';
import { celsius, judge, kSymptoms, readingOf, symptomsIn, temperatureIn, tenthsOf } from './screening';

const kLimit = 37.3;

test('three digits are tenths of a degree', () => {
  expect(tenthsOf('376')).toBe(376);
  expect(tenthsOf('37')).toBeNull();
  expect(tenthsOf('')).toBeNull();
  expect(celsius(376)).toBe('37.6');
  expect(celsius(370)).toBe('37.0');
});

test('the limit itself is fever, a tenth below is not', () => {
  expect(judge(373, kLimit, [])).toBe('fever');
  expect(judge(372, kLimit, [])).toBe('fine');
  expect(judge(372, kLimit, ['cough'])).toBe('symptom');
  expect(judge(373, kLimit, ['cough'])).toBe('fever');
});

test('the limit is the one that is set, not one of ours', () => {
  expect(judge(373, 37.5, [])).toBe('fine');
  expect(judge(375, 37.5, [])).toBe('fever');
  expect(judge(399, null, [])).toBe('unjudged');
});

test('what no thermometer shows is an error of input', () => {
  expect(judge(339, kLimit, [])).toBe('bad');
  expect(judge(340, kLimit, [])).toBe('fine');
  expect(judge(430, kLimit, [])).toBe('fever');
  expect(judge(431, kLimit, [])).toBe('bad');
  expect(judge(null, kLimit, [])).toBe('none');
});

test('a reading carries value, unit, person and answers', () => {
  const o = readingOf({ resourceType: 'Patient', id: 'p1' }, 376, ['cough', 'travel'], Date.parse('2026-11-20T01:05:00Z'));
  expect(o).toMatchObject({
    status: 'final',
    subject: { reference: 'Patient/p1' },
    code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] },
    valueQuantity: { value: 37.6, system: 'http://unitsofmeasure.org', code: 'Cel' },
  });
  expect(o.effectiveDateTime).toMatch(/^2026-11-2\dT\d\d:05:00[+-]\d\d:\d\d$/);
  expect(Date.parse(o.effectiveDateTime ?? '')).toBe(Date.parse('2026-11-20T01:05:00Z'));
  expect(o.component).toHaveLength(2);
  expect(JSON.stringify(o)).not.toMatch(/performer|device/);
});

test('answers read back as they were given', () => {
  const p = { resourceType: 'Patient' as const, id: 'p1' };
  expect(symptomsIn(readingOf(p, 365, [], 0))).toEqual([]);
  expect(symptomsIn(readingOf(p, 365, [...kSymptoms], 0))).toEqual([...kSymptoms]);
  expect(symptomsIn({ resourceType: 'Observation', status: 'final', code: {} })).toBeNull();
  expect(temperatureIn({ resourceType: 'Observation', status: 'final', code: {}, valueQuantity: { value: 98.6, code: '[degF]' } })).toBeCloseTo(37, 9);
  expect(temperatureIn({ resourceType: 'Observation', status: 'final', code: {}, valueQuantity: { value: 37, code: 'kg' } })).toBeNull();
});

test('every tenth of a degree survives as the number it is', () => {
  for (let n = 340; n <= 430; n += 1) {
    expect(JSON.stringify(readingOf({ resourceType: 'Patient', id: 'p' }, n, [], 0).valueQuantity?.value)).toBe(String(Number(celsius(n))));
  }
});
