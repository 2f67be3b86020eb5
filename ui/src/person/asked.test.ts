import { describe, expect, test } from 'vitest';
import type { Patient } from '../fhir/types';
import { type Asked, askedOf, hitsOf, maskPhone, phoneOf } from './asked';

const ask = (typed: string): Asked => askedOf(typed, '2026-11-24');
const kNumber = '380102197903150014';

describe('what was typed', () => {
  test('a resident number, however it is written, is asked with its system', () => {
    const valid = valid18();
    expect(ask(valid)).toEqual({ by: 'resident-id', params: [['identifier', `http://tongkang.dev/fhir/sid/cn-resident-id|${valid}`]] });
    expect(ask(` ${valid.slice(0, 6)} ${valid.slice(6, 14)} ${valid.slice(14)} `).by).toBe('resident-id');
  });

  test('a slip in the number, or half a number, is told and not asked', () => {
    const valid = valid18();
    const wrong = valid.slice(0, 17) + (valid[17] === '1' ? '2' : '1');
    expect(ask(wrong)).toEqual({ by: 'wrong', why: 'check' });
    expect(ask(kNumber.slice(0, 14))).toEqual({ by: 'wrong', why: 'short' });
    expect(ask('12')).toEqual({ by: 'wrong', why: 'short' });
  });

  test('a mobile number, with or without the country', () => {
    expect(ask('199 0000 1234')).toEqual({ by: 'phone', params: [['phone', '19900001234']] });
    expect(ask('+8619900001234')).toEqual({ by: 'phone', params: [['phone', '19900001234']] });
  });

  test('another number, a name, nothing', () => {
    expect(ask('MZ-20391')).toEqual({ by: 'number', params: [['identifier', 'MZ-20391']] });
    expect(ask('何思明')).toEqual({ by: 'name', params: [['name', '何思明']] });
    expect(ask('古丽·阿')).toMatchObject({ by: 'name' });
    expect(ask('a,b|c')).toEqual({ by: 'name', params: [['name', 'a\\,b\\|c']] });
    expect(ask('何')).toEqual({ by: 'wrong', why: 'name' });
    expect(ask('  ')).toEqual({ by: 'nothing' });
  });
});

function valid18(): string {
  const first = '38010219790315001';
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return first + '10X98765432'[[...first].reduce((s, d, i) => s + Number(d) * (weights[i] ?? 0), 0) % 11];
}

const patient = (id: string, number?: string, name = '何思明'): Patient => ({ resourceType: 'Patient', id, name: [{ text: name }], ...(number ? { identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }] } : {}) });

test('records of one number are one line; masked numbers join nobody', () => {
  const valid = valid18();
  expect(hitsOf([patient('a', valid), patient('b', valid), patient('c')]).map((h) => [h.patient.id, h.records])).toEqual([['a', 2], ['c', 1]]);
  expect(hitsOf([patient('a', '380*************14'), patient('b', '380*************14')])).toHaveLength(2);
  expect(hitsOf([patient('a', valid), patient('b', valid, '别人')])).toHaveLength(2);
});

test('the telephone in use, masked', () => {
  const p = { ...patient('a'), telecom: [{ system: 'phone', value: '19900009999', use: 'old' }, { system: 'email', value: 'a@b' }, { system: 'phone', value: '19900001234', use: 'mobile' }] };
  expect(phoneOf(p)).toBe('19900001234');
  expect(maskPhone('19900001234')).toBe('199****1234');
  expect(maskPhone('199****1234')).toBe('199****1234');
  expect(maskPhone('')).toBe('');
});
