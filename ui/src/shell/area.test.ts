import { expect, test } from 'vitest';
import { namesIn } from './area';

const tree = (path: string): Parameters<typeof namesIn>[0] => ({ parameter: [{ name: 'area', part: [{ name: 'code', valueString: '380102' }, { name: 'path', valueString: path }] }] });

test('the last two names of the path', () => {
  expect(namesIn(tree('安和市/清江区/柳溪街道'))).toBe('清江区 柳溪街道');
  expect(namesIn(tree('安和市'))).toBe('安和市');
});

test('nothing where nothing is told', () => {
  expect(namesIn(null)).toBe('');
  expect(namesIn({})).toBe('');
});
