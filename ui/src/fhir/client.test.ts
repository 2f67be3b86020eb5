import { describe, expect, test } from 'vitest';
import { escapeValue, FhirClient, idOf } from './client';
import { Failure, type Fetch, Http } from './http';
import type { Patient, Task } from './types';

interface Call {
  url: string;
  init: RequestInit;
}

function clientOf(answer: (call: Call) => Response): { client: FhirClient; calls: Call[]; signedOut: () => number } {
  const calls: Call[] = [];
  let out = 0;
  const http = new Http(
    async (url, init) => {
      calls.push({ url, init });
      return answer({ url, init });
    },
    () => (out += 1),
  );
  return { client: new FhirClient(http), calls, signedOut: () => out };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response => new Response(JSON.stringify(body), { status, headers });
const header = (c: Call | undefined, name: string): string | undefined => (c?.init.headers as Record<string, string>)[name];
const kNumber = '380102197903150014';

describe('search', () => {
  test('sends what is asked in the body and never in the URL', async () => {
    const { client, calls } = clientOf(() => json({ resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ resource: { resourceType: 'Patient', id: 'p1' } }, { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } }] }));
    const page = await client.search<Patient>('Patient', [['identifier', `http://x|${kNumber}`]]);
    expect(page.items.map((p) => p.id)).toEqual(['p1']);
    expect(calls[0]?.url).toBe('/fhir/Patient/_search');
    expect(calls[0]?.url).not.toContain(kNumber);
    expect(new URLSearchParams(String(calls[0]?.init.body)).get('identifier')).toBe(`http://x|${kNumber}`);
    expect(header(calls[0], 'X-Tongkang')).toBe('1');
  });

  test('follows only the path of a link', async () => {
    const { client, calls } = clientOf(() => json({ resourceType: 'Bundle', type: 'searchset' }));
    await client.page('https://elsewhere.example/fhir/Task?page=abc');
    expect(calls[0]?.url).toBe('/fhir/Task?page=abc');
    await expect(client.page('https://elsewhere.example/steal?x=1')).rejects.toBeInstanceOf(Failure);
  });

  test('escapes the separators of the search grammar', () => {
    expect(escapeValue('a|b,c$d\\e')).toBe('a\\|b\\,c\\$d\\\\e');
  });
});

describe('create', () => {
  test('carries the key of the caller', async () => {
    const { client, calls } = clientOf(() => json({ resourceType: 'Patient', id: 'p1' }, 201));
    await client.create<Patient>({ resourceType: 'Patient' }, { key: 'k-1', ifNoneExist: 'identifier=x' });
    expect(header(calls[0], 'Idempotency-Key')).toBe('k-1');
    expect(header(calls[0], 'If-None-Exist')).toBe('identifier=x');
  });

  test('an answer without a body is not taken for a resource', async () => {
    const { client } = clientOf(() => new Response(null, { status: 200 }));
    expect(await client.create<Patient>({ resourceType: 'Patient' }, { key: 'k' })).toBeNull();
  });
});

test('patch changes only the version that was seen', async () => {
  const { client, calls } = clientOf(() => json({ resourceType: 'Task', id: 't1', meta: { versionId: '4' } }));
  await client.patch({ resourceType: 'Task', id: 't1', meta: { versionId: '3' } }, [{ op: 'replace', path: '/status', value: 'accepted' }]);
  expect(header(calls[0], 'If-Match')).toBe('W/"3"');
  expect(header(calls[0], 'Content-Type')).toBe('application/json-patch+json');
});

