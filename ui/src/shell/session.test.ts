import { expect, test } from 'vitest';
import { may, type Session } from './session';

const kSomebody: Session = { account: 'a', display: 'A', post: 'p', area: '' };

test('what the program tells of the post decides what is offered', () => {
  const screener = { ...kSomebody, may: { read: ['Patient', 'Task'], write: ['Patient'], call: [] } };
  expect(may(screener, 'read', 'Task')).toBe(true);
  expect(may(screener, 'write', 'Task')).toBe(false);
  expect(may(screener, 'write', 'Patient')).toBe(true);
  expect(may(screener, 'call', 'export')).toBe(false);
});

test('a star is all of its kind and of no other', () => {
  const reader = { ...kSomebody, may: { read: ['*'], write: [], call: ['*'] } };
  expect(may(reader, 'read', 'Anything')).toBe(true);
  expect(may(reader, 'write', 'Anything')).toBe(false);
  expect(may(reader, 'call', 'reveal')).toBe(true);
});

test('a program that tells nothing refuses by itself', () => {
  expect(may(kSomebody, 'write', 'Task')).toBe(true);
});
