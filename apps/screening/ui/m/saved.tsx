// The last record, on top of the next search: where it is now, and a way back if it was a slip.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import type { Observation } from '@tk/fhir/types';
import type { Outbox, OutboxView } from '@tk/outbox/outbox';
import { fhir } from '@tk/shell/session';
import type { Verdict } from '../screening';

export interface LastSaved {
  key: string;
  who: string;
  celsius: string;
  verdict: Verdict;
}

/** A record that waits is taken out; one that the program has is marked as entered in error, never deleted. */
async function takeBack(outbox: Outbox, key: string): Promise<'dropped' | 'marked'> {
  if (!outbox.sentAs(key) && (await outbox.discard(key))) return 'dropped';
  const made = outbox.sentAs(key)?.resource as Observation | null | undefined;
  if (made?.id) await fhir.patch(made, [{ op: 'replace', path: '/status', value: 'entered-in-error' }]);
  return 'marked';
}

export function Saved(props: { last: LastSaved; outbox: Outbox; view: OutboxView; onGone: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const { last, outbox, view } = props;
  const [back, setBack] = useState<{ key: string; how: 'busy' | 'dropped' | 'marked' | Failure } | null>(null);
  const mine = back?.key === last.key ? back.how : null;
  const entry = view.entries.find((e) => e.key === last.key);
  const state = entry?.problem ? 'refused' : entry ? (view.failure ? 'offline' : 'sending') : 'sent';

  const undo = async (): Promise<void> => {
    setBack({ key: last.key, how: 'busy' });
    try {
      setBack({ key: last.key, how: await takeBack(outbox, last.key) });
    } catch (e) {
      setBack({ key: last.key, how: asFailure(e) });
    }
  };

  if (mine === 'dropped' || mine === 'marked') {
    return (
      <div className="sm-saved" role="status">
        <Icon name="check" />
        <p className="tk-grow">
          <b>{t(`m.saved.${mine}`, { who: last.who, value: last.celsius })}</b>
          <br />
          <span>{mine === 'marked' && last.verdict === 'fever' ? t('m.saved.markedTask') : t('m.saved.measureAgain')}</span>
        </p>
        <button type="button" className="sm-undo" onClick={props.onGone}>
          {t('m.saved.ok')}
        </button>
      </div>
    );
  }
  return (
    <div className="sm-saved" role="status" data-v={state}>
      <Icon name={state === 'refused' ? 'info' : state === 'offline' ? 'offline' : 'check'} />
      <p className="tk-grow">
        <b>{t('m.saved.what', { who: last.who, value: last.celsius })}</b>
        <br />
        <span>{typeof mine === 'object' && mine !== null ? failureText(mine) : t(`m.saved.${state}${state === 'sent' && last.verdict === 'fever' ? 'Fever' : ''}`)}</span>
      </p>
      <button type="button" className="sm-undo" aria-disabled={mine === 'busy'} onClick={() => mine !== 'busy' && void undo()}>
        {t('m.saved.undo')}
      </button>
    </div>
  );
}
