// Who looked at me: by day, the newest first, as the audit has it.
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '../components/icon';
import { Empty, Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { clockOf } from '../fhir/time';
import { useSession } from '../shell/session';
import { byDay } from './days';
import { askLooks, kFirst, type Look, looksIn } from './looks';
import './me.css';
import './words';

export default function LooksPage(): ReactNode {
  const { t, i18n } = useTranslation('me');
  const session = useSession();
  const asked = useInfiniteQuery({
    queryKey: ['me', 'looks'],
    initialPageParam: kFirst,
    queryFn: ({ pageParam, signal }) => askLooks(pageParam, signal),
    getNextPageParam: (page) => page.next,
  });
  const looks = looksIn((asked.data?.pages ?? []).flatMap((p) => p.events), session.display, i18n.language);
  return (
    <main id="main" className="mr" tabIndex={-1}>
      <h1>{t('looks.title')}</h1>
      <p className="tk-sub">{t('looks.hint')}</p>
      {asked.isPending && <Skeleton lines={6} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.data && looks.length === 0 && <Empty icon="eye" title={t('looks.none')} />}
      {byDay(looks, (l) => l.atMs, i18n.language).map(({ day, items }) => (
        <section key={day} aria-label={day}>
          <h2>{day}</h2>
          <ul>
            {items.map((l) => (
              <Line key={l.id} look={l} />
            ))}
          </ul>
        </section>
      ))}
      {asked.hasNextPage && (
        <button type="button" className="tk-btn tk-big" aria-disabled={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
          {t('looks.more')}
        </button>
      )}
    </main>
  );
}

function Line({ look }: { look: Look }): ReactNode {
  const { t } = useTranslation('me');
  const words = t('looks.line', { did: t(`looks.did.${look.did}`), what: t(`looks.what.${look.what}`) });
  return (
    <li>
      {look.grave ? <Severity level="caution" /> : <Icon name="eye" />}
      <span className="tk-grow">
        <b>{[look.name, look.post].filter((w, i, all) => w !== '' && all.indexOf(w) === i).join('　') || t('looks.nobody')}</b>
        <span className="tk-sub">
          {words}
          {look.count > 1 && ` ${t('looks.times', { count: look.count })}`}
          {look.refused && ` ${t('looks.refused')}`}
        </span>
      </span>
      <span className="tk-sub">{clockOf(look.atMs)}</span>
    </li>
  );
}
