import { describe, expect, test } from 'vitest';
import type { Resource } from '../fhir/types';
import { bandOf, pathOf, rangeText, scaleOf, valueText } from './chart';
import { abnormalOf, allergiesAsked, allergiesIn, lastOf, markOf, measuresIn, medicinesIn, problemsIn, vitalsOf } from './facts';
import type { Clinical } from './types';

const text = (t: string): { text: string } => ({ text: t });
const coded = (code: string, t: string): Clinical['code'] => ({ coding: [{ system: 'http://loinc.org', code }], text: t });
const made = (type: string, id: string, rest: object): Resource => ({ resourceType: type, id, ...rest }) as Resource;
const status = (code: string): object => ({ coding: [{ code }] });

describe('what matters first', () => {
  test('allergies: the grave ones first, the same one once, what was refuted or is over never', () => {
    const all = [
      made('AllergyIntolerance', '1', { code: text('碘造影剂'), recordedDate: '2026-01-01' }),
      made('AllergyIntolerance', '2', { code: text('青霉素'), criticality: 'high', reaction: [{ manifestation: [text('喉水肿')] }] }),
      made('AllergyIntolerance', '3', { code: text('碘造影剂'), recordedDate: '2020-01-01' }),
      made('AllergyIntolerance', '4', { code: text('花生'), verificationStatus: status('refuted') }),
      made('AllergyIntolerance', '5', { code: text('牛奶'), clinicalStatus: status('resolved') }),
    ];
    expect(allergiesIn(all).map((a) => [a.text, a.high, a.reaction])).toEqual([['青霉素', true, '喉水肿'], ['碘造影剂', false, '']]);
    expect(allergiesAsked(all)).toBe(true);
    expect(allergiesAsked([])).toBe(false);
  });

  test('problems that go on, and how many are over', () => {
    const all = [
      made('Condition', '1', { code: text('高血压'), onsetDateTime: '2016' }),
      made('Condition', '2', { code: text('肺炎'), clinicalStatus: status('resolved'), onsetDateTime: '2019-02' }),
      made('Condition', '3', { code: text('高血压'), clinicalStatus: status('inactive'), onsetDateTime: '2015' }),
      made('Condition', '4', { code: text('误诊'), verificationStatus: status('entered-in-error') }),
    ];
    expect(problemsIn(all)).toEqual({ going: [{ id: '1', text: '高血压', since: '2016' }], over: 1 });
  });

  test('medicines in use, prescribed here or told', () => {
    const all = [
      made('MedicationRequest', '1', { status: 'active', medicationCodeableConcept: text('二甲双胍'), authoredOn: '2026-10-01', dosageInstruction: [text('0.5 g 每日 2 次')] }),
      made('MedicationRequest', '2', { status: 'stopped', medicationCodeableConcept: text('旧药') }),
      made('MedicationStatement', '3', { status: 'active', medicationReference: { display: '布洛芬' }, effectiveDateTime: '2026-11-18' }),
    ];
    expect(medicinesIn(all).map((m) => [m.text, m.dose, m.stated])).toEqual([['布洛芬', '', true], ['二甲双胍', '0.5 g 每日 2 次', false]]);
  });
});

const result = (id: string, day: string, value: number, rest: object = {}): Resource =>
  made('Observation', id, { status: 'final', code: coded('1988-5', 'C 反应蛋白'), effectiveDateTime: day, valueQuantity: { value, unit: 'mg/L' }, referenceRange: [{ high: { value: 10, unit: 'mg/L' } }], ...rest });

describe('results', () => {
  test('the laboratory\'s word goes before its range, and the range counts in its own unit alone', () => {
    expect(markOf(result('1', '2026-01-01', 38) as Clinical)).toBe('high');
    expect(markOf(result('1', '2026-01-01', 3) as Clinical)).toBe('none');
    expect(markOf(result('1', '2026-01-01', 38, { interpretation: [status('N')] }) as Clinical)).toBe('none');
    expect(markOf(result('1', '2026-01-01', 3, { interpretation: [status('LL')] }) as Clinical)).toBe('low');
    expect(markOf(result('1', '2026-01-01', 38, { referenceRange: [{ high: { value: 1, unit: 'mg/dL' } }] }) as Clinical)).toBe('none');
  });

  test('one course a code, oldest first, in the unit of the newest; mistakes are left out', () => {
    const all = [result('b', '2026-02-01', 20), result('a', '2026-01-01', 5), result('c', '2026-03-01', 0.9, { valueQuantity: { value: 0.9, unit: 'mg/dL' } }), result('d', '2026-04-01', 38), result('e', '2026-05-01', 99, { status: 'entered-in-error' })];
    const [m] = measuresIn(all);
    expect(m?.points.map((p) => p.value)).toEqual([5, 20, 38]);
    expect(m && rangeText(m)).toBe('≤10');
    expect(abnormalOf(measuresIn(all))).toHaveLength(1);
    expect(abnormalOf(measuresIn(all.slice(0, 2).reverse()))).toHaveLength(1);
  });

  test('vital signs in their order, blood pressure as a pair', () => {
    const vital = (code: string, t: string, value: number): Resource => made('Observation', code, { status: 'final', code: coded(code, t), effectiveDateTime: '2026-11-20T09:05:00Z', valueQuantity: { value, unit: 'x' } });
    const pressure = made('Observation', 'bp', {
      status: 'final', code: coded('85354-9', '血压'), effectiveDateTime: '2026-11-20T09:05:00Z',
      component: [{ code: coded('8480-6', '收缩压'), valueQuantity: { value: 152, unit: 'mmHg' } }, { code: coded('8462-4', '舒张压'), valueQuantity: { value: 94, unit: 'mmHg' } }],
    });
    const vitals = vitalsOf(measuresIn([vital('8867-4', '脉搏', 96), pressure, vital('8310-5', '体温', 37.6), result('a', '2026-01-01', 5)]));
    expect(vitals.map((m) => m.text)).toEqual(['体温', '血压', '脉搏']);
    const last = vitals[1] && lastOf(vitals[1]);
    expect(last && valueText(last)).toBe('152/94');
  });
});

describe('drawing', () => {
  const [m] = measuresIn([result('a', '2026-01-01', 5), result('b', '2026-02-01', 20)]);
  if (!m) throw new Error('no measure');

  test('all points and the range lie inside, time runs to the right', () => {
    const s = scaleOf(m, m.points, 100, 50);
    expect(m.points.map((p) => s.x(p.atMs))).toEqual([0, 100]);
    for (const p of m.points) expect(s.y(p.value)).toBeGreaterThanOrEqual(0), expect(s.y(p.value)).toBeLessThanOrEqual(50);
    const band = bandOf(m, s);
    expect(band && band[0] + band[1]).toBeCloseTo(50);
  });

  test('one point stands in the middle', () => {
    const one = m.points.slice(0, 1);
    const s = scaleOf(m, one, 100, 50);
    expect(s.x(one[0]?.atMs ?? 0)).toBe(50);
    expect(Number.isFinite(s.y(5))).toBe(true);
  });

  test('a path', () => expect(pathOf([[0, 1], [2.25, 3]])).toBe('M0.0,1.0L2.3,3.0'));
});
