import { describe, expect, test } from 'vitest';
import { checkCharacter, groupId, normalizeId, parseResidentId } from './resident_id';

const kToday = '2026-11-20';
const number = (first17: string): string => first17 + checkCharacter(first17);

describe('check character', () => {
  // ISO 7064 MOD 11-2: the weighted sum of all 18 characters leaves 1 modulo 11, X counting as 10.
  test('satisfies the congruence of the standard', () => {
    for (const first of ['38010219790315001', '38010419971230004', '38010220000229122', '38010219000101999']) {
      const all = number(first);
      let sum = 0;
      for (let i = 0; i < 18; i += 1) sum += (all[i] === 'X' ? 10 : Number(all[i])) * 2 ** (17 - i);
      expect(sum % 11).toBe(1);
    }
  });

  test('finds every single wrong digit and every swap of neighbours', () => {
    const right = number('38010219790315001');
    for (let i = 0; i < 17; i += 1) {
      for (const d of '0123456789') {
        const wrong = right.slice(0, i) + d + right.slice(i + 1);
        if (wrong !== right) expect(typeof parseResidentId(wrong, kToday)).toBe('string');
      }
      const swapped = right.slice(0, i) + right[i + 1] + right[i] + right.slice(i + 2);
      if (swapped !== right) expect(typeof parseResidentId(swapped, kToday)).toBe('string');
    }
  });
});

describe('parse', () => {
  test('gives birth date and sex', () => {
    expect(parseResidentId(number('38010219790315001'), kToday)).toMatchObject({ birthDate: '1979-03-15', gender: 'male' });
    expect(parseResidentId(number('38010220000229122'), kToday)).toMatchObject({ birthDate: '2000-02-29', gender: 'female' });
  });

  test('names what is wrong', () => {
    expect(parseResidentId('', kToday)).toBe('short');
    expect(parseResidentId('3801021979', kToday)).toBe('short');
    expect(parseResidentId('38010X', kToday)).toBe('letters');
    expect(parseResidentId(number('38010219790315001') + '1', kToday)).toBe('long');
    expect(parseResidentId(number('38010219790230001'), kToday)).toBe('date');
    expect(parseResidentId(number('38010220010229001'), kToday)).toBe('date');
    expect(parseResidentId(number('38010220271120001'), kToday)).toBe('date');
    expect(parseResidentId('380102197903150010', kToday)).toBe('check');
  });

  test('a child born today is known', () => {
    expect(parseResidentId(number('38010220261120001'), kToday)).toMatchObject({ birthDate: kToday });
  });
});

test('normalises what keyboards and card readers send', () => {
  expect(normalizeId(' 380102 19790315-00１x ')).toBe('38010219790315001X');
  expect(groupId('38010219790315001X')).toBe('380102 19790315 001X');
  expect(groupId('3801021')).toBe('380102 1');
});
