// An appeal: against one reason, once; what has become of those that were made.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { useFailureText } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { may, useSession } from '@tk/shell/session';
import { bytesOf, kTextBytesMax, type Mine, open, type Reason, reasonKey, sendAppeal } from '../mine';
import { useMoment } from './why';

const kStates = ['received', 'late', 'upheld', 'rejected'];

export function Appeals({ mine, onSent }: { mine: Mine; onSent: () => Promise<unknown> }): ReactNode {
  const { t } = useTranslation('health-code');
  const moment = useMoment();
  const session = useSession();
  const [against, setAgainst] = useState<Reason | null>(null);
  const left = may(session, 'call', 'health-code-appeal') ? open(mine) : [];
  const name = (r: Reason): string => t(`why.reason.${reasonKey(r.reason)}`);
  return (
    <>
      {mine.appeals.length > 0 && (
        <section className="hd-why" aria-labelledby="hd-appeals">
          <h2 id="hd-appeals">{t('appeal.mine')}</h2>
          <ul className="hd-appeals">
            {mine.appeals.map((a) => (
              <li key={a.id}>
                <b>{kStates.includes(a.status) ? t(`appeal.status.${a.status}`) : a.status}</b>
                <span className="tk-sub">{t('appeal.made', { time: moment(a.made) })}</span>
                {a.answer && <p>{t('appeal.answer', { text: a.answer })}</p>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {left.length > 0 && (
        <div className="hd-foot">
          {left.map((reason) => (
            <button key={reason.id} type="button" className="tk-btn tk-big" onClick={() => setAgainst(reason)}>
              {left.length === 1 ? t('appeal.open') : t('appeal.openFor', { reason: name(reason) })}
            </button>
          ))}
        </div>
      )}
      {against && <Sheet reason={against} onClose={() => setAgainst(null)} onSent={() => onSent().then(() => setAgainst(null))} />}
    </>
  );
}

function Sheet({ reason, onClose, onSent }: { reason: Reason; onClose: () => void; onSent: () => Promise<unknown> }): ReactNode {
  const { t } = useTranslation('health-code');
  const failureText = useFailureText();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const send = async (): Promise<void> => {
    const said = text.trim();
    if (said === '') return setProblem(t('appeal.need'));
    if (bytesOf(said) > kTextBytesMax) return setProblem(t('appeal.long'));
    setBusy(true);
    setProblem('');
    try {
      await sendAppeal(reason.id, said);
      await onSent();
    } catch (e) {
      const failure = asFailure(e);
      setProblem(failure.kind === 'conflict' ? t('appeal.again') : failureText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog sheet title={t('appeal.title')} onClose={onClose}>
      <form
        className="hd-sheet"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          if (!busy) void send();
        }}
      >
        <b>{t(`why.reason.${reasonKey(reason.reason)}`)}</b>
        <p>{t('appeal.hint')}</p>
        <div className="tk-field">
          <label htmlFor="hd-text">{t('appeal.text')}</label>
          <textarea id="hd-text" className="tk-input" rows={5} value={text} aria-invalid={problem !== ''} aria-describedby="hd-problem" onChange={(e) => setText(e.target.value)} />
          <p id="hd-problem" className="tk-problem" role="alert">
            {problem}
          </p>
        </div>
        <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
          {t('appeal.send')}
        </button>
      </form>
    </Dialog>
  );
}
