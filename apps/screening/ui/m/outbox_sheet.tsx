// What waits on this device, item by item: why, and what can be done about it.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { Icon } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { Failure } from '@tk/fhir/http';
import { clockOf } from '@tk/fhir/time';
import type { Outbox, OutboxEntry, OutboxView } from '@tk/outbox/outbox';
import { postOf, useSession } from '@tk/shell/session';
import { LanguageSwitch } from '@tk/shell/sign_in';
import { SignOut } from '@tk/shell/sign_out';

export function OutboxSheet(props: { outbox: Outbox; view: OutboxView; onClose: () => void }): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const failureText = useFailureText();
  const session = useSession();
  const { view, outbox } = props;
  return (
    <Dialog sheet title={t('m.box.title')} onClose={props.onClose}>
      <div className="sm-sheet">
        {view.entries.length === 0 && <p>{t('m.box.empty')}</p>}
        {view.failure && view.entries.length > 0 && <p>{failureText(view.failure)}</p>}
        {!view.lasting && <p className="sm-b">{t('m.box.notLasting')}</p>}
        {view.othersCount > 0 && <p>{t('m.box.others', { count: view.othersCount })}</p>}
        <ul className="sm-box">
          {view.entries.map((e) => (
            <Waiting key={e.key} entry={e} outbox={outbox} />
          ))}
        </ul>
        {view.entries.some((e) => e.problem === null) && (
          <button type="button" className="tk-btn tk-pri tk-big" aria-disabled={view.sending} onClick={() => void outbox.flush()}>
            {view.sending ? t('m.box.sending') : t('m.box.send')}
          </button>
        )}
        <p className="sm-q sm-boxwho">
          {session.display}　{postOf(session, i18n.language)}
        </p>
        <div className="sm-row sm-boxfoot">
          <LanguageSwitch />
          <SignOut />
        </div>
      </div>
    </Dialog>
  );
}

function Waiting({ entry, outbox }: { entry: OutboxEntry; outbox: Outbox }): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const [sure, setSure] = useState(false);
  return (
    <li>
      <div className="sm-row">
        <Icon name={entry.problem ? 'info' : 'outbox'} size={20} />
        <b className="tk-grow tk-cut">{entry.label}</b>
        <span className="sm-q">{clockOf(entry.createdMs)}</span>
      </div>
      {entry.problem !== null && (
        <>
          <p>{failureText(new Failure(entry.problemKind ?? 'refused', 0, entry.problem, ''))}</p>
          {sure ? (
            <div className="sm-row">
              <button type="button" className="tk-btn" onClick={() => void outbox.discard(entry.key)}>
                {t('m.box.deleteSure')}
              </button>
              <button type="button" className="tk-btn tk-quiet" onClick={() => setSure(false)}>
                {t('m.box.keep')}
              </button>
            </div>
          ) : (
            <button type="button" className="tk-btn" onClick={() => setSure(true)}>
              {t('m.box.delete')}
            </button>
          )}
        </>
      )}
    </li>
  );
}
