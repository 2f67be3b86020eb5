// What the forms of sign-on share: a labelled field with its problem below it, and what went wrong in words.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { useFailureText } from '../components/states';
import type { Failure } from '../fhir/http';

export function useProblemText(): (f: Failure) => string {
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

/** What went wrong with a form as a whole; heard at once by who cannot see it. */
export function FormProblem({ text }: { text?: string }): ReactNode {
  return (
    <div role="alert" className="tk-form-problem">
      {text && (
        <p className="tk-note-ink">
          <Icon name="info" size={20} />
          {text}
        </p>
      )}
    </div>
  );
}
