// What is scanned of a person, for the page of another app: the card's dynamic code, who, how long it counts.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { askFamily, pictureOf, type Relative } from '../ask';
import { useCode } from '../card/use_code';
import '../words';
import './live.css';

export default function LiveCode({ patient }: { patient: string }): ReactNode {
  const { t } = useTranslation('health-card');
  const family = useQuery({ queryKey: ['health-card', 'family', ''], queryFn: () => askFamily('') });
  const who = family.data?.find((p) => patient === '' || p.patient === patient) ?? family.data?.[0];
  if (family.error) return <Failed failure={asFailure(family.error)} onRetry={() => void family.refetch()} />;
  if (!who) return <Skeleton lines={5} />;
  if (who.card?.status !== 'active') {
    return (
      <div className="hl-none">
        <p>
          <b>{who.card ? t(`status.${who.card.status}`) : t('card.none')}</b>
        </p>
        <p>{t('card.noneHint')}</p>
      </div>
    );
  }
  return <Shown who={who} />;
}

function Shown({ who }: { who: Relative }): ReactNode {
  const { t } = useTranslation('health-card');
  const view = useCode(who.patient, true);
  const lastFour = who.card?.number.slice(-4) ?? '';
  return (
    <div className="hl">
      <div className="hl-qr" data-code={view.code?.code}>
        {view.code && <img src={pictureOf(view.code.qr.svg)} alt={t('card.alt', { name: who.name })} width="200" height="200" />}
        {!view.code && !view.failure && <Skeleton lines={5} />}
        {!view.code && view.failure && (
          <div className="hl-none" role="alert">
            <Icon name="offline" size={40} />
            <b>{t('card.stopped')}</b>
          </div>
        )}
      </div>
      <div className="hl-side">
        <b>{who.name}</b>
        <span className="tk-sub">{t('live.card', { last: lastFour })}</span>
        <span role="timer" aria-live="off">
          {view.code && view.leftS > 0 ? (
            <>
              <span className="tk-sub">{t('live.left')}</span>
              <b className="hl-left">{t('live.seconds', { count: view.leftS })}</b>
            </>
          ) : (
            view.code && t('card.renewing')
          )}
        </span>
        <button type="button" className="tk-btn" onClick={view.renew}>
          {t('live.renew')}
        </button>
      </div>
    </div>
  );
}
