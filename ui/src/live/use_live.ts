// The live stream in a page: started when the page opens, stopped when it closes.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { expireSession, useSessionState } from '../shell/session';
import { type Change, LiveStream, type Snapshot } from './stream';

export interface LiveHandlers {
  onChange: (c: Change) => void;
  onSync: (fresh: boolean) => void;
}

/** `types`: resource types to hear of. Handlers may change between renders; the stream does not restart for that. */
export function useLive(types: readonly string[], handlers: LiveHandlers): Snapshot & { retryNow: () => void } {
  const latest = useRef(handlers);
  latest.current = handlers;
  const url = '/live?types=' + types.join(',');
  const stream = useMemo(
    () =>
      new LiveStream({
        url,
        onChange: (c) => latest.current.onChange(c),
        onSync: (fresh) => latest.current.onSync(fresh),
        onSignedOut: expireSession,
      }),
    [url],
  );
  useEffect(() => {
    stream.start();
    window.addEventListener('online', stream.retryNow);
    return () => {
      window.removeEventListener('online', stream.retryNow);
      stream.stop();
    };
  }, [stream]);
  const signedIn = useSessionState().kind === 'in';
  useEffect(() => {
    if (signedIn && stream.getSnapshot().state === 'signed-out') stream.retryNow();
  }, [signedIn, stream]);
  const snapshot = useSyncExternalStore(stream.subscribe, stream.getSnapshot);
  // The server is there again: what could not be read meanwhile and is still on the page is read now.
  const queries = useQueryClient();
  useEffect(() => {
    if (snapshot.state === 'live') void queries.refetchQueries({ type: 'active', predicate: (q) => q.state.status === 'error' });
  }, [snapshot.state, queries]);
  return { ...snapshot, retryNow: stream.retryNow };
}
