// One's second factor: set up an authenticator app, new recovery codes, remove it. Each asks the password again.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { Field, useProblemText } from '../shell/field';
import type { Challenge } from '../shell/session';
import { EnrolmentKey, Recovery, tidyCode } from '../shell/sign_in_step';
import { askFactor, confirmEnrolment, newRecovery, type OwnFactor, removeFactor, startEnrolment } from './own';

type Doing = { kind: 'add' | 'remove' | 'codes' } | { kind: 'enrol'; challenge: Challenge } | { kind: 'shown'; codes: string[] } | null;

/** One field and a button: the password once more, or the first code. */
function Ask(props: { id: string; label: string; submit: string; password: boolean; wrong: string; onText: (text: string) => Promise<void> }): ReactNode {
  const problemText = useProblemText();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    const text = field.current?.value ?? '';
    if (busy || !text) return field.current?.focus();
    setBusy(true);
    try {
      await props.onText(text);
    } catch (failed) {
      const failure = asFailure(failed);
      setBusy(false);
      setProblem(failure.kind === 'forbidden' ? props.wrong : problemText(failure));
      field.current?.focus();
      field.current?.select();
    }
  };
  return (
    <form noValidate method="dialog" onSubmit={(e) => void submit(e)}>
      <Field id={props.id} label={props.label} problem={problem}>
        {(aria) => <input ref={field} {...aria} type={props.password ? 'password' : 'text'} inputMode={props.password ? undefined : 'numeric'} autoComplete={props.password ? 'current-password' : 'one-time-code'} autoFocus />}
      </Field>
      <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
        {props.submit}
      </button>
    </form>
  );
}

function State({ factor }: { factor: OwnFactor }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <>
      <p>{factor.app ? t('account.factor.app') : factor.sms ? t('account.factor.sms') : t('account.factor.none')}</p>
      {factor.app && <p className="tk-sub">{t('account.factor.left', { count: factor.recovery_left })}</p>}
      {factor.demanded && <p className="tk-sub">{t('account.factor.demanded')}</p>}
    </>
  );
}

export function Factor(): ReactNode {
  const { t } = useTranslation('shell');
  const queries = useQueryClient();
  const asked = useQuery({ queryKey: ['own', 'factor'], queryFn: askFactor });
  const [doing, setDoing] = useState<Doing>(null);
  const [done, setDone] = useState<'' | 'done' | 'removed'>('');
  const finish = (what: 'done' | 'removed'): void => {
    setDone(what);
    void queries.invalidateQueries({ queryKey: ['own'] });
  };
  const withPassword = async (password: string): Promise<void> => {
    if (doing?.kind === 'add') return setDoing({ kind: 'enrol', challenge: await startEnrolment(password) });
    if (doing?.kind === 'codes') return setDoing({ kind: 'shown', codes: await newRecovery(password) });
    await removeFactor(password);
    setDoing(null);
    finish('removed');
  };
  const withCode = async (challenge: Challenge, code: string): Promise<void> => {
    const codes = await confirmEnrolment(challenge.ticket, tidyCode(code));
    setDoing({ kind: 'shown', codes });
    finish('done');
  };
  const begin = (kind: 'add' | 'remove' | 'codes'): void => {
    setDone('');
    setDoing({ kind });
  };
  const factor = asked.data;
  return (
    <section aria-labelledby="ta-factor">
      <h2 id="ta-factor">{t('account.factor.title')}</h2>
      <div role="status">{done && <p className="ta-done">{t(`account.factor.${done}`)}</p>}</div>
      {asked.isPending && <Skeleton lines={2} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {factor && <State factor={factor} />}
      {factor && doing === null && (
        <div className="ta-acts">
          {!factor.app && (
            <button type="button" className="tk-btn" onClick={() => begin('add')}>
              {t('account.factor.add')}
            </button>
          )}
          {factor.app && (
            <button type="button" className="tk-btn" onClick={() => begin('codes')}>
              {t('account.factor.newCodes')}
            </button>
          )}
          {factor.app && !factor.demanded && (
            <button type="button" className="tk-btn" onClick={() => begin('remove')}>
              {t('account.factor.remove')}
            </button>
          )}
        </div>
      )}
      {doing && (doing.kind === 'add' || doing.kind === 'codes' || doing.kind === 'remove') && (
        <Ask key={doing.kind} id="ta-ask" password label={t('account.factor.ask')} submit={t(doing.kind === 'remove' ? 'account.factor.remove' : 'step.goOn')} wrong={t('account.factor.wrongPassword')} onText={withPassword} />
      )}
      {doing?.kind === 'enrol' && (
        <>
          <EnrolmentKey challenge={doing.challenge} />
          <Ask key="code" id="ta-code" password={false} label={t('step.enrol.field')} submit={t('step.goOn')} wrong={t('step.wrong')} onText={(code) => withCode(doing.challenge, code)} />
        </>
      )}
      {doing && doing.kind !== 'shown' && (
        <button type="button" className="tk-btn tk-quiet" onClick={() => setDoing(null)}>
          {t('cancel')}
        </button>
      )}
      {doing?.kind === 'shown' && <Recovery part codes={doing.codes} onKept={() => setDoing(null)} />}
    </section>
  );
}
