// One place where an account is signed in, or one program that it has let act for it.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { momentOf, parseTime } from '../fhir/time';
import type { OwnSession } from './own';
import './session_row.css';

export function SessionRow({ session, onEnd }: { session: OwnSession; onEnd: (() => void) | null }): ReactNode {
  const { t } = useTranslation('shell');
  const name = session.program ? t('account.sessions.program', { name: session.program }) : session.device || t('account.sessions.unknown');
  const at = (text: string): string => momentOf(parseTime(text) ?? 0, Date.now(), { today: t('today'), yesterday: t('yesterday') });
  return (
    <li>
      <div className="tk-grow">
        <b>{name}</b>
        {session.this && <span className="ta-this">{t('account.sessions.this')}</span>}
        <p className="tk-sub">
          {session.place && t(`account.sessions.${session.place}`) + '　'}
          {t('account.sessions.begun', { time: at(session.begun) })}
          {'　'}
          {t('account.sessions.seen', { time: at(session.seen) })}
        </p>
      </div>
      {onEnd && (
        <button type="button" className="tk-btn" aria-label={t('account.sessions.endOne', { device: name })} onClick={onEnd}>
          {t('account.sessions.end')}
        </button>
      )}
    </li>
  );
}
