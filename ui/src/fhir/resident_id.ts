// The resident identity number of China: 18 characters, the last a check character.
// Source: GB 11643-1999 (check character: ISO 7064 MOD 11-2). Division codes are not checked here: they change yearly
// and the program knows them.

export type IdProblem = 'short' | 'long' | 'letters' | 'date' | 'check';

export interface ResidentId {
  number: string;
  birthDate: string; // YYYY-MM-DD
  gender: 'male' | 'female';
}

export const kIdLength = 18;
const kWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const kCheck = '10X98765432';

/** Keeps what can belong to a number: full-width digits become plain ones, x becomes X, spaces and dashes go. */
export function normalizeId(typed: string): string {
  return typed
    .replace(/[０-９Ｘｘ]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[\s\-·.]/g, '')
    .toUpperCase();
}

export function checkCharacter(first17: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += Number(first17[i]) * (kWeights[i] ?? 0);
  return kCheck[sum % 11] ?? '';
}

/** The facts in a number, or what is wrong with it. `today` (YYYY-MM-DD) bounds the birth date. */
export function parseResidentId(number: string, today: string): ResidentId | IdProblem {
  if (!/^\d{0,17}$|^\d{17}[\dX]$/.test(number)) return number.length > kIdLength && /^\d{17}[\dX]/.test(number) ? 'long' : 'letters';
  if (number.length < kIdLength) return 'short';
  const birthDate = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
  if (!isRealDate(birthDate) || birthDate < '1850-01-01' || birthDate > today) return 'date';
  if (checkCharacter(number.slice(0, 17)) !== number[17]) return 'check';
  return { number, birthDate, gender: Number(number[16]) % 2 === 1 ? 'male' : 'female' };
}

function isRealDate(iso: string): boolean {
  const d = new Date(iso + 'T00:00:00Z');
  return !Number.isNaN(d.getTime()) && d.toISOString().slice(0, 10) === iso;
}

/** Groups a number, also half typed, as on the card: 6, 8 and 4 characters. */
export function groupId(number: string): string {
  return [number.slice(0, 6), number.slice(6, 14), number.slice(14)].filter(Boolean).join(' ');
}
