// What was told to who is signed in: read once, kept up to date by the live stream, marked as read when it is opened.
// Flow: $inbox -> rows; a Communication on the stream -> $inbox anew -> a sound for what is urgent
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure, type Failure } from '../fhir/http';
import type { Bundle } from '../fhir/types';
import { ring } from '../live/sound';
import { useLive } from '../live/use_live';
import { type Notice, type NoticeRow, rings, rowOf } from './notice';
import { http } from './session';

const kTypes = ['Communication'] as const;
const kCount = 50;

export interface InboxView {
  rows: NoticeRow[];
  total: number;
  loaded: boolean;
  failure: Failure | null;
  retry: () => void;
}

async function ask(unread: boolean, signal: AbortSignal): Promise<{ notices: Notice[]; total: number }> {
  const answer = await http.send<Bundle<Notice>>('GET', `/fhir/$inbox?unread=${unread}&_count=${kCount}`, { signal });
  const notices = (answer.body?.entry ?? []).flatMap((e) => (e.resource ? [e.resource] : []));
  return { notices, total: answer.body?.total ?? notices.length };
}

export function useInbox(unread: boolean): InboxView {
  const { i18n } = useTranslation('shell');
  const asked = useQuery({ queryKey: ['shell', 'inbox', unread], queryFn: ({ signal }) => ask(unread, signal) });
  const rows = useMemo(() => (asked.data?.notices ?? []).map((n) => rowOf(n, i18n.language)), [asked.data, i18n.language]);
  return { rows, total: asked.data?.total ?? 0, loaded: asked.data !== undefined, failure: asked.error ? asFailure(asked.error) : null, retry: () => void asked.refetch() };
}

/** Once a page: hears of notices, and rings. */
export function useInboxLive(view: InboxView): void {
  const queries = useQueryClient();
  const again = (): void => void queries.invalidateQueries({ queryKey: ['shell', 'inbox'] });
  useLive(kTypes, { onChange: again, onSync: again });
  const before = useRef<NoticeRow[]>(undefined);
  useEffect(() => {
    if (!view.loaded) return;
    if (rings(before.current, view.rows)) ring();
    before.current = view.rows;
  }, [view.loaded, view.rows]);
}

/** Says that it was read; the answer is why not, if it could not be said: it then stays unread. */
export function useMarkRead(): (id: string) => Promise<Failure | null> {
  const queries = useQueryClient();
  return async (id) => {
    try {
      await http.send('POST', `/fhir/Communication/${encodeURIComponent(id)}/$read`);
      await queries.invalidateQueries({ queryKey: ['shell', 'inbox'] });
      return null;
    } catch (e) {
      return asFailure(e);
    }
  };
}
