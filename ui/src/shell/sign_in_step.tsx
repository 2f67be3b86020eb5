// What a sign-in asks after the password or the phone: a code, the enrolment of an authenticator app, a new password; and the recovery codes, once.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { asFailure, type Failure } from '../fhir/http';
import { Field, FormProblem, useProblemText } from './field';
import { type Challenge, type SignedIn, signInStep } from './session';

/** A number of six digits, or a recovery code; typed with or without blanks. */
export function tidyCode(text: string): string {
  return text.replace(/\s+/g, '');
}

/** In words: a code that was wrong is no wrong password. */
function useStepProblem(): (f: Failure) => string {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  return (f) => (f.kind === 'signed-out' || f.kind === 'forbidden' ? t('step.wrong') : problemText(f));
}

export function Qr({ svg, label }: { svg: string; label: string }): ReactNode {
  return <img className="tk-qr" src={'data:image/svg+xml,' + encodeURIComponent(svg)} alt={label} />;
}

/** The key of an app that is being enrolled: to scan, or to type. */
export function EnrolmentKey({ challenge }: { challenge: Challenge }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <div className="tk-enrol">
      {challenge.qr && <Qr svg={challenge.qr} label={t('step.qr')} />}
      <p className="tk-sub">
        {t('step.key')} <code className="tk-key">{challenge.secret?.replace(/(.{4})(?=.)/g, '$1 ')}</code>
      </p>
    </div>
  );
}

/** Counts down to the moment when another text may be asked for. */
function useWait(seconds: number): number {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft((n) => Math.max(0, n - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return left;
}

function Again({ challenge, onDone }: { challenge: Challenge; onDone: (answer: Challenge | SignedIn) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const left = useWait(challenge.again_seconds ?? 60);
  const [problem, setProblem] = useState<string>();
  const again = async (): Promise<void> => {
    if (left > 0) return;
    try {
      onDone(await signInStep('code-again', { ticket: challenge.ticket }));
    } catch (e) {
      setProblem(problemText(asFailure(e)));
    }
  };
  return (
    <>
      <button type="button" className="tk-btn tk-quiet tk-other-way" aria-disabled={left > 0} onClick={() => void again()}>
        <Icon name="again" size={20} />
        {left > 0 ? t('step.againIn', { seconds: left }) : t('step.again')}
      </button>
      <FormProblem text={problem} />
    </>
  );
}

export function Step({ challenge, onDone, onBack }: { challenge: Challenge; onDone: (answer: Challenge | SignedIn) => void; onBack: () => void }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <>
      <h1>{t(`step.${challenge.next}.title`)}</h1>
      <p className="tk-sub">{t(`step.${challenge.next}.told`)}</p>
      {challenge.next === 'enrol' && <EnrolmentKey challenge={challenge} />}
      {challenge.next === 'password' ? <NewPassword challenge={challenge} onDone={onDone} /> : <CodeForm challenge={challenge} onDone={onDone} />}
      {challenge.next === 'sms' && <Again challenge={challenge} onDone={onDone} />}
      <button type="button" className="tk-btn tk-quiet tk-other-way" onClick={onBack}>
        <Icon name="back" size={20} />
        {t('step.back')}
      </button>
    </>
  );
}

function CodeForm({ challenge, onDone }: { challenge: Challenge; onDone: (answer: Challenge | SignedIn) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const stepProblem = useStepProblem();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    const code = tidyCode(field.current?.value ?? '');
    if (busy) return;
    if (!code) {
      setProblem(t('step.needCode'));
      return field.current?.focus();
    }
    setBusy(true);
    try {
      onDone(await signInStep(challenge.next === 'enrol' ? 'enrol' : 'code', { ticket: challenge.ticket, code }));
    } catch (failure) {
      setBusy(false);
      setProblem(stepProblem(asFailure(failure)));
      field.current?.focus();
      field.current?.select();
    }
  };
  return (
    <form noValidate method="dialog" onSubmit={(e) => void submit(e)}>
      <Field id="tk-code" label={t(`step.${challenge.next}.field`)} problem={problem}>
        {(aria) => <input ref={field} {...aria} className="tk-input tk-code" autoComplete="one-time-code" inputMode={challenge.next === 'code' ? 'text' : 'numeric'} autoCapitalize="none" spellCheck={false} autoFocus />}
      </Field>
      <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
        {busy ? t('signIn.busy') : t('step.goOn')}
      </button>
    </form>
  );
}

function NewPassword({ challenge, onDone }: { challenge: Challenge; onDone: (answer: Challenge | SignedIn) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async (password: string): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      onDone(await signInStep('password', { ticket: challenge.ticket, password }));
    } catch (e) {
      const failure = asFailure(e);
      setBusy(false);
      setProblem(failure.kind === 'refused' ? t('password.refused') : failure.kind === 'signed-out' ? t('step.over') : problemText(failure));
    }
  };
  return <PasswordForm busy={busy} problem={problem} submitText={t('step.goOn')} onSubmit={(password) => void submit(password)} />;
}

/** A new password, twice; and the old one, where `old` asks for it. */
export function PasswordForm(props: { busy: boolean; problem?: string; submitText: string; old?: boolean; onSubmit: (password: string, old: string) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const [wrong, setWrong] = useState<'old' | 'short' | 'differ' | null>(null);
  const old = useRef<HTMLInputElement>(null);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  const submit = (e: FormEvent): void => {
    e.preventDefault();
    const password = first.current?.value ?? '';
    const found = props.old && !old.current?.value ? 'old' : [...password].length < 10 ? 'short' : password !== second.current?.value ? 'differ' : null;
    setWrong(found);
    if (found) return (found === 'old' ? old : found === 'short' ? first : second).current?.focus();
    props.onSubmit(password, old.current?.value ?? '');
  };
  return (
    <form noValidate method="dialog" onSubmit={submit}>
      {props.old && (
        <Field id="tk-old" label={t('password.old')} problem={wrong === 'old' ? t('signIn.needPassword') : undefined}>
          {(aria) => <input ref={old} {...aria} type="password" autoComplete="current-password" />}
        </Field>
      )}
      <Field id="tk-new" label={t('password.new')} hint={t('password.hint')} problem={wrong === 'short' ? t('password.short') : undefined}>
        {(aria) => <input ref={first} {...aria} type="password" autoComplete="new-password" autoFocus={!props.old} />}
      </Field>
      <Field id="tk-new-2" label={t('password.again')} problem={wrong === 'differ' ? t('password.differ') : undefined}>
        {(aria) => <input ref={second} {...aria} type="password" autoComplete="new-password" />}
      </Field>
      <FormProblem text={props.problem} />
      <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={props.busy}>
        {props.submitText}
      </button>
    </form>
  );
}

/** Shown once: whoever goes on without having kept them has none. */
export function Recovery({ codes, onKept, part = false }: { codes: string[]; onKept: () => void; part?: boolean }): ReactNode {
  const { t } = useTranslation('shell');
  const Title = part ? 'h3' : 'h1'; // a part of a page, or all that the card holds
  return (
    <>
      <Title>{t('recovery.title')}</Title>
      <p className="tk-sub">{t('recovery.told')}</p>
      <ol className="tk-codes">
        {codes.map((code) => (
          <li key={code}>
            <code className="tk-key">{code}</code>
          </li>
        ))}
      </ol>
      <button type="button" className={part ? 'tk-btn tk-pri' : 'tk-btn tk-pri tk-big'} onClick={onKept}>
        {t('recovery.kept')}
      </button>
    </>
  );
}
