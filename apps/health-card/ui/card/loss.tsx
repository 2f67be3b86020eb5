// Loss: what will happen is said first, then it happens at once.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import { type Relative, reportLoss } from '../ask';

export function Loss({ who, onClose, onDone }: { who: Relative; onClose: () => void; onDone: () => void }): ReactNode {
  const { t } = useTranslation('health-card');
  const failureText = useFailureText();
  const [state, setState] = useState<'asking' | 'busy' | Failure>('asking');
  const report = async (): Promise<void> => {
    setState('busy');
    try {
      await reportLoss(who.patient);
      onDone();
    } catch (e) {
      setState(asFailure(e));
    }
  };
  return (
    <Dialog sheet title={t('card.lossTitle')} onClose={onClose}>
      <div className="hc-sheet">
        <b className="hc-name">{who.name}</b>
        <p>{t('card.lossHint')}</p>
        {typeof state === 'object' && (
          <p className="tk-problem" role="alert">
            {failureText(state)}
          </p>
        )}
        <button type="button" className="tk-btn tk-pri tk-big" disabled={state === 'busy'} onClick={() => void report()}>
          {t('card.lossDo')}
        </button>
      </div>
    </Dialog>
  );
}
