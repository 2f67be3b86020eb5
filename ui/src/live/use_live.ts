// The live stream in a page: listened to from when the page opens until it closes. All parts of a page share one (hub.ts).
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { expireSession, useSessionState } from '../shell/session';
import { LiveHub, type LiveHandlers } from './hub';
import type { Snapshot } from './stream';

export type { LiveHandlers } from './hub';

const hub = new LiveHub(expireSession);

/** How fresh the page is, for a sign of it; listens to nothing by itself. */
export function useLiveState(): Snapshot & { retryNow: () => void } {
  const snapshot = useSyncExternalStore(hub.subscribe, hub.getSnapshot, hub.getSnapshot);
  return useMemo(() => ({ ...snapshot, retryNow: hub.retryNow }), [snapshot]);
}

/** `types`: resource types to hear of. Handlers may change between renders; the stream does not restart for that. */
export function useLive(types: readonly string[], handlers: LiveHandlers): Snapshot & { retryNow: () => void } {
  const latest = useRef(handlers);
  latest.current = handlers;
  const key = types.join(',');
  useEffect(() => hub.join(key.split(','), { onChange: (c) => latest.current.onChange(c), onSync: (fresh) => latest.current.onSync(fresh) }), [key]);
  return useLiveState();
}

/** Once a page: tries again when the network or the session is back, and then reads what could not be read meanwhile. */
export function LiveKeeper(): null {
  const signedIn = useSessionState().kind === 'in';
  const { state } = useLiveState();
  const queries = useQueryClient();
  useEffect(() => {
    window.addEventListener('online', hub.retryNow);
    return () => window.removeEventListener('online', hub.retryNow);
  }, []);
  useEffect(() => {
    if (signedIn && hub.getSnapshot().state === 'signed-out') hub.retryNow();
  }, [signedIn]);
  useEffect(() => {
    if (state === 'live') void queries.refetchQueries({ type: 'active', predicate: (q) => q.state.status === 'error' });
  }, [state, queries]);
  return null;
}
