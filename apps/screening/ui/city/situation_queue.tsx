// Open tasks, the most urgent first, and work past its limit by kind. Live; what is read is told.
import { pages as workPages } from 'virtual:tk-pages/work';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Severity } from '@tk/components/icon';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { lengthOf } from '@tk/fhir/time';
import { addressOf } from '@tk/shell/pages';
import { may, useSession } from '@tk/shell/session';
import { askTasks } from './situation_ask';
import { type Late, lateOf, queueOf, type QueueRow } from './situation_model';

const kShown = 6;
const kTickMs = 30_000;

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), kTickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function Queue(): ReactNode {
  const { t } = useTranslation('situation');
  const session = useSession();
  const now = useNow();
  const mayRead = may(session, 'read', 'Task');
  const asked = useQuery({ queryKey: ['situation', 'tasks'], enabled: mayRead, queryFn: ({ signal }) => askTasks(signal), staleTime: 5_000 });
  const rows = useMemo(() => queueOf(asked.data?.tasks ?? [], now), [asked.data, now]);
  const late = useMemo(() => lateOf(rows, now), [rows, now]);
  const [all, setAll] = useState(false);
  const lateCount = late.reduce((sum, l) => sum + l.count, 0);
  return (
    <>
      <section className="st-panel" aria-labelledby="st-queue">
        <h2 id="st-queue">
          {t('queue.title')} {asked.data && <small>{t(asked.data.all ? 'queue.count' : 'queue.countMore', { open: rows.length, late: lateCount })}</small>}
        </h2>
        {!mayRead && <p className="tk-sub">{t('queue.mayNot')}</p>}
        {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
        {mayRead && asked.isPending && !asked.error && <Skeleton lines={4} />}
        {asked.data && rows.length === 0 && <p className="tk-sub">{t('queue.none')}</p>}
        <ol className="st-queue">
          {rows.slice(0, all ? undefined : kShown).map((row) => (
            <Row key={row.id} row={row} now={now} />
          ))}
        </ol>
        {rows.length > kShown && (
          <button type="button" className="tk-btn tk-quiet tk-s" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t('queue.fewer') : t('queue.more', { count: rows.length - kShown })}
          </button>
        )}
      </section>
      {late.length > 0 && <LateWork late={late} count={lateCount} />}
    </>
  );
}

function Row({ row, now }: { row: QueueRow; now: number }): ReactNode {
  const { t } = useTranslation('situation');
  const session = useSession();
  // A task of an app opens at the desk's page of that app, where it can be worked on.
  const address = addressOf(session, 'work', workPages.filter((p) => p.app === row.app), `Task/${row.id}`);
  const over = row.dueMs !== null && row.dueMs < now;
  return (
    <li>
      <span className="st-level">
        <Severity level={row.level} size={18} />
        {t(`level.${row.level}`)}
      </span>
      <div>
        <p>{address === null ? <b>{row.title}</b> : <a href={address}>{row.title}</a>}</p>
        <p className="tk-sub">{[row.text, row.owner || t(`status.${row.status === 'requested' ? 'requested' : row.status === 'on-hold' ? 'hold' : 'taken'}`)].filter(Boolean).join(' · ')}</p>
      </div>
      {row.dueMs !== null && <span className={over ? 'st-over' : 'st-left'}>{t(over ? 'queue.over' : 'queue.left', { length: lengthOf(row.dueMs - now) })}</span>}
    </li>
  );
}

function LateWork({ late, count }: { late: Late[]; count: number }): ReactNode {
  const { t, i18n } = useTranslation('situation');
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <section className="st-panel" aria-labelledby="st-late">
      <h2 id="st-late">
        {t('late.title')} <small>{t('late.count', { count: number.format(count) })}</small>
      </h2>
      <ul className="st-rows">
        {late.map((l) => (
          <li key={l.title}>
            <span className="tk-grow">{l.title}</span>
            <b>{number.format(l.count)}</b>
            <span className="st-over">{t('queue.over', { length: lengthOf(l.longestMs) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
