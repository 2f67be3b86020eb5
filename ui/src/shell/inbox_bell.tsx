// The bell in the head of a desk: how many notices are unread, the latest of them, and the switch of the sound. Live, wherever one is.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { Failed, Skeleton } from '../components/states';
import { useSilent } from '../live/sound';
import { useInbox, useInboxLive } from './inbox';
import { NoticeItem } from './notice_row';
import { addressOf, type PageEntry } from './pages';
import { Link } from './router';
import { useSession } from './session';

const kShown = 6;

export function InboxBell({ door, pages }: { door: string; pages: PageEntry[] }): ReactNode {
  const { t } = useTranslation('shell');
  const view = useInbox(true);
  useInboxLive(view);
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (e: PointerEvent): void => {
      if (!root.current?.contains(e.target as Node)) setOpen(false);
    };
    const escape = (e: KeyboardEvent): void => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('keydown', escape, { capture: true });
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('keydown', escape, { capture: true });
    };
  }, [open]);
  const words = view.loaded ? t('inbox.bell', { count: view.total }) : t('inbox.title');
  return (
    <div className="tk-bell" ref={root}>
      <button ref={button} type="button" className="tk-ib" aria-expanded={open} aria-label={words} title={words} onClick={() => setOpen(!open)}>
        <Icon name="bell" size={20} />
        {view.total > 0 && <b aria-hidden="true">{view.total > 99 ? '99+' : view.total}</b>}
      </button>
      <span className="tk-vh" role="status">
        {view.total > 0 ? words : ''}
      </span>
      {open && (
        <section className="tk-bell-panel" aria-label={t('inbox.title')}>
          <header>
            <h2>{t('inbox.title')}</h2>
            <span className="tk-grow" />
            <SoundSwitch />
          </header>
          {view.failure && <Failed failure={view.failure} onRetry={view.retry} />}
          {!view.loaded && !view.failure && <Skeleton lines={3} />}
          {view.loaded && view.rows.length === 0 && <p className="tk-bell-none tk-sub">{t('inbox.none')}</p>}
          <Latest door={door} pages={pages} rows={view.rows} onOpened={() => setOpen(false)} />
          <footer onClick={() => setOpen(false)}>
            <Link to={`/${door}/inbox`}>{t('inbox.all')}</Link>
          </footer>
        </section>
      )}
    </div>
  );
}

function Latest({ door, pages, rows, onOpened }: { door: string; pages: PageEntry[]; rows: ReturnType<typeof useInbox>['rows']; onOpened: () => void }): ReactNode {
  const session = useSession();
  if (rows.length === 0) return null;
  return (
    <ol>
      {rows.slice(0, kShown).map((row) => (
        <NoticeItem key={row.id} row={row} nowMs={Date.now()} addressOf={(ref) => addressOf(session, door, pages, ref)} onOpened={onOpened} />
      ))}
    </ol>
  );
}

/** Silences every page of this browser, or lets it ring again. */
export function SoundSwitch(): ReactNode {
  const { t } = useTranslation('shell');
  const [silent, toggle] = useSilent();
  return (
    <button type="button" className="tk-btn tk-quiet tk-s" aria-pressed={silent} title={t(silent ? 'sound.off' : 'sound.on')} onClick={toggle}>
      <Icon name={silent ? 'silent' : 'sound'} size={18} />
      {t('sound.silent')}
    </button>
  );
}
