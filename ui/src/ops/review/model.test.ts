import { expect, test } from 'vitest';
import { evidenceOf, type FullPatient, marksOf, nearest, pairsOf, reviewOf, type ReviewTask, rowBits, valuesOf } from './model';

const kNumber = 'http://tongkang.dev/fhir/sid/cn-resident-id';
const task = (more: Partial<ReviewTask> = {}): ReviewTask => ({
  resourceType: 'Task',
  id: 't',
  status: 'requested',
  code: { coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/person-review', code: 'probable' }] },
  for: { reference: 'Patient/new' },
  basedOn: [{ reference: 'Patient/old' }, { reference: 'Patient/older' }],
  extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/person-link', extension: [{ url: 'bits', valueDecimal: 8.25 }] }],
  ...more,
});

test('a review asks about every pair of the records that it names, who was there first at the left', () => {
  const review = reviewOf(task());
  expect([review.code, review.open, review.bits]).toEqual(['probable', true, 8.25]);
  expect(pairsOf(review)).toEqual([{ a: 'old', b: 'new' }, { a: 'old', b: 'older' }, { a: 'new', b: 'older' }]);
  expect(pairsOf(reviewOf(task({ basedOn: [{ reference: 'Patient/old' }] })))).toEqual([{ a: 'old', b: 'new' }]);
});

test('one that names no other asks whose the record is', () => {
  expect(pairsOf(reviewOf(task({ basedOn: undefined })))).toEqual([{ a: 'new', b: 'new' }]);
  expect(reviewOf(task({ status: 'completed' })).open).toBe(false);
});

test('evidence: sum, lines and each field as the server tells them; without lines none are made up', () => {
  const parameter = [
    { name: 'grade', valueCode: 'probable' }, { name: 'bits', valueDecimal: 6.5 }, { name: 'rule', valueString: 'twins-by-name' }, { name: 'same-person', valueBoolean: false }, { name: 'held-apart', valueBoolean: true },
    { name: 'field', part: [{ name: 'name', valueCode: 'family' }, { name: 'level', valueCode: 'same' }, { name: 'bits', valueDecimal: 5 }, { name: 'by-frequency', valueBoolean: true }] },
    { name: 'field', part: [{ name: 'name', valueCode: 'given' }, { name: 'level', valueCode: 'different' }, { name: 'bits', valueDecimal: -7 }] },
    { name: 'field', part: [{ name: 'name', valueCode: 'prior' }, { name: 'bits', valueDecimal: -16 }] },
    { name: 'field', part: [{ name: 'name', valueCode: 'group' }, { name: 'bits', valueDecimal: -1 }] }, { name: 'field', part: [{ name: 'name', valueCode: 'group' }, { name: 'bits', valueDecimal: -2 }] },
    { name: 'field', part: [{ name: 'name', valueCode: 'card' }, { name: 'bits', valueDecimal: 0 }] },
  ];
  const told = evidenceOf({ resourceType: 'Parameters', parameter });
  expect([told.bits, told.grade, told.rules, told.same, told.apart, told.from]).toEqual([6.5, 'probable', ['twins-by-name'], false, true, null]);
  expect(rowBits(told, ['family', 'given'])).toEqual({ bits: -2, known: true });
  expect(rowBits(told, ['card'])).toEqual({ bits: 0, known: false });
  expect([told.prior, told.group, Object.keys(told.fields)]).toEqual([-16, -3, ['family', 'given', 'card']]);
  const lines = [{ name: 'possible-from', valueDecimal: -6.6 }, { name: 'probable-from', valueDecimal: 0 }, { name: 'certain-from', valueDecimal: 13.3 }];
  expect(evidenceOf({ resourceType: 'Parameters', parameter: lines }).from).toEqual({ possible: -6.6, probable: 0, certain: 13.3 });
});

test('what stands in a record, row by row', () => {
  const patient: FullPatient = {
    resourceType: 'Patient', name: [{ text: '欧阳震华' }], gender: 'male', birthDate: '1958-02-28', identifier: [{ system: kNumber, value: '380102195802280019' }, { system: 'http://h.example/mrn', value: 'M-7' }],
    telecom: [{ system: 'phone', value: '19900003306' }, { system: 'email', value: 'a@b.example' }], address: [{ city: '安和市', line: ['文昌里 12 幢'] }], contact: [{ name: { text: '陈梅' } }], multipleBirthInteger: 2,
  };
  expect(valuesOf(patient)).toEqual({
    id: ['380102195802280019'], name: ['欧阳震华'], sex: ['male'], birth: ['1958-02-28'], phone: ['19900003306'], card: ['M-7'], email: ['a@b.example'], address: ['安和市文昌里 12 幢'], division: [], relation: ['陈梅', '#2'],
  });
});

const shownOf = (row: Parameters<typeof marksOf>[0], value: string, other?: string, whole = false): string => marksOf(row, value, other, whole).map((m) => (m.shown ? m.text : '*')).join('');
const differing = (value: string, other: string): string => marksOf('id', value, other, false).map((m) => (m.differs ? m.text : '.')).join('');

test('masked but for what differs, which is what is decided by', () => {
  expect(shownOf('id', '380102195802280019', '380102195802280019')).toBe('3801************19');
  expect(shownOf('id', '380102195802280019', '380102195803280019')).toBe('3801*******2****19');
  expect(shownOf('name', '欧阳震华')).toBe('欧***');
  expect(shownOf('name', '欧阳震华', '欧阳振华')).toBe('欧*震*');
  expect(shownOf('name', '欧阳震华', '欧阳振华', true)).toBe('欧阳震华');
  expect(shownOf('relation', '陈梅', '李红')).toBe('陈*');
  expect(differing('4417', '4471')).toBe('..17');
  expect(differing('12345', '125')).toBe('..34.');
  expect(differing('同', '同')).toBe('.');
});

test('each value is looked at beside the one that is most like it', () => {
  expect(nearest('19900003306', ['19900009999', '19900003307'])).toBe('19900003307');
  expect(nearest('a', ['b', 'a'])).toBe('a');
  expect(nearest('a', [])).toBeUndefined();
});
