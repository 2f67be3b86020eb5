// Sign-in with account and password. Errors stand beside the field they are about, in plain words.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Mark } from '../components/icon';
import { useFailureText } from '../components/states';
import { asFailure, type Failure } from '../fhir/http';
import { setLanguage } from './i18n';
import { signIn, takePressed } from './session';

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

interface Problems {
  account?: string;
  password?: string;
  form?: string;
}

function useProblemText(): (f: Failure) => string {
  const { t } = useTranslation('shell');
  const text = useFailureText();
  return (f) => {
    if (f.kind === 'signed-out') return t('signIn.wrong');
    if (f.status === 429) {
      return f.retryAfterMs ? t('signIn.tooMany', { seconds: Math.ceil(f.retryAfterMs / 1000) }) : t('signIn.tooManySoon');
    }
    return text(f);
  };
}

/** `again`: the session ended in the middle of work; the page below keeps what was typed. */
export function SignIn({ again = false }: { again?: boolean }): ReactNode {
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
      await signIn(a, p);
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
    <div className="tk-signin">
      <header className="tk-signin-top">
        <span className="tk-mark">
          <Mark size={32} />
          {t('name')}
        </span>
        <LanguageSwitch />
      </header>
      <main className="tk-signin-card" id="main">
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
          <div role="alert" className="tk-form-problem">
            {problems.form && (
              <p className="tk-note-ink">
                <Icon name="info" size={20} />
                {problems.form}
              </p>
            )}
          </div>
          <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={busy}>
            {busy ? t('signIn.busy') : t('signIn.submit')}
          </button>
        </form>
      </main>
    </div>
  );
}

interface FieldAria {
  id: string;
  className: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

/** A labelled field with its problem below it. */
export function Field(props: { id: string; label: string; problem?: string; hint?: string; children: (aria: FieldAria) => ReactNode }): ReactNode {
  const about = props.problem || props.hint ? props.id + '-d' : undefined;
  return (
    <div className="tk-field">
      <label htmlFor={props.id}>{props.label}</label>
      {props.children({ id: props.id, className: 'tk-input', 'aria-invalid': Boolean(props.problem), 'aria-describedby': about })}
      {about && (
        <p id={about} className={props.problem ? 'tk-problem' : 'tk-sub'}>
          {props.problem ?? props.hint}
        </p>
      )}
    </div>
  );
}
