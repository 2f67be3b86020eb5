import { expect, test } from 'vitest';
import { kResource, type Post, postsThatMay, verdictIn } from './ask';

const post = (name: string, more: Partial<Post>): Post => ({ name, title_zh: '', title_en: '', source: '', second_factor: false, reads: [], writes: [], operations: [], tasks: [], accounts: 0, ...more });

test('posts by what they may, and those that may everything', () => {
  const posts = [post('admin', { reads: ['*'] }), post('doctor', { reads: ['Condition'], title_zh: '医生' }), post('gate', { operations: ['health-card-verify'] })];
  const named = (what: string): string[] => postsThatMay(posts, what).map((one) => one.name);
  expect([named('condition'), named('医生'), named('CARD'), named('')]).toEqual([['admin', 'doctor'], ['admin', 'doctor'], ['admin', 'gate'], ['admin', 'doctor', 'gate']]);
});

test('a verdict with its steps', () => {
  const step = { name: 'step', part: [{ name: 'name', valueCode: 'area' }, { name: 'permits', valueBoolean: false }, { name: 'text', valueString: 'another area' }, { name: 'source', valueString: 'law' }] };
  expect(verdictIn([{ name: 'may', valueBoolean: false }, { name: 'policies', valueString: '3' }, step])).toEqual({ may: false, policies: '3', steps: [{ name: 'area', permits: false, text: 'another area', rule: '', source: 'law' }] });
  expect(['Patient/1', 'Patient', 'patient/1', 'Patient/1/x'].map((one) => kResource.test(one))).toEqual([true, false, false, false]);
});
