// The outbox in a page. One per account for the life of the page; tries again when the network comes back.
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Resource } from '../fhir/types';
import { fhir, http } from '../shell/session';
import { Outbox, type OutboxEntry, type OutboxView } from './outbox';
import { openStore, type OutboxStore } from './store';

const opened: Promise<OutboxStore> = openStore();
const kEmpty: OutboxView = { ready: false, entries: [], othersCount: 0, sending: false, failure: null, lasting: true };

async function send(entry: OutboxEntry): Promise<Resource | null> {
  if (entry.resource) return fhir.create(entry.resource, { key: entry.key });
  if (entry.told) {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': entry.key };
    await http.send('POST', entry.told.path, { headers, body: JSON.stringify(entry.told.body) });
  }
  return null;
}

export function useOutbox(account: string): { outbox: Outbox | null; view: OutboxView; store: OutboxStore | null } {
  const [made, setMade] = useState<{ outbox: Outbox; store: OutboxStore } | null>(null);
  useEffect(() => {
    let gone = false;
    let outbox: Outbox | null = null;
    const again = (): void => void outbox?.flush();
    const onShow = (): void => {
      if (document.visibilityState === 'visible') again();
    };
    void opened.then((store) => {
      if (gone) return;
      outbox = new Outbox(account, store, send);
      setMade({ outbox, store });
      again();
    });
    window.addEventListener('online', again);
    document.addEventListener('visibilitychange', onShow);
    return () => {
      gone = true;
      outbox?.stop();
      window.removeEventListener('online', again);
      document.removeEventListener('visibilitychange', onShow);
    };
  }, [account]);
  const view = useSyncExternalStore(made?.outbox.subscribe ?? (() => () => undefined), made?.outbox.getView ?? (() => kEmpty));
  return { outbox: made?.outbox ?? null, view, store: made?.store ?? null };
}

