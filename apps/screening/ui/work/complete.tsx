// Closing a task: says what will happen, asks for the reason, keeps what was written if it fails.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { useFailureText } from '@tk/components/states';
import type { Failure } from '@tk/fhir/http';
import { kOutcomes, type Outcome } from './model';

const kNoteMaxChars = 300;

interface CompleteProps {
  busy: boolean;
  failure: Failure | null;
  onDone: (outcome: Outcome, words: string, note: string) => void;
  onClose: () => void;
}

export function Complete({ busy, failure, onDone, onClose }: CompleteProps): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<'needReason' | 'needMore' | null>(null);
  const id = useId();
  // The reasons first: arrow keys choose, Tab goes on to the note.
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = (e: FormEvent): void => {
    e.preventDefault();
    if (busy) return;
    const missing = outcome === null ? 'needReason' : outcome === 'other' && note.trim() === '' ? 'needMore' : null;
    setProblem(missing);
    if (outcome && !missing) onDone(outcome, t(`w.outcome.${outcome}`), note.trim());
  };

  return (
    <Dialog title={t('w.detail.complete')} onClose={onClose}>
      <form className="sw-complete" noValidate onSubmit={submit}>
        <p className="tk-sub">{t('w.detail.willDo')}</p>
        <fieldset aria-describedby={problem ? id + 'p' : undefined}>
          <legend>{t('w.detail.reason')}</legend>
          {kOutcomes.map((o, i) => (
            <label key={o}>
              <input ref={i === 0 ? first : undefined} type="radio" name="outcome" value={o} checked={outcome === o} onChange={() => setOutcome(o)} />
              {t(`w.outcome.${o}`)}
            </label>
          ))}
        </fieldset>
        <div className="tk-field">
          <label htmlFor={id + 'n'}>{t('w.detail.reasonMore')}</label>
          <textarea id={id + 'n'} className="tk-input" rows={2} maxLength={kNoteMaxChars} value={note} aria-invalid={problem === 'needMore'} aria-describedby={id + 'h'} onChange={(e) => setNote(e.target.value)} />
          <p id={id + 'h'} className="tk-sub">
            {t('w.detail.reasonMoreHint')}
          </p>
        </div>
        <div role="alert">
          {(problem || failure) && (
            <p id={id + 'p'} className="tk-note-ink">
              {problem ? t(`w.detail.${problem}`) : failure ? failureText(failure) : ''}
            </p>
          )}
        </div>
        <div className="sw-complete-go">
          <button type="button" className="tk-btn" onClick={onClose}>
            {t('cancel', { ns: 'shell' })}
          </button>
          <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
            {busy ? t('w.detail.completing') : t('w.detail.confirm')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
