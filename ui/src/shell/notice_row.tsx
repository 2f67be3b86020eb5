// One notice in a list: its severity as shape and word, what it says, when; it opens at the record that it is about.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Severity } from '../components/icon';
import { useFailureText } from '../components/states';
import type { Failure } from '../fhir/http';
import { momentOf } from '../fhir/time';
import { useMarkRead } from './inbox';
import type { NoticeRow } from './notice';
import { go } from './router';

/** `addressOf`: where a record is shown; null if nowhere behind this door. */
export function NoticeItem({ row, nowMs, addressOf, onOpened }: { row: NoticeRow; nowMs: number; addressOf: (reference: string) => string | null; onOpened?: () => void }): ReactNode {
  const { t } = useTranslation('shell');
  const failureText = useFailureText();
  const markRead = useMarkRead();
  const [failure, setFailure] = useState<Failure | null>(null);
  const address = row.about.map(addressOf).find((a) => a !== null) ?? null;
  const open = (): void => {
    if (row.unread) void markRead(row.id);
    if (address === null) return;
    onOpened?.();
    go(address);
  };
  const words = { today: t('today'), yesterday: t('yesterday') };
  return (
    <li className="tk-notice" data-unread={row.unread}>
      <span className="tk-notice-level">
        <Severity level={row.level} size={20} />
        <span>{t(`inbox.level.${row.level}`)}</span>
      </span>
      <div className="tk-grow">
        <p className="tk-notice-t">
          {address === null ? (
            <b>{row.title}</b>
          ) : (
            <a
              href={address}
              onClick={(e) => {
                if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
                e.preventDefault();
                open();
              }}
            >
              {row.title}
            </a>
          )}
          {row.unread && <span className="tk-vh">{t('inbox.unreadOne')}</span>}
        </p>
        {row.text && <p>{row.text}</p>}
        <p className="tk-sub">{row.sentMs !== null && momentOf(row.sentMs, nowMs, words)}</p>
        {failure && (
          <p role="alert" className="tk-problem">
            {failureText(failure)}
          </p>
        )}
      </div>
      {row.unread && (
        <button type="button" className="tk-btn tk-quiet tk-s" aria-label={t('inbox.markOne', { title: row.title })} onClick={() => void markRead(row.id).then(setFailure)}>
          {t('inbox.mark')}
        </button>
      )}
    </li>
  );
}
