import { describe, expect, test } from 'vitest';
import { type Notice, rings, rowOf, withoutReferences } from './notice';

const notice = (change: Partial<Notice> = {}): Notice => ({
  resourceType: 'Communication',
  id: 'n1',
  status: 'in-progress',
  priority: 'urgent',
  category: [{ text: '新的社区随访' }],
  topic: { text: 'A new community visit' },
  subject: { reference: 'Patient/p' },
  about: [{ reference: 'Task/t' }],
  sent: '2026-11-24T01:00:00Z',
  payload: [{ contentString: '请上门随访：Task/t' }, { contentString: 'Please visit: Task/t' }, { contentString: '【通康】有一张任务' }],
  ...change,
});

describe('a notice', () => {
  test('speaks the language of the page, without the record\'s id', () => {
    expect(rowOf(notice(), 'zh-CN')).toMatchObject({ title: '新的社区随访', text: '请上门随访', level: 'caution', unread: true, about: ['Task/t', 'Patient/p'] });
    expect(rowOf(notice(), 'en')).toMatchObject({ title: 'A new community visit', text: 'Please visit' });
  });

  test('in one language only it is shown in that', () => {
    expect(rowOf(notice({ topic: undefined, payload: [{ contentString: '请看' }] }), 'en')).toMatchObject({ title: '新的社区随访', text: '请看' });
  });

  test('read, routine, without a record', () => {
    expect(rowOf(notice({ status: 'completed', priority: 'routine', about: undefined, subject: undefined }), 'zh-CN')).toMatchObject({ unread: false, level: 'notice', about: [] });
  });
});

test('references go out of a text, words with a stroke stay', () => {
  expect(withoutReferences('上报之后仍无人确认：Flag/alert-1，Encounter/e.2')).toBe('上报之后仍无人确认');
  expect(withoutReferences('and/or within 24 h')).toBe('and/or within 24 h');
});

test('only what is new, unread and urgent rings', () => {
  const a = rowOf(notice(), 'zh-CN');
  const b = rowOf(notice({ id: 'n2' }), 'zh-CN');
  expect(rings(undefined, [a])).toBe(false);
  expect(rings([], [a])).toBe(true);
  expect(rings([a], [a])).toBe(false);
  expect(rings([a], [b, a])).toBe(true);
  expect(rings([], [{ ...a, unread: false }])).toBe(false);
  expect(rings([], [{ ...a, level: 'notice' }])).toBe(false);
});