describe('failures', () => {
  const outcome = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid', diagnostics: 'too hot', expression: ['Observation.value'] }] };

  test.each([
    [401, 'signed-out', true],
    [403, 'forbidden', false],
    [404, 'missing', false],
    [412, 'conflict', false],
    [422, 'refused', false],
    [429, 'busy', true],
    [500, 'broken', true],
    [503, 'busy', true],
  ] as const)('%i is %s', async (status, kind, retryable) => {
    const { client } = clientOf(() => json(outcome, status));
    await expect(client.read<Patient>('Patient', 'p1')).rejects.toMatchObject({ kind, retryable, text: 'too hot', path: 'Observation.value' });
  });

  test('401 is told to the page', async () => {
    const { client, signedOut } = clientOf(() => json(outcome, 401));
    await client.read<Patient>('Patient', 'p1').catch(() => undefined);
    expect(signedOut()).toBe(1);
  });

  test('no answer is a network failure', async () => {
    const client = new FhirClient(new Http(() => Promise.reject(new TypeError('failed to fetch'))));
    await expect(client.read<Patient>('Patient', 'p1')).rejects.toMatchObject({ kind: 'network' });
  });

  test('an answer that never ends is a network failure', async () => {
    const stuck = new Http((_, init) => new Promise((_ok, fail) => init.signal?.addEventListener('abort', () => fail(new Error('aborted')))), undefined, 5);
    await expect(new FhirClient(stuck).read<Patient>('Patient', 'p1')).rejects.toMatchObject({ kind: 'network' });
  });

  test('what is not JSON is broken, not shown', async () => {
    const { client } = clientOf(() => new Response('<html>proxy</html>', { status: 200 }));
    await expect(client.read<Patient>('Patient', 'p1')).rejects.toMatchObject({ kind: 'broken' });
  });

  test('Retry-After is kept', async () => {
    const { client } = clientOf(() => json(outcome, 429, { 'Retry-After': '7' }));
    await expect(client.read<Patient>('Patient', 'p1')).rejects.toMatchObject({ retryAfterMs: 7000 });
  });
});

test('ids come from literal references of the type only', () => {
  expect(idOf('Patient', 'Patient/p1')).toBe('p1');
  expect(idOf('Patient', 'http://a.example/fhir/Patient/p1/_history/2')).toBe('p1');
  expect(idOf('Patient', 'Observation/o1')).toBeNull();
  expect(idOf('Patient', 'Patient/../secret')).toBeNull();
  expect(idOf('Patient', undefined)).toBeNull();
});

test('an answer that does not come is no network after the time limit; one that is called off is not', async () => {
  const never: Fetch = (_, init) => new Promise((_done, fail) => init.signal?.addEventListener('abort', () => fail(new Error('aborted'))));
  await expect(new Http(never, undefined, 5).send('GET', '/x')).rejects.toMatchObject({ kind: 'network' });
  const own = new AbortController();
  const sent = new Http(never, undefined, 60_000).send('GET', '/x', { signal: own.signal });
  own.abort();
  await expect(sent).rejects.toThrow('aborted');
});

describe('transition', () => {
  test('asks for a way of the version that was seen, with reason and inputs', async () => {
    const { client, calls } = clientOf(() => json({ resourceType: 'Task', id: 't1', status: 'completed' }));
    const seen: Task = { resourceType: 'Task', id: 't1', meta: { versionId: '3' }, status: 'accepted', intent: 'order' };
    expect((await client.transition(seen, 'close', '居家观察', { outcome: 'home' })).status).toBe('completed');
    expect(calls[0]?.url).toBe('/fhir/Task/t1/$transition');
    expect(header(calls[0], 'If-Match')).toBe('W/"3"');
    expect((JSON.parse(String(calls[0]?.init.body)) as { parameter: object[] }).parameter).toEqual([
      { name: 'code', valueCode: 'close' },
      { name: 'reason', valueString: '居家观察' },
      { name: 'inputs', part: [{ name: 'outcome', valueCode: 'home' }] },
    ]);
  });

  test('tells the ways that are open, and no others', async () => {
    const way = (code: string, may: boolean): object => ({ name: 'transition', part: [{ name: 'code', valueCode: code }, { name: 'may', valueBoolean: may }] });
    const { client } = clientOf(() => json({ resourceType: 'Parameters', parameter: [{ name: 'state', valueCode: 'requested' }, way('accept', true), way('close', false)] }));
    expect(await client.transitions('Task', 't1')).toEqual(['accept']);
  });
});
