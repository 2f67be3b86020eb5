// How fresh the page is, in every desk's head: a dot and the time while live; a hollow ring, since when, and a way to try now while not.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf } from '../fhir/time';
import { useLiveState } from '../live/use_live';

export function LiveSign(): ReactNode {
  const { t } = useTranslation('shell');
  const live = useLiveState();
  const time = live.at === null ? '' : clockOf(live.at, true);
  const words =
    live.state === 'live' ? t('live.live', { time }) : live.state === 'lost' ? (time ? t('live.lost', { time }) : t('live.lostNever')) : t(`live.${live.state}`);
  return (
    <span className="tk-live" data-state={live.state}>
      <i aria-hidden="true" />
      <span>{words}</span>
      {live.state === 'lost' && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={live.retryNow}>
          {t('live.retry')}
        </button>
      )}
    </span>
  );
}
