import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bundle, OfflineVerifier, parseCode } from './code';
import { verifies, verifyingKey } from './curve';
import { sha256, sm3 } from './digest';

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (b) => parseInt(b, 16));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

// FIPS 180-4 and GB/T 32905-2016, annex A.
test('digests of the standards', () => {
  expect(hex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(hex(sha256(utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  expect(hex(sm3(utf8('abc')))).toBe('66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
  expect(hex(sm3(utf8('abcd'.repeat(16))))).toBe('debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732');
});

// GB/T 32918.5-2017, annex A; RFC 6979 A.2.5, "sample".
test('signatures of the standards', () => {
  for (const [suite, point, message, signature] of [
    ['national', '0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13',
      'message digest', 'F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA'],
    ['international', '0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299',
      'sample', 'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8'],
  ] as const) {
    const key = verifyingKey(suite, bytes(point))!;
    expect(verifies(key, utf8(message), bytes(signature))).toBe(true);
    expect(verifies(key, utf8(message + '.'), bytes(signature))).toBe(false);
    const bent = bytes(signature);
    bent[40]! ^= 1;
    expect(verifies(key, utf8(message), bent)).toBe(false);
    expect(verifies(key, utf8(message), new Uint8Array(64))).toBe(false);
    expect(verifyingKey(suite === 'national' ? 'international' : 'national', bytes(point))).toBeNull();
  }
});

interface Vectors {
  sets: { suite: string; bundle: Bundle; checks: { what: string; code: string; by_static: boolean; now: number; verdict: string }[] }[];
}
const vectors = JSON.parse(readFileSync(new URL('../../tests/vectors.json', import.meta.url), 'utf8')) as Vectors;

describe.each(vectors.sets)('$suite', ({ bundle, checks }) => {
  test('every verdict is the one that the program gives', () => {
    const device = OfflineVerifier.open(bundle)!;
    expect(device).not.toBeNull();
    for (const { what, code, by_static, now, verdict } of checks) expect(device.check(code, by_static, now), what).toBe(verdict);
    expect(checks.length).toBeGreaterThan(10);
  });

  test('a list that was changed is no list', () => {
    const last = bundle.list.at(-3) === 'A' ? 'B' : 'A';
    expect(OfflineVerifier.open({ ...bundle, list: bundle.list.slice(0, -3) + last + bundle.list.slice(-2) })).toBeNull();
    expect(OfflineVerifier.open({ ...bundle, list: '' })).toBeNull();
  });
});

test('what is no code is none', () => {
  for (const text of ['', 'TK:', 'TK:A', 'TK:' + 'A'.repeat(40), 'E1D1BB18:1', 'A'.repeat(300)]) expect(parseCode(text)).toBeNull();
});
