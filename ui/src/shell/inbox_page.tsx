// All notices: those unread, and those of before. The URL holds which.
import { useContext, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty, Failed, Skeleton } from '../components/states';
import { useListKeys } from '../components/list_keys';
import { DoorContext } from './door_context';
import { useInbox } from './inbox';
import { SoundSwitch } from './inbox_bell';
import { NoticeItem } from './notice_row';
import { addressOf } from './pages';
import { useParam } from './router';
import { useSession } from './session';
import './inbox.css';

const kLists = ['unread', 'all'] as const;

export default function InboxPage(): ReactNode {
  const { t } = useTranslation('shell');
  const session = useSession();
  const { door, pages } = useContext(DoorContext);
  const [asked, setList] = useParam('list', 'unread');
  const list = kLists.find((one) => one === asked) ?? 'unread';
  const unread = useInbox(true);
  const all = useInbox(false);
  const view = list === 'unread' ? unread : all;
  useListKeys({ rows: '.tk-notice a, .tk-notice button', table: '.tk-notices', onClose: () => undefined });
  return (
    <main id="main" className="tk-inbox" tabIndex={-1}>
      <div className="tk-inbox-head">
        <h1>{t('inbox.title')}</h1>
        <div role="group" aria-label={t('inbox.which')}>
          {kLists.map((one) => (
            <button key={one} type="button" className="tk-btn tk-quiet" aria-pressed={one === list} onClick={() => setList(one)}>
              {t(`inbox.list.${one}`)} <b>{(one === 'unread' ? unread : all).loaded ? (one === 'unread' ? unread : all).total : '–'}</b>
            </button>
          ))}
        </div>
        <span className="tk-grow" />
        <SoundSwitch />
      </div>
      {view.failure && <Failed failure={view.failure} onRetry={view.retry} />}
      {!view.loaded && !view.failure && <Skeleton lines={6} />}
      {view.loaded && view.rows.length === 0 && (
        <Empty icon="bell" title={t(`inbox.empty.${list}`)}>
          <p className="tk-sub">{t('inbox.emptyHint')}</p>
        </Empty>
      )}
      {view.rows.length > 0 && (
        <ol className="tk-notices">
          {view.rows.map((row) => (
            <NoticeItem key={row.id} row={row} nowMs={Date.now()} addressOf={(ref) => addressOf(session, door, pages, ref)} />
          ))}
        </ol>
      )}
      {view.total > view.rows.length && <p className="tk-sub tk-inbox-more">{t('inbox.more', { shown: view.rows.length, count: view.total })}</p>}
    </main>
  );
}
