// A desk's door: the head with who, where and how fresh, the door's pages at the left, the work in the middle.
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Mark } from '../components/icon';
import { useAreaName } from './area';
import { DoorContext } from './door_context';
import { Pages } from './door_root';
import { Help, type Key } from './help';
import { titleIn } from './i18n';
import { InboxBell } from './inbox_bell';
import { LiveSign } from './live_sign';
import { NetStrip } from './net_strip';
import { entryAt, type DoorName, type PageEntry, usable } from './pages';
import { Link, usePath } from './router';
import { postOf, useSession } from './session';
import { LanguageSwitch } from './sign_in';
import { SignOut } from './sign_out';
import './desk.css';
import './inbox.css';

interface DeskProps {
  door: DoorName;
  pages: PageEntry[];
  search?: ReactNode; // in the head
  strip?: ReactNode; // between the head and the page, wherever one is
  keys?: Key[]; // that hold on every page of the door
}

export function Desk({ door, pages, search, strip, keys = [] }: DeskProps): ReactNode {
  const { t } = useTranslation('shell');
  const context = useMemo(() => ({ door, pages }), [door, pages]);
  return (
    <DoorContext value={context}>
      <div className="tk-desk">
        <a className="tk-skip" href="#main">
          {t('skip')}
        </a>
        <Head door={door} pages={pages} search={search} keys={keys} />
        <Nav door={door} pages={pages} />
        <div className="tk-desk-main">
          <NetStrip />
          {strip}
          <Pages door={door} pages={pages} />
        </div>
      </div>
    </DoorContext>
  );
}

function Head({ door, pages, search, keys = [] }: DeskProps): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  const area = useAreaName();
  const here = entryAt(door, pages, usePath());
  return (
    <header className="tk-desk-top">
      <a className="tk-mark" href="/" title={t('doors.choose')}>
        <Mark />
        {t('name')}
      </a>
      <span className="tk-desk-door">{t(`doors.${door}`)}</span>
      <span className="tk-desk-area tk-cut">{area}</span>
      <span className="tk-grow" />
      {search}
      <LiveSign />
      <InboxBell door={door} pages={pages} />
      <Help pages={here ? [here] : []} keys={keys} />
      <LanguageSwitch />
      <a className="tk-desk-who" href="/account/" title={`${session.display} ${postOf(session, i18n.language)} · ${t('doors.account')}`}>
        <span className="tk-av" aria-hidden="true">
          {[...session.display][0]}
        </span>
        <span className="tk-cut">{session.display}</span>
        <span className="tk-sub tk-cut">{postOf(session, i18n.language)}</span>
      </a>
      <SignOut />
    </header>
  );
}

function Nav({ door, pages }: DeskProps): ReactNode {
  const { t } = useTranslation('shell');
  const session = useSession();
  const path = usePath();
  const shown = usable(session, pages);
  const groups = [shown.filter((p) => p.app !== 'shell'), shown.filter((p) => p.app === 'shell')].filter((g) => g.length > 0);
  return (
    <nav className="tk-desk-nav" aria-label={t('nav')}>
      {groups.map((group) => (
        <div key={group[0]?.path}>
          {group.map((p) => (
            <Link key={p.path} to={`/${door}${p.path}`} current={path === `/${door}${p.path}` || path.startsWith(`/${door}${p.path}/`)}>
              <Icon name={p.icon ?? 'shield'} size={16} />
              <span>{titleIn(p.title)}</span>
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
}
