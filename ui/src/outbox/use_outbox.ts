// The outbox in a page: one for an account and all parts of a page that ask for it, as long as one of them is there; tries again when the network comes back.
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Resource } from '../fhir/types';
import { fhir, http } from '../shell/session';
import { Outbox, type OutboxEntry, type OutboxView } from './outbox';
import { openStore, type OutboxStore } from './store';

const opened: Promise<OutboxStore> = openStore();
const kEmpty: OutboxView = { ready: false, entries: [], othersCount: 0, sending: false, failure: null, lasting: true };

async function send(entry: OutboxEntry): Promise<Resource | null> {
  if (entry.resource) return fhir.create(entry.resource, { key: entry.key });
  if (!entry.told) return null;
  const { path, body, seen } = entry.told;
  const headers: Record<string, string> = { 'Content-Type': path.startsWith('/fhir/') ? 'application/fhir+json' : 'application/json', 'Idempotency-Key': entry.key, Prefer: 'return=representation' };
  if (seen !== undefined) headers['If-Match'] = `W/"${seen}"`;
  const answer = await http.send<Resource>('POST', path, { headers, body: JSON.stringify(body) });
  return answer.body;
}

interface Made {
  outbox: Outbox;
  store: OutboxStore;
}
/** Of the accounts that a part of the page works for: how many parts, and how to end it. */
const shared = new Map<string, { made: Promise<Made>; parts: number; end: () => void }>();

function join(account: string): Promise<Made> {
  const there = shared.get(account);
  if (there) {
    there.parts += 1;
    return there.made;
  }
  let outbox: Outbox | null = null;
  let gone = false;
  const again = (): void => void outbox?.flush();
  const onShow = (): void => {
    if (document.visibilityState === 'visible') again();
  };
  const made = opened.then((store) => {
    outbox = new Outbox(account, store, send);
    if (!gone) again();
    return { outbox, store };
  });
  window.addEventListener('online', again);
  document.addEventListener('visibilitychange', onShow);
  const end = (): void => {
    gone = true;
    outbox?.stop();
    window.removeEventListener('online', again);
    document.removeEventListener('visibilitychange', onShow);
  };
  shared.set(account, { made, parts: 1, end });
  return made;
}

function leave(account: string): void {
  const there = shared.get(account);
  if (!there) return;
  there.parts -= 1;
  if (there.parts > 0) return;
  shared.delete(account);
  there.end();
}

export function useOutbox(account: string): { outbox: Outbox | null; view: OutboxView; store: OutboxStore | null } {
  const [made, setMade] = useState<Made | null>(null);
  useEffect(() => {
    let gone = false;
    void join(account).then((one) => {
      if (!gone) setMade(one);
    });
    return () => {
      gone = true;
      leave(account);
    };
  }, [account]);
  const view = useSyncExternalStore(made?.outbox.subscribe ?? (() => () => undefined), made?.outbox.getView ?? (() => kEmpty));
  return { outbox: made?.outbox ?? null, view, store: made?.store ?? null };
}
