// The colour in a page: asked again while it is seen, gone when it is old.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { asFailure, type Failure } from '@tk/fhir/http';
import { askMine, isFresh, kAskEveryMs, type Mine, type Told } from './mine';

export interface MineView {
  mine: Mine | null; // as last told
  fresh: boolean; // may it be shown as the colour of now?
  busy: boolean;
  failure: Failure | null;
  again: () => Promise<unknown>;
}

export function useMine(): MineView {
  const queries = useQueryClient();
  const asked = useQuery<Told>({
    queryKey: ['health-code', 'mine'],
    queryFn: ({ signal }) => askMine(signal),
    refetchInterval: kAskEveryMs,
    refetchOnWindowFocus: 'always',
    refetchOnReconnect: 'always',
    networkMode: 'always', // a try without network fails at once and says so
  });
  const [nowMs, setNow] = useState(() => performance.now());
  useEffect(() => {
    const tick = window.setInterval(() => setNow(performance.now()), 1000);
    return () => window.clearInterval(tick);
  }, []);
  return {
    mine: asked.data?.mine ?? null,
    fresh: isFresh(asked.data, Math.max(nowMs, asked.data?.askedMs ?? 0)),
    busy: asked.isFetching,
    failure: asked.error ? asFailure(asked.error) : null,
    again: () => queries.refetchQueries({ queryKey: ['health-code', 'mine'] }),
  };
}
