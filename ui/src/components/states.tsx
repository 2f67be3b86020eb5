// What a page shows when it has nothing to show: loading, empty, failed. Each says what is going on and what to do.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../fhir/http';
import { Icon, type IconName } from './icon';

/** The failure in the page's own words; the program's, which are English, only where they tell what to mend. */
export function useFailureText(): (f: Failure) => string {
  const { t } = useTranslation('shell');
  return (f) => {
    return f.kind === 'refused' && f.text ? t('failure.refusedSaid', { text: f.text }) : t(`failure.${f.kind}`);
  };
}

export function Empty(props: { icon: IconName; title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="tk-empty">
      <Icon name={props.icon} size={32} />
      <p className="tk-empty-t">{props.title}</p>
      {props.children}
    </div>
  );
}

/** Asking again helps where the answer may be another one. */
export function Failed(props: { failure: Failure; onRetry?: () => void }): ReactNode {
  const { t } = useTranslation('shell');
  const text = useFailureText();
  return (
    <div className="tk-empty" role="alert">
      <Icon name={props.failure.kind === 'network' ? 'offline' : 'info'} size={32} />
      <p className="tk-empty-t">{text(props.failure)}</p>
      {props.onRetry && props.failure.kind !== 'missing' && props.failure.kind !== 'forbidden' && (
        <button type="button" className="tk-btn" onClick={props.onRetry}>
          <Icon name="again" size={20} />
          {t('again')}
        </button>
      )}
    </div>
  );
}

/** Grey bars in the place of what is coming; screen readers hear one word. */
export function Skeleton(props: { lines: number }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <div className="tk-skel" role="status" aria-label={t('loading')}>
      {Array.from({ length: props.lines }, (_, i) => (
        <i key={i} className={i % 3 === 2 ? 'short' : undefined} />
      ))}
    </div>
  );
}
