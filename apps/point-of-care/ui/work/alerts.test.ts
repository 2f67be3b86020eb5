import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FhirClient } from '@tk/fhir/client';
import { Http } from '@tk/fhir/http';
import { Alerts } from './alerts';
import type { AlertReceipt } from './model';

const receipt: AlertReceipt = {
  resourceType: 'AlertReceipt',
  id: 'r1',
  meta: { versionId: '1' },
  status: 'requested',
  alert: { reference: 'Flag/f' },
  subject: { reference: 'Patient/p' },
  authoredOn: '2026-11-23T08:50:00Z',
};

/** A program that may be out of reach, and has what `stored` says. */
class Program {
  reachable = true;
  asked = 0;
  arrived = 0;
  stored: AlertReceipt[] = [];
  private readonly http = new Http((url, init) => {
    this.asked += 1;
    if (!this.reachable) return Promise.reject(new TypeError('net'));
    if (!url.endsWith('/_search')) return Promise.resolve(this.answer(this.stored[0]));
    const found = url.includes('AlertReceipt') && String(init.body).includes('requested') ? this.stored : [];
    return Promise.resolve(this.answer({ resourceType: 'Bundle', type: 'searchset', total: found.length, entry: found.map((resource) => ({ resource })) }));
  });
  readonly alerts = new Alerts(new FhirClient(this.http), this.http, () => {
    this.arrived += 1;
  });
  private answer(body: unknown): Response {
    return new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/fhir+json' } });
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('an alert whose reading failed while the stream went on is read again by itself, and rings', async () => {
  const p = new Program();
  const leave = p.alerts.subscribe(() => undefined);
  await p.alerts.load();
  p.stored = [receipt];
  p.reachable = false;
  await p.alerts.touch('r1');
  expect(p.alerts.getView()).toMatchObject({ cards: [], failure: { kind: 'network' } });
  await vi.advanceTimersByTimeAsync(3_000); // still out of reach
  p.reachable = true;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(p.alerts.getView()).toMatchObject({ cards: [{ id: 'r1' }], failure: null });
  expect(p.arrived).toBe(1);
  leave();
});

test('nobody looks any more: nothing is asked', async () => {
  const p = new Program();
  const leave = p.alerts.subscribe(() => undefined);
  p.reachable = false;
  await p.alerts.load();
  leave();
  const asked = p.asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(p.asked).toBe(asked);
});
