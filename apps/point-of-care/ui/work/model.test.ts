import { expect, test } from 'vitest';
import { type AlertReceipt, cardOf, type Flag, isLate, kAlertUrl, sortCards } from './model';

const kNow = Date.parse('2026-11-23T09:00:00Z');
const receipt = (id: string, more: Partial<AlertReceipt> = {}): AlertReceipt => ({
  resourceType: 'AlertReceipt',
  id,
  status: 'requested',
  alert: { reference: 'Flag/f' },
  subject: { reference: 'Patient/p' },
  authoredOn: '2026-11-23T08:50:00Z',
  due: '2026-11-23T09:20:00Z',
  ...more,
});
const flag = (link: string): Flag => ({
  resourceType: 'Flag',
  status: 'active',
  code: { text: '在筛人员' },
  extension: [{ url: kAlertUrl, extension: [{ url: 'level', valueCode: 'critical' }, { url: 'instruction', valueString: '做好防护' }, { url: 'link', valueUrl: link }] }],
});

test('a card says what its flag says; what is no web address is no link', () => {
  const card = cardOf(receipt('a'), null, flag('https://cdc.example/how'));
  expect([card.level, card.text, card.instruction, card.link, card.source]).toEqual(['critical', '在筛人员', '做好防护', 'https://cdc.example/how', '']);
  expect(cardOf(receipt('a'), null, flag('javascript:alert(1)')).link).toBe('');
  expect(cardOf(receipt('a', { level: 'info' }), null, undefined).level).toBe('info');
});

test('what is over time stands first, then what is gravest, then what waits longest; what was seen is last', () => {
  const made = [
    receipt('seen', { status: 'acknowledged', acknowledgedOn: '2026-11-23T08:59:00Z' }),
    receipt('young', { level: 'critical', authoredOn: '2026-11-23T08:59:00Z' }),
    receipt('old', { level: 'critical' }),
    receipt('mild', { level: 'info', authoredOn: '2026-11-23T08:00:00Z' }),
    receipt('late', { level: 'info', due: '2026-11-23T08:59:00Z' }),
    receipt('escalated', { status: 'escalated', level: 'warning' }),
  ].map((r) => cardOf(r, null, undefined));
  expect(sortCards(made, kNow).map((c) => c.id)).toEqual(['escalated', 'late', 'old', 'young', 'mild', 'seen']);
  expect(made.filter((c) => isLate(c, kNow)).map((c) => c.id)).toEqual(['late', 'escalated']);
});
