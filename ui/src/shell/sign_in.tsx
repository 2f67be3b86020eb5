// Sign-in with account and password. Errors stand beside the field they are about, in plain words.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Mark } from '../components/icon';
import { asFailure } from '../fhir/http';
import { Field, FormProblem, useProblemText } from './field';
import { setLanguage } from './i18n';
import { askWays, type Challenge, enter, type SignedIn, signInStep, takePressed } from './session';
import { Recovery, Step } from './sign_in_step';

export function LanguageSwitch(): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const other = i18n.language === 'en' ? 'zh-CN' : 'en';
  return (
    <button type="button" className="tk-btn tk-quiet" lang={other} onClick={() => setLanguage(other)}>
      <Icon name="language" size={20} />
      {t('language')}
    </button>
  );
}

/** One card under the platform's name: what stands before a door. */
export function DoorFrame({ children }: { children: ReactNode }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <div className="tk-signin">
      <header className="tk-signin-top">
        <span className="tk-mark">
          <Mark size={32} />
          {t('name')}
        </span>
        <LanguageSwitch />
      </header>
      <main className="tk-signin-card" id="main">
        {children}
      </main>
    </div>
  );
}

interface Problems {
  account?: string;
  password?: string;
  form?: string;
}

type Way = { kind: 'password' } | { kind: 'phone' } | { kind: 'step'; challenge: Challenge } | { kind: 'recovery'; done: SignedIn };

/** `again`: the session ended in the middle of work; the page below keeps what was typed. */
export function SignIn({ again = false }: { again?: boolean }): ReactNode {
  const [way, setWay] = useState<Way>({ kind: 'password' });
  const [phone, setPhone] = useState(false);
  useEffect(() => void askWays().then((ways) => setPhone(ways.phone)), []);
  const onDone = (answer: Challenge | SignedIn): void => {
    if ('next' in answer) setWay({ kind: 'step', challenge: answer });
    else if (answer.recovery.length > 0) setWay({ kind: 'recovery', done: answer });
    else enter(answer.session);
  };
  const toPassword = (): void => setWay({ kind: 'password' });
  return (
    <DoorFrame>
      {way.kind === 'password' && <ByPassword again={again} onDone={onDone} onPhone={phone ? () => setWay({ kind: 'phone' }) : undefined} />}
      {way.kind === 'phone' && <ByPhone onDone={onDone} onBack={toPassword} />}
      {way.kind === 'step' && <Step key={way.challenge.ticket} challenge={way.challenge} onDone={onDone} onBack={toPassword} />}
      {way.kind === 'recovery' && <Recovery codes={way.done.recovery} onKept={() => enter(way.done.session)} />}
    </DoorFrame>
  );
}

function ByPassword({ again, onDone, onPhone }: { again: boolean; onDone: (answer: Challenge | SignedIn) => void; onPhone?: () => void }): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const account = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);

  const submit = async (): Promise<void> => {
    if (busy) return;
    const a = account.current?.value.trim() ?? '';
    const p = password.current?.value ?? '';
    const found: Problems = {};
    if (!a) found.account = t('signIn.needAccount');
    if (!p) found.password = t('signIn.needPassword');
    setProblems(found);
    if (found.account) return account.current?.focus();
    if (found.password) return password.current?.focus();
    setBusy(true);
    try {
      onDone(await signInStep('sign-in', { account: a, password: p }));
    } catch (failure) {
      setBusy(false);
      setProblems({ form: problemText(asFailure(failure)) });
      password.current?.focus();
      password.current?.select();
    }
  };

  const onSubmit = (e: FormEvent): void => {
    e.preventDefault();
    void submit();
  };
  useEffect(() => {
    if (takePressed()) void submit();
    // Once, when the form that came with the page begins to work.
  }, []);

  return (
    <>
      <h1>{again ? t('signIn.again') : t('signIn.title')}</h1>
      <p className="tk-sub">{again ? t('signIn.kept') : t('tagline')}</p>
      {/* "dialog" outside a dialog sends nothing: what is typed never gets into a URL, even if no script comes. */}
      <form noValidate method="dialog" onSubmit={onSubmit}>
        <Field id="tk-account" label={t('signIn.account')} problem={problems.account}>
          {(aria) => <input ref={account} {...aria} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus />}
        </Field>
        <Field id="tk-password" label={t('signIn.password')} problem={problems.password}>
          {(aria) => (
            <span className="tk-with-btn">
              <input ref={password} {...aria} name="password" type={shown ? 'text' : 'password'} autoComplete="current-password" />
              <button type="button" className="tk-btn tk-quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
                {shown ? t('signIn.hide') : t('signIn.show')}
              </button>
            </span>
          )}
        </Field>
        <FormProblem text={problems.form} />
        <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
          {busy ? t('signIn.busy') : t('signIn.submit')}
        </button>
      </form>
      {onPhone && (
        <button type="button" className="tk-btn tk-quiet tk-other-way" onClick={onPhone}>
          <Icon name="phone" size={20} />
          {t('signIn.byPhone')}
        </button>
      )}
    </>
  );
}

/** A resident's phone in place of a password. */
function ByPhone({ onDone, onBack }: { onDone: (answer: Challenge | SignedIn) => void; onBack: () => void }): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const number = useRef<HTMLInputElement>(null);
  const submit = async (): Promise<void> => {
    const phone = number.current?.value.trim() ?? '';
    if (busy) return;
    if (!phone) {
      setProblem(t('signIn.needPhone'));
      return number.current?.focus();
    }
    setBusy(true);
    try {
      onDone(await signInStep('phone', { phone }));
    } catch (e) {
      const failure = asFailure(e);
      setBusy(false);
      setProblem(failure.kind === 'refused' ? t('signIn.badPhone') : problemText(failure));
      number.current?.focus();
    }
  };
  return (
    <>
      <h1>{t('signIn.byPhone')}</h1>
      <p className="tk-sub">{t('signIn.byPhoneWho')}</p>
      <form
        noValidate
        method="dialog"
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <Field id="tk-phone" label={t('signIn.phone')} problem={problem}>
          {(aria) => <input ref={number} {...aria} type="tel" inputMode="tel" autoComplete="tel" autoFocus />}
        </Field>
        <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
          {t('signIn.sendCode')}
        </button>
      </form>
      <button type="button" className="tk-btn tk-quiet tk-other-way" onClick={onBack}>
        <Icon name="back" size={20} />
        {t('signIn.byPassword')}
      </button>
    </>
  );
}
