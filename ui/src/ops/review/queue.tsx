// The reviews that wait, the oldest first: who, why it is asked, how much speaks for it.
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { Failed } from '../../components/states';
import type { Failure } from '../../fhir/http';
import { maskName, nameOf } from '../../fhir/person';
import type { Queue as Asked } from './ask';
import type { Review } from './model';

interface QueueProps {
  queue: Asked | undefined;
  rows: Review[];
  later: readonly string[];
  current: string;
  failure: Failure | null;
  onOpen: (id: string) => void;
  onAgain: () => void;
}

export function Queue(p: QueueProps): ReactNode {
  const { t } = useTranslation('ops');
  return (
    <section className="rv-queue" aria-label={t('review.title')}>
      <header>
        <h1>{t('review.title')}</h1>
        <p className="tk-sub" role="status">
          {p.queue && t('review.waiting', { count: p.queue.total ?? p.rows.length })}
        </p>
      </header>
      <div className="rv-list" tabIndex={-1}>
        {p.failure && <Failed failure={p.failure} onRetry={p.onAgain} />}
        <ol>
          {p.rows.map((review) => (
            <Row key={review.id} review={review} current={review.id === p.current} later={p.later.includes(review.id)} name={p.queue?.names.get(review.subject)} onOpen={p.onOpen} />
          ))}
        </ol>
        {p.queue && (p.queue.total ?? 0) > p.rows.length && <p className="rv-more tk-sub">{t('review.first', { count: p.rows.length })}</p>}
      </div>
      <footer>
        <span role="status">{p.queue && t('review.doneToday', { count: p.queue.doneToday })}</span>
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={p.onAgain}>
          <Icon name="again" size={14} />
          {t('again')}
        </button>
      </footer>
    </section>
  );
}

function Row({ review, current, later, name, onOpen }: { review: Review; current: boolean; later: boolean; name: Parameters<typeof nameOf>[0] | undefined; onOpen: (id: string) => void }): ReactNode {
  const { t } = useTranslation('ops');
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <li>
      <button ref={row} type="button" className="rv-row" aria-current={current ? 'true' : undefined} onClick={() => onOpen(review.id)}>
        <b className="tk-cut">{(name && maskName(nameOf(name))) || t('review.noName')}</b>
        <b>{review.bits === null ? '' : review.bits.toFixed(1)}</b>
        <span className="tk-cut">{later ? t('review.later') : t(`code.${review.code}`, { defaultValue: review.code })}</span>
      </button>
    </li>
  );
}
