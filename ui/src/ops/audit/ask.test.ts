import { expect, test } from 'vitest';
import { accountOf, actionOf, type AuditEvent, isRefused, paramsOf, postOfAgent, reasonOf, recordOf, requestOf, typeOf } from './ask';

const query = (text = '', show = 'all', picks = {}): Parameters<typeof paramsOf>[0] => ({ text, show, sort: '', picks });
const kNow = Date.parse('2026-11-24T00:00:00Z');

test('what is typed is an account, or a record by its address', () => {
  expect(paramsOf(query('li'), kNow)).toEqual([['account', 'li']]);
  expect(paramsOf(query('Patient/p-1'), kNow)).toEqual([['patient', 'Patient/p-1']]);
  expect(paramsOf(query('Task/t'), kNow)).toEqual([['record', 'Task/t']]);
  expect(paramsOf(query('', 'refused', { action: 'reveal', days: '7' }), kNow)).toEqual([['outcome', 'refused'], ['action', 'reveal'], ['date', 'ge2026-11-17T00:00:00.000Z']]);
  expect(paramsOf(query(), kNow)).toEqual([]);
});

test('an event in words', () => {
  const event: AuditEvent = {
    resourceType: 'AuditEvent', outcome: '4', subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'operation' }, { system: 'http://tongkang.dev/fhir/CodeSystem/audit-action', code: 'reveal' }],
    purposeOfEvent: [{ coding: [{ system: 'http://tongkang.dev/fhir/CodeSystem/audit-reason', code: 'contact-person' }] }],
    agent: [{ role: [{ coding: [{ code: 'doctor', display: 'Doctor' }], text: '医生' }], who: { identifier: { value: 'li' } }, name: '李医生' }],
    entity: [{ what: { reference: 'Patient/1' } }, { what: { identifier: { value: 'abc' } }, type: { code: 'Patient' }, detail: [{ type: 'request', valueString: 'r1' }] }],
  };
  expect([actionOf(event), accountOf(event), postOfAgent(event, 'en'), postOfAgent(event, 'zh-CN'), typeOf(event), recordOf(event), requestOf(event), reasonOf(event), isRefused(event)]).toEqual(
    ['reveal', 'li', 'Doctor', '医生', 'Patient', 'abc', 'r1', 'contact-person', true]);
});
