// What a list holds: its query from the URL (what is typed stays here), its pages as the server gives them one by one, its counters.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { asFailure, type Failure } from '../../fhir/http';
import { useParam } from '../../shell/router';
import type { Choice, ListPage, ListQuery, ListSource } from './model';

const kTypingMs = 250;

/** `text` once nobody has typed for a moment. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), kTypingMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export interface ListState {
  query: ListQuery;
  typed: string;
  setTyped: (text: string) => void;
  setShow: (show: string) => void;
  setSort: (sort: string) => void;
  setPick: (name: string, value: string) => void;
  narrowed: boolean;
  widen: () => void;
}

export function useListState(first: string, picks: readonly Choice[]): ListState {
  const [typed, setTyped] = useState('');
  const text = useSettled(useDeferredValue(typed.trim()));
  const [show, setShow] = useParam('show', first);
  const [sort, setSort] = useParam('sort', '');
  // The choices of a list never change: so many hooks at every look.
  const params = picks.map((pick) => ({ name: pick.name, param: useParam(pick.name, '') }));
  const chosen = JSON.stringify(params.map(({ name, param }) => [name, param[0]]));
  const query = useMemo(() => ({ show, sort, text, picks: Object.fromEntries(JSON.parse(chosen) as [string, string][]) }), [show, sort, text, chosen]);
  return {
    query,
    typed,
    setTyped,
    setShow,
    setSort: (next) => setSort(next, 'replace'),
    setPick: (name, value) => params.find((p) => p.name === name)?.param[1](value),
    narrowed: text !== '' || show !== first || params.some(({ param }) => param[0] !== ''),
    widen: () => {
      setTyped('');
      setShow(first);
      for (const { param } of params) param[1]('', 'replace');
    },
  };
}

export interface ListData<Row> {
  page: ListPage<Row> | undefined;
  from: number; // place of its first row, from 1
  hasBack: boolean;
  hasNext: boolean;
  back: () => void;
  next: () => void;
  pending: boolean;
  stale: boolean; // of the query before, until the answer is here
  busy: boolean;
  failure: Failure | null;
  total: number | null;
  counts: Readonly<Record<string, number>> | undefined;
  asOf: number; // when it was answered
  again: () => void; // from the first page
}

export function useListData<Row>(source: ListSource<Row>, query: ListQuery): ListData<Row> {
  const key = [...source.key, 'list', query];
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => source.page(query, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last: ListPage<Row>) => last.next,
    placeholderData: keepPreviousData,
    refetchOnReconnect: false, // the links of pages would be asked anew one by one
  });
  const counted = useQuery({
    queryKey: [...source.key, 'counts', { ...query, show: '', sort: '' }],
    queryFn: ({ signal }) => source.counts?.(query, signal) ?? {},
    enabled: source.counts !== undefined,
    placeholderData: keepPreviousData,
  });
  const [at, setAt] = useState(0);
  const asked = JSON.stringify(key);
  useEffect(() => setAt(0), [asked]);
  const pages = list.data?.pages ?? [];
  const here = Math.min(at, Math.max(0, pages.length - 1));
  const page = pages[here];
  return {
    page,
    from: pages.slice(0, here).reduce((sum, p) => sum + p.rows.length, 0) + 1,
    hasBack: here > 0,
    hasNext: here < pages.length - 1 || Boolean(page?.next),
    back: () => setAt(Math.max(0, here - 1)),
    next: () => {
      if (here < pages.length - 1) return setAt(here + 1);
      if (page?.next && !list.isFetchingNextPage) void list.fetchNextPage().then((r) => !r.isError && setAt(here + 1));
    },
    pending: list.isPending,
    stale: list.isPlaceholderData,
    busy: list.isFetching,
    failure: list.error ? asFailure(list.error) : null,
    total: pages[0]?.total ?? null,
    counts: pages[0]?.counts ?? counted.data,
    asOf: list.dataUpdatedAt,
    again: () => {
      setAt(0);
      void list.refetch();
      if (source.counts) void counted.refetch();
    },
  };
}
