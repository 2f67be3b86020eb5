import { expect, test } from 'vitest';
import { Failure, Http } from '@tk/fhir/http';
import { alertsIn, register } from './register';

const kAlert = 'http://tongkang.dev/fhir/StructureDefinition/alert';
const issue = (level: string, flag: string) => ({ extension: [{ url: kAlert, extension: [{ url: 'level', valueCode: level }, { url: 'flag', valueReference: { reference: flag } }] }], severity: 'warning', code: 'informational', details: { text: '在筛人员' }, diagnostics: '做好防护' });

test('the alerts of a registration are in its answer, by level; other issues are none', () => {
  const told = alertsIn({ resourceType: 'OperationOutcome', issue: [issue('critical', 'Flag/a'), issue('odd', 'Flag/b'), { severity: 'information', code: 'informational' }] } as never);
  expect(told).toEqual([{ flag: 'Flag/a', level: 'critical', text: '在筛人员', instruction: '做好防护' }, { flag: 'Flag/b', level: 'warning', text: '在筛人员', instruction: '做好防护' }]);
  expect(alertsIn(null)).toEqual([]);
});

test('a visit is sent with its key and asks for its alerts; an answer that names no visit is a failure', async () => {
  const sent: RequestInit[] = [];
  const http = (location: string) => new Http(async (_url, init) => { sent.push(init); return new Response(JSON.stringify({ resourceType: 'OperationOutcome', issue: [issue('info', 'Flag/a')] }), { status: 201, headers: location ? { Location: location } : {} }); });
  expect(await register(http('http://x/fhir/Encounter/e1/_history/1'), 'p', 'EMER', '急诊内科', 0, 'key-1')).toEqual({ encounter: 'e1', alerts: [{ flag: 'Flag/a', level: 'info', text: '在筛人员', instruction: '做好防护' }] });
  expect((sent[0]?.headers as Record<string, string>)['Idempotency-Key']).toBe('key-1');
  expect(JSON.parse(String(sent[0]?.body))).toMatchObject({ status: 'arrived', class: { code: 'EMER' }, subject: { reference: 'Patient/p' }, serviceType: { text: '急诊内科' } });
  await expect(register(http(''), 'p', 'AMB', '', 0, 'key-2')).rejects.toBeInstanceOf(Failure);
});
