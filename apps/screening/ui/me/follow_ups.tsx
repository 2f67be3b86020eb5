// My follow-ups, and how far they are.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { useParam } from '@tk/shell/router';
import { askFollowUps } from './report';

export const useFollowUps = () => useQuery({ queryKey: ['screening', 'mine'], queryFn: ({ signal }) => askFollowUps(signal), refetchOnWindowFocus: true });

export function FollowUps(): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const [chosen] = useParam('task', '');
  const asked = useFollowUps();
  const moment = new Intl.DateTimeFormat(i18n.language, { month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
  return (
    <section className="se-tasks" aria-labelledby="se-tasks">
      <h2 id="se-tasks">{t('me.tasks.title')}</h2>
      {asked.isPending && <Skeleton lines={3} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.data?.length === 0 && (
        <>
          <p>{t('me.tasks.none')}</p>
          <p className="tk-sub">{t('me.tasks.noneHint')}</p>
        </>
      )}
      <ul>
        {(asked.data ?? []).map((f) => (
          <li key={f.id} aria-current={f.id === chosen ? 'true' : undefined}>
            <Icon name={f.over ? 'check' : 'clock'} />
            <span className="tk-grow">
              <b>{t(`me.tasks.status.${f.status}`)}</b>
              <span className="tk-sub">
                {t(`me.tasks.code.${f.code}`)}
                {f.madeMs !== null && `　${t('me.tasks.made', { time: moment.format(f.madeMs) })}`}
              </span>
              {f.dueMs !== null && f.dueMs > Date.now() && <span className="tk-sub">{t('me.tasks.due', { time: moment.format(f.dueMs) })}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
