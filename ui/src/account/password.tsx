// One's own password: closed until it is wanted, so that the page is short.
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure } from '../fhir/http';
import { useProblemText } from '../shell/field';
import { PasswordForm } from '../shell/sign_in_step';
import { changePassword } from './own';

export function Password(): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState(false);
  const change = async (password: string, old: string): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await changePassword(old, password);
      setOpen(false);
      setDone(true);
      void queries.invalidateQueries({ queryKey: ['own'] });
    } catch (e) {
      const failure = asFailure(e);
      setProblem(failure.kind === 'forbidden' ? t('password.wrongOld') : failure.kind === 'refused' ? t('password.refused') : problemText(failure));
    }
    setBusy(false);
  };
  return (
    <section aria-labelledby="ta-password">
      <h2 id="ta-password">{t('signIn.password')}</h2>
      <div role="status">{done && <p className="ta-done">{t('password.changed')}</p>}</div>
      {open ? (
        <>
          <PasswordForm old busy={busy} problem={problem} submitText={t('password.change')} onSubmit={(password, old) => void change(password, old)} />
          <button type="button" className="tk-btn tk-quiet" onClick={() => setOpen(false)}>
            {t('cancel')}
          </button>
        </>
      ) : (
        <button
          type="button"
          className="tk-btn"
          onClick={() => {
            setOpen(true);
            setDone(false);
          }}
        >
          {t('password.change')}
        </button>
      )}
    </section>
  );
}
