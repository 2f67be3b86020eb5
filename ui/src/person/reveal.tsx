// What is masked, shown on purpose: a reason is chosen, the audit has it before the answer, and after a minute the mask is back.
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../components/dialog';
import { Icon } from '../components/icon';
import { useFailureText } from '../components/states';
import { asFailure, type Failure } from '../fhir/http';
import type { Patient } from '../fhir/types';
import { http, may, useSession } from '../shell/session';

const kShownMs = 60_000;
/** As policies.toml has them; a city with others of its own is told by the refusal. */
const kReasons = ['verify-identity', 'contact-person', 'case-investigation', 'correct-record', 'required-by-law'] as const;

async function reveal(id: string, reason: string): Promise<Patient | null> {
  const body = JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'reason', valueCode: reason }] });
  return (await http.send<Patient>('POST', `/fhir/Patient/${encodeURIComponent(id)}/$reveal`, { headers: { 'Content-Type': 'application/fhir+json' }, body })).body;
}

/** The record whole, for a minute; null while it is masked. The button asks for the reason. */
export function useReveal(id: string): { shown: Patient | null; button: ReactNode } {
  const { t } = useTranslation('shell');
  const session = useSession();
  const [shown, setShown] = useState<Patient | null>(null);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => setShown(null), kShownMs);
    return () => clearTimeout(timer);
  }, [shown]);
  useEffect(() => setShown(null), [id]);
  if (!may(session, 'call', 'reveal')) return { shown: null, button: null };
  const button = (
    <>
      <button type="button" className="tk-btn tk-quiet tk-s rv-btn" onClick={() => (shown ? setShown(null) : setAsking(true))}>
        <Icon name="eye" size={16} />
        {t(shown ? 'reveal.hide' : 'reveal.show')}
      </button>
      {asking && (
        <Ask
          id={id}
          onClose={() => setAsking(false)}
          onShown={(patient) => {
            setAsking(false);
            setShown(patient);
          }}
        />
      )}
    </>
  );
  return { shown, button };
}

function Ask({ id, onClose, onShown }: { id: string; onClose: () => void; onShown: (patient: Patient) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const failureText = useFailureText();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<'reason' | Failure | null>(null);
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    if (busy) return;
    if (reason === '') return setProblem('reason');
    setBusy(true);
    setProblem(null);
    try {
      const patient = await reveal(id, reason);
      if (patient) return onShown(patient);
    } catch (failure) {
      setProblem(asFailure(failure));
    }
    setBusy(false);
  };
  return (
    <Dialog title={t('reveal.title')} onClose={onClose}>
      <form className="pn-reveal" noValidate onSubmit={(e) => void submit(e)}>
        <p>{t('reveal.told')}</p>
        <fieldset aria-describedby={problem === 'reason' ? 'rv-problem' : undefined}>
          <legend>{t('reveal.why')}</legend>
          {kReasons.map((code) => (
            <label key={code}>
              <input type="radio" name="reason" value={code} checked={reason === code} onChange={() => setReason(code)} />
              {t(`reveal.reason.${code}`)}
            </label>
          ))}
        </fieldset>
        <div role="alert" id="rv-problem">
          {problem !== null && <p className="tk-problem">{problem === 'reason' ? t('reveal.needReason') : failureText(problem)}</p>}
        </div>
        <div className="pn-reveal-acts">
          <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
            {t('reveal.do')}
          </button>
          <button type="button" className="tk-btn" onClick={onClose}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
