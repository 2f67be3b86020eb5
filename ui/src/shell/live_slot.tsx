// The place in the top bar where a page says how fresh its data are. The page fills it; the shell only gives the room.
import { useEffect, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { clockOf } from '../fhir/time';
import type { Snapshot } from '../live/stream';

const kSlotId = 'tk-live-slot';

export function LiveSlot(): ReactNode {
  return <span id={kSlotId} />;
}

/** Dot and time while live; a hollow ring, since when, and a way to try now while not. */
export function LiveSign({ live }: { live: Snapshot & { retryNow: () => void } }): ReactNode {
  const { t } = useTranslation('shell');
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  useEffect(() => setSlot(document.getElementById(kSlotId)), []);
  if (!slot) return null;
  const time = live.at === null ? '' : clockOf(live.at, true);
  const words =
    live.state === 'live' ? t('live.live', { time }) : live.state === 'lost' ? (time ? t('live.lost', { time }) : t('live.lostNever')) : t(`live.${live.state}`);
  return createPortal(
    <span className="tk-live" data-state={live.state}>
      <i aria-hidden="true" />
      <span>{words}</span>
      {live.state === 'lost' && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={live.retryNow}>
          {t('live.retry')}
        </button>
      )}
    </span>,
    slot,
  );
}
