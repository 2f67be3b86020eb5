import { afterEach, expect, test, vi } from 'vitest';
import { Failure } from '../fhir/http';
import type { Session } from '../shell/session';
import { readRecord } from './record';

afterEach(() => vi.unstubAllGlobals());

const session = (may: Partial<NonNullable<Session['may']>>): Session => ({ account: 'a', display: 'A', post: 'doctor', area: '', may: { read: ['Patient', 'Observation', 'Task'], write: [], call: [], ...may } });
const entry = (...resources: object[]): object[] => resources.map((resource) => ({ resource, search: { mode: 'match' } }));
const patient = (id: string): object => ({ resourceType: 'Patient', id });

/** A program that answers by path; what it was asked stands in `asked`. */
function program(answers: Record<string, object | number>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url}`);
    const key = Object.keys(answers).find((k) => url.startsWith(k)) ?? '';
    const answer = answers[key] ?? 404;
    const body = typeof answer === 'number' ? { resourceType: 'OperationOutcome', issue: [] } : answer;
    return Promise.resolve(new Response(JSON.stringify(body), { status: typeof answer === 'number' ? answer : 200, headers: { 'Content-Type': 'application/fhir+json' } }));
  });
  return asked;
}
const read = (id: string, who: Session) => readRecord(id, who, new AbortController().signal);

test('all records of the person, each page of each; the one that was asked for stands first', async () => {
  const asked = program({
    '/fhir/Patient/b/$person': { resourceType: 'Person', link: [{ target: { reference: 'Patient/a' } }, { target: { reference: 'Patient/b' } }] },
    '/fhir/Patient/a/$everything': { resourceType: 'Bundle', entry: entry(patient('a'), { resourceType: 'Observation', id: '1' }), link: [{ relation: 'next', url: 'https://x/fhir/page/2' }] },
    '/fhir/Patient/b/$everything': { resourceType: 'Bundle', entry: entry(patient('b')) },
    '/fhir/page/2': { resourceType: 'Bundle', entry: entry({ resourceType: 'Observation', id: '2' }) },
  });
  const record = await read('b', session({ call: ['$person', '$everything'] }));
  expect(record.patients.map((p) => p.id)).toEqual(['b', 'a']);
  expect(record.resources.map((r) => r.id).sort()).toEqual(['1', '2']);
  expect(record).toMatchObject({ more: false, missing: 0, types: ['Observation', 'Task'] });
  expect(asked.every((a) => !/Condition/.test(a))).toBe(true); // what the post may not read is not asked for
});

test('a joined record that cannot be read is counted, the asked one is an error', async () => {
  program({
    '/fhir/Patient/b/$person': { resourceType: 'Person', link: [{ target: { reference: 'Patient/a' } }] },
    '/fhir/Patient/b/$everything': { resourceType: 'Bundle', entry: entry(patient('b')) },
  });
  expect(await read('b', session({ call: ['$person', '$everything'] }))).toMatchObject({ missing: 1 });
  program({});
  await expect(read('b', session({ call: ['$everything'] }))).rejects.toBeInstanceOf(Failure);
});

test('more pages than are read are told', async () => {
  program({ '/fhir/Patient/a/$everything': { resourceType: 'Bundle', entry: entry(patient('a')), link: [{ relation: 'next', url: '/fhir/page' }] }, '/fhir/page': { resourceType: 'Bundle', entry: [], link: [{ relation: 'next', url: '/fhir/page' }] } });
  expect((await read('a', session({ call: ['$everything'] }))).more).toBe(true);
});

test('without these operations the one record is read type by type, by POST', async () => {
  const asked = program({ '/fhir/Patient/a': patient('a'), '/fhir/Observation/_search': { resourceType: 'Bundle', entry: entry({ resourceType: 'Observation', id: '1' }) }, '/fhir/Task/_search': { resourceType: 'Bundle' } });
  expect((await read('a', session({}))).resources.map((r) => r.id)).toEqual(['1']);
  expect(asked.sort()).toEqual(['GET /fhir/Patient/a', 'POST /fhir/Observation/_search', 'POST /fhir/Task/_search']);
});
