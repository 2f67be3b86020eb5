// The code for paper: what it is good for is said beside it, on the screen and on the paper.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { askPrint, pictureOf, type Relative } from '../ask';

export function Print({ who, onClose }: { who: Relative; onClose: () => void }): ReactNode {
  const { t } = useTranslation('health-card');
  const made = useQuery({ queryKey: ['health-card', 'print', who.patient], queryFn: () => askPrint(who.patient), gcTime: 0 });
  return (
    <Dialog sheet title={t('card.printTitle')} onClose={onClose}>
      <div className="hc-sheet hc-paper">
        {made.isPending && <Skeleton lines={5} />}
        {made.error && <Failed failure={asFailure(made.error)} onRetry={() => void made.refetch()} />}
        {made.data && (
          <>
            <img src={pictureOf(made.data.qr.svg)} alt={t('card.printAlt', { name: who.name })} width="240" height="240" />
            <b className="hc-name">{who.name}</b>
            <p>{t('card.until', { date: made.data.expires.slice(0, 10) })}</p>
            <p className="tk-sub">{t('card.printHint')}</p>
            <button type="button" className="tk-btn tk-pri tk-big hc-noprint" onClick={() => window.print()}>
              {t('card.printNow')}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
