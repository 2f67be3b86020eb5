// A phone's door: pages in one column, and a home page with who, where, what was told, what can be done, and the ways out.
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { Failed, Skeleton } from '../components/states';
import { useAreaName } from './area';
import { leafOf } from './day';
import { DoorContext } from './door_context';
import { Pages } from './door_root';
import { Help } from './help';
import { titleIn } from './i18n';
import { useInbox, useInboxLive } from './inbox';
import { LiveSign } from './live_sign';
import { NetStrip } from './net_strip';
import { NoticeItem } from './notice_row';
import { addressOf, type DoorName, type PageEntry, usable } from './pages';
import { Link } from './router';
import { postOf, useSession } from './session';
import { LanguageSwitch } from './sign_in';
import { SignOut } from './sign_out';
import './inbox.css';
import './phone.css';

const kNoticesShown = 5;

interface PhoneProps {
  door: DoorName;
  pages: PageEntry[];
  bar?: ReactNode; // in the bar at the top, of the home page as well
  top?: ReactNode; // on the home page, above what was told
}

export function Phone({ door, pages, opensHome, bar, top }: PhoneProps & { opensHome: boolean }): ReactNode {
  const context = useMemo(() => ({ door, pages }), [door, pages]);
  return (
    <DoorContext value={context}>
      <NetStrip />
      <Pages door={door} pages={pages} home={<Home door={door} pages={pages} bar={bar} top={top} />} opensHome={opensHome} frame={(entry, page) => <Framed door={door} pages={pages} entry={entry} page={page} bar={bar} />} />
    </DoorContext>
  );
}

/** Pages that draw no bar by themselves get the door's: the way back, the page's name, its help. Those of the tab bar keep it below. */
function Framed({ door, pages, entry, page, bar }: { door: DoorName; pages: PageEntry[]; entry: PageEntry; page: ReactNode; bar: ReactNode }): ReactNode {
  const { t } = useTranslation('shell');
  // What the door is for has the whole screen.
  const tabs = entry.tab && !entry.main && <Tabs door={door} pages={pages} at={entry.path} />;
  if (entry.ownBar && !tabs) return page;
  if (entry.ownBar) {
    return (
      <div className="tp">
        {page}
        {tabs}
      </div>
    );
  }
  return (
    <div className="tp">
      <header className="tp-bar">
        <Link to={`/${door}/home`} className="tk-ib" label={t('toDoor')}>
          <Icon name="back" />
        </Link>
        <b className="tk-grow tk-cut">{titleIn(entry.title)}</b>
        {bar}
        <Help pages={[entry]} />
      </header>
      {page}
      {tabs}
    </div>
  );
}

function Home({ door, pages, bar, top }: PhoneProps): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  const area = useAreaName();
  const shown = usable(session, pages);
  const leaf = leafOf(Date.now(), i18n.language);
  return (
    <div className="tp tp-home">
      <header className="tp-leaf">
        <b className="tp-day" aria-hidden="true">
          {leaf.day}
        </b>
        <p className="tk-grow">
          <b>
            <span className="tk-vh">{leaf.day} </span>
            {leaf.month}
          </b>
          <span className="tk-sub">{leaf.lunar}</span>
        </p>
        {bar}
        <LanguageSwitch />
      </header>
      <main id="main" className="tp-main" tabIndex={-1}>
        <h1>{t(`doors.${door}`)}</h1>
        <p className="tp-who">
          <b>{session.display}</b> <span className="tk-sub">{[postOf(session, i18n.language), door === 'm' ? area : ''].filter(Boolean).join('　')}</span>
        </p>
        {top}
        <Told door={door} pages={pages} />
        <h2 className="tk-vh">{t('phone.services')}</h2>
        {shown.length === 0 && <p className="tp-none">{t('phone.none')}</p>}
        <ul className="tp-grid">
          {shown.map((page) => (
            <li key={page.path}>
              <Link to={`/${door}${page.path}`}>
                <Icon name={page.icon ?? 'shield'} size={32} />
                {titleIn(page.title)}
              </Link>
            </li>
          ))}
        </ul>
        <div className="tp-ways">
          <Help pages={shown} compact={false} />
          <a className="tk-btn tk-quiet" href="/">
            <Icon name="back" size={20} />
            {t('doors.others')}
          </a>
          <SignOut />
        </div>
      </main>
      <Tabs door={door} pages={pages} at="/home" />
    </div>
  );
}

/** What the platform has told: unread notices, the latest first. */
function Told({ door, pages }: PhoneProps): ReactNode {
  const { t } = useTranslation('shell');
  const session = useSession();
  const view = useInbox(true);
  useInboxLive(view);
  return (
    <section className="tp-told" aria-labelledby="tp-told">
      <header>
        <h2 id="tp-told">{view.loaded ? t('phone.told', { count: view.total }) : t('inbox.title')}</h2>
        <LiveSign />
      </header>
      {view.failure && <Failed failure={view.failure} onRetry={view.retry} />}
      {!view.loaded && !view.failure && <Skeleton lines={2} />}
      {view.loaded && view.rows.length === 0 && <p className="tk-sub">{t('inbox.none')}</p>}
      {view.rows.length > 0 && (
        <ol className="tk-notices">
          {view.rows.slice(0, kNoticesShown).map((row) => (
            <NoticeItem key={row.id} row={row} nowMs={Date.now()} addressOf={(ref) => addressOf(session, door, pages, ref)} />
          ))}
        </ol>
      )}
    </section>
  );
}

/** The places at the thumb: home, what has a cell of its own, and in the middle what the door is for. */
function Tabs({ door, pages, at }: { door: DoorName; pages: PageEntry[]; at: string }): ReactNode {
  const { t } = useTranslation('shell');
  const session = useSession();
  const shown = usable(session, pages);
  const main = shown.find((p) => p.main);
  const cells = shown.filter((p) => p.tab && !p.main);
  const before = main ? Math.ceil(cells.length / 2) : cells.length;
  const cell = (page: PageEntry): ReactNode => (
    <Link key={page.path} to={`/${door}${page.path}`} current={page.path === at}>
      <Icon name={page.icon ?? 'shield'} />
      {titleIn(page.tab ?? page.title)}
    </Link>
  );
  return (
    <nav className="tp-tabs" aria-label={t('phone.tabs')}>
      <Link to={`/${door}/home`} current={at === '/home'}>
        <Icon name="home" />
        {t(door === 'm' ? 'phone.today' : 'phone.home')}
      </Link>
      {cells.slice(0, before).map(cell)}
      {main && (
        <Link to={`/${door}${main.path}`} className="tp-main-tab">
          <Icon name={main.icon ?? 'shield'} size={32} />
          {titleIn(main.tab ?? main.title)}
        </Link>
      )}
      {cells.slice(before).map(cell)}
      <a href="/account/">
        <Icon name="person" />
        {t('phone.mine')}
      </a>
    </nav>
  );
}
