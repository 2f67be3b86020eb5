import { expect, test } from 'vitest';
import { difference, leavesOf } from './diff';

const told = (a: object, b: object): string[] => difference(a, b).map((d) => `${d.path}: ${d.before ?? '∅'} → ${d.after ?? '∅'}`);

test('what was added, removed and changed, each by its element', () => {
  expect(told({ a: 1, b: 'x', c: { d: true } }, { a: 1, b: 'y', c: { e: false } })).toEqual(['b: x → y', 'c.d: true → ∅', 'c.e: ∅ → false']);
});

test('version and time are every version\'s own', () => {
  expect(told({ meta: { versionId: '1', lastUpdated: 'a', tag: [{ code: 'x' }] } }, { meta: { versionId: '2', lastUpdated: 'b', tag: [{ code: 'y' }] } })).toEqual(['meta.tag[0].code: x → y']);
});

test('an item put in front changes none behind it; one taken out is told at its place', () => {
  expect(told({ name: [{ text: '张三' }, { text: '张老三' }] }, { name: [{ text: '小张' }, { text: '张三' }, { text: '张老三' }] })).toEqual(['name[0].text: ∅ → 小张']);
  expect(told({ name: ['a', 'b', 'c'] }, { name: ['a', 'c'] })).toEqual(['name[1]: b → ∅']);
  expect(told({ name: [{ text: 'a', use: 'usual' }] }, { name: [{ text: 'b', use: 'usual' }] })).toEqual(['name[0].text: a → b']);
});

test('long lists are compared place by place', () => {
  const long = Array.from({ length: 300 }, (_, i) => i);
  expect(told({ x: long }, { x: [...long.slice(0, 299), 7] })).toEqual(['x[299]: 299 → 7']);
});

test('one kind of value for another', () => {
  expect(told({ x: 'a' }, { x: ['a'] })).toEqual(['x: a → ["a"]']);
  expect(leavesOf({ a: [{ b: 1 }, { b: null }] })).toEqual([['a[0].b', '1'], ['a[1].b', 'null']]);
});
