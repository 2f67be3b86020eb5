import { afterEach, expect, test, vi } from 'vitest';
import { newKey } from './key';

const kVersion4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => vi.unstubAllGlobals());

test('a key is a random UUID, also where the browser makes none by itself', () => {
  expect(newKey()).toMatch(kVersion4);
  const { getRandomValues } = crypto;
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) });
  const many = new Set(Array.from({ length: 1000 }, newKey));
  expect(many.size).toBe(1000);
  for (const key of many) expect(key).toMatch(kVersion4);
});
