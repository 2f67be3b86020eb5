// The decision: what comes of it, the reason, and the keys. Nothing is said before a reason stands there.
import { type RefObject, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import { useFailureText } from '../../components/states';
import type { Sides, Verdict } from './ask';
import type { Review } from './model';
import type { Held } from './page';

export function Consequences({ sides, review }: { sides: Sides; review: Review }): ReactNode {
  const { t } = useTranslation('ops');
  const [a, b] = sides.records;
  const one = sides.evidence === null;
  const same = one ? ['whoseSame', 'undoWhose'] : [sides.evidence?.same ? 'sameAlready' : 'sameJoin', 'sameKept', 'sameMachine'];
  const apart = one ? ['whoseApart', 'undoWhose'] : [sides.evidence?.same ? 'apartPart' : 'apartStay', 'apartMachine'];
  return (
    <>
      <div>
        <h2>{t(one ? 'then.stillTitle' : 'then.sameTitle')}</h2>
        <ul>{same.map((key) => <li key={key}>{t(`then.${key}`, { a, b, all: a + b })}</li>)}</ul>
      </div>
      <div>
        <h2>{t(one ? 'then.anotherTitle' : 'then.apartTitle')}</h2>
        <ul>{apart.map((key) => <li key={key}>{t(`then.${key}`)}</li>)}</ul>
        {review.open && !one && <p className="tk-sub">{t('then.undo')}</p>}
      </div>
    </>
  );
}

const kCommon = ['phoned', 'document', 'mistyped', 'family'] as const;

export function Reason({ box, text, wanting, onText }: { box: RefObject<HTMLTextAreaElement | null>; text: string; wanting: boolean; onText: (text: string) => void }): ReactNode {
  const { t } = useTranslation('ops');
  return (
    <div className="rv-reason">
      <label htmlFor="rv-reason">{t('reason.title')}</label> <span className="tk-sub">{t('reason.kept')}</span>
      <textarea id="rv-reason" ref={box} className="tk-input" rows={2} maxLength={500} value={text} aria-invalid={wanting} aria-describedby="rv-reason-d" onChange={(e) => onText(e.target.value)} />
      <p id="rv-reason-d" className={wanting ? 'tk-problem' : 'tk-sub'}>
        {t(wanting ? 'reason.needed' : 'reason.hint')}
      </p>
      <div className="rv-common" role="group" aria-label={t('reason.common')}>
        {kCommon.map((key) => (
          <button key={key} type="button" className="tk-btn tk-quiet tk-s" onClick={() => onText(t(`reason.${key}`))}>
            {t(`reason.${key}`)}
          </button>
        ))}
      </div>
    </div>
  );
}

interface BarProps {
  held: Held;
  one: boolean;
  canGoBack: boolean;
  last: Verdict | null;
  onLater: () => void;
  onBack: () => void;
}

export function Bar({ held, one, canGoBack, last, onLater, onBack }: BarProps): ReactNode {
  const { t } = useTranslation('ops');
  const text = useFailureText();
  return (
    <div className="rv-bar">
      <button type="button" className="tk-btn tk-pri" aria-disabled={held.busy || !held.may.same || held.reason.trim() === ''} onClick={() => void held.say('same')}>
        <Icon name="check" size={18} />
        {t(one ? 'say.still' : 'say.same')} <kbd>Y</kbd>
      </button>
      <button type="button" className="tk-btn" aria-disabled={held.busy || !held.may.apart || held.reason.trim() === ''} onClick={() => void held.say('apart')}>
        <Icon name="close" size={18} />
        {t(one ? 'say.another' : 'say.apart')} <kbd>N</kbd>
      </button>
      <button type="button" className="tk-btn" onClick={onLater}>
        <Icon name="clock" size={18} />
        {t('say.later')} <kbd>U</kbd>
      </button>
      <div className="rv-said" role="status">
        {held.busy && t('say.busy')}
        {!held.busy && held.failure && <b>{held.failure.kind === 'conflict' ? t('say.conflict', { text: held.failure.text }) : text(held.failure)}</b>}
        {!held.busy && !held.failure && last && t(last === 'same' ? 'say.saidSame' : 'say.saidApart')}
      </div>
      {canGoBack && (
        <button type="button" className="tk-btn tk-quiet" onClick={onBack}>
          <Icon name="back" size={18} />
          {t('say.back')} <kbd>Z</kbd>
        </button>
      )}
      <span className="rv-keys">
        <kbd>J</kbd> <kbd>K</kbd> {t('say.move')}　<kbd>R</kbd> {t('say.reason')}
      </span>
    </div>
  );
}
