import { expect, test } from 'vitest';
import { type AuditEvent, looksIn } from './looks';

const event = (id: string, post: string, name: string, did: string, type: string, recorded: string, outcome = '0'): AuditEvent => ({
  resourceType: 'AuditEvent',
  id,
  action: 'R',
  outcome,
  recorded,
  subtype: [{ system: 'http://tongkang.dev/fhir/CodeSystem/audit-action', code: did }],
  agent: [{ role: [{ coding: [{ code: post, display: post }], text: '岗位' }], name }],
  entity: [{ type: { code: type } }],
});

test('the same by the same on one day is one line; his own looks are none', () => {
  const looks = looksIn(
    [
      event('4', 'doctor', '李医生', 'read', 'Patient', '2026-11-24T02:10:00Z'),
      event('3', 'doctor', '李医生', 'search', 'Patient', '2026-11-24T02:09:00Z'),
      event('2', 'resident', '周桂兰', 'read', 'Patient', '2026-11-24T02:08:00Z'),
      event('1', 'doctor', '李医生', 'reveal', 'Patient', '2026-11-24T02:07:00Z'),
    ],
    '周桂兰',
    'zh-CN',
  );
  expect(looks.map((l) => [l.id, l.did, l.count, l.grave])).toEqual([
    ['4', 'read', 2, false],
    ['1', 'reveal', 1, true],
  ]);
});

test('another resident, a guardian, is told; a refusal is told as one; what is not known is the record', () => {
  const looks = looksIn([event('1', 'resident', '陈向南', 'read', 'HealthCard', '2026-11-24T02:10:00Z', '4')], '周桂兰', 'en');
  expect(looks[0]).toMatchObject({ name: '陈向南', post: 'resident', what: 'other', refused: true });
});
