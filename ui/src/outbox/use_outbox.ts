// The outbox in a page. One per account for the life of the page; tries again when the network comes back.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { fhir } from '../shell/session';
import { Outbox, type OutboxView } from './outbox';
import { openStore, type OutboxStore } from './store';

const opened: Promise<OutboxStore> = openStore();
const kEmpty: OutboxView = { ready: false, entries: [], othersCount: 0, sending: false, failure: null, lasting: true };

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
      outbox = new Outbox(account, store, (e) => fhir.create(e.resource, { key: e.key }));
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

