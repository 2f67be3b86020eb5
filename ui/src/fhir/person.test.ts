import { expect, test } from 'vitest';
import { ageOn, areaOf, maskId, maskName, maskNameAtGate, nameOf } from './person';
import { kAreaSystem, type Patient } from './types';

const patient = (p: Partial<Patient>): Patient => ({ resourceType: 'Patient', ...p });

test('names are put together in the order of their script', () => {
  expect(nameOf(patient({ name: [{ family: '何', given: ['思明'] }] }))).toBe('何思明');
  expect(nameOf(patient({ name: [{ family: 'Smith', given: ['John', 'A'] }] }))).toBe('John A Smith');
  expect(nameOf(patient({ name: [{ text: '欧阳震华', family: 'x' }] }))).toBe('欧阳震华');
  expect(nameOf(patient({}))).toBe('');
});

test('masks at the gate let a person be recognised', () => {
  expect(maskNameAtGate('何思明')).toBe('何*明');
  expect(maskNameAtGate('欧阳震华')).toBe('欧*华');
  expect(maskNameAtGate('李四')).toBe('李*');
  expect(maskNameAtGate('古丽巴哈尔·阿卜杜热合曼')).toBe('古丽*·**');
  expect(maskNameAtGate('John Smith')).toBe('J*** S***');
  expect(maskNameAtGate('')).toBe('');
});

test('masks in lists have one length, whatever the name', () => {
  expect(maskName('李四')).toBe('李**');
  expect(maskName('欧阳震华')).toBe('欧**');
  expect(maskName('𠮷田')).toBe('𠮷**');
});

test('no mask shows the middle of a number', () => {
  expect(maskId('380102197903150014')).toBe('3801 **** **** 0014');
  expect(maskId('12345')).toBe('**** 45');
  expect(maskId('')).toBe('');
});

test('age counts birthdays', () => {
  expect(ageOn('1979-11-20', '2026-11-20')).toBe(47);
  expect(ageOn('1979-11-21', '2026-11-20')).toBe(46);
  expect(ageOn('2000-02-29', '2026-02-28')).toBe(25);
  expect(ageOn('1979-11', '2026-11-20')).toBe(47);
  expect(ageOn('1979-12', '2026-11-20')).toBe(46);
  expect(ageOn('1979', '2026-11-20')).toBe(47);
  expect(ageOn('79', '2026-11-20')).toBeNull();
  expect(ageOn(undefined, '2026-11-20')).toBeNull();
});

test('the area is the tag of our system, with its name if it has one', () => {
  const tag = [{ system: 'http://other', code: '1' }, { system: kAreaSystem, code: '380102', display: '柳溪街道' }];
  expect(areaOf(patient({ meta: { tag } }))).toEqual({ code: '380102', name: '柳溪街道' });
  expect(areaOf(patient({ meta: { tag: [{ system: kAreaSystem, code: '380104' }] } }))?.name).toBe('380104');
  expect(areaOf(patient({}))).toBeNull();
});
