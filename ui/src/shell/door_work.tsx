// The desk door: /work. Top bar with unit, live state and account; the pages of the apps at the left.
import { pages as appPages } from 'virtual:tk-pages/work';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Mark } from '../components/icon';
import { openDoor, type PageEntry, Pages, pagesFor, warmPage } from './door_root';
import { titleIn } from './i18n';
import { LiveSlot } from './live_slot';
import { Link, usePath } from './router';
import { postOf, useSession } from './session';
import { LanguageSwitch } from './sign_in';
import { SignOut } from './sign_out';
import './work.css';

// The platform's own pages stand below those of the apps.
const pages: PageEntry[] = [...appPages, { app: 'shell', title: { 'zh-CN': '账号', en: 'Accounts' }, path: '/accounts', call: 'accounts', load: () => import('../accounts/page') }];

function Desk(): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  const path = usePath();
  return (
    <div className="tk-desk">
      <a className="tk-skip" href="#main">
        {t('skip')}
      </a>
      <header className="tk-desk-top">
        <a className="tk-mark" href="/">
          <Mark />
          {t('name')}
        </a>
        <span className="tk-desk-door">{t('doors.work')}</span>
        <span className="tk-grow tk-cut">{session.area}</span>
        <LiveSlot />
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
      <nav className="tk-desk-nav" aria-label={t('nav')}>
        <h2>{t('nav')}</h2>
        {pagesFor(session, pages).map((p) => (
          <Link key={p.path} to={`/work${p.path}`} current={path.startsWith(`/work${p.path}`)}>
            <Icon name={p.app === 'shell' ? 'lock' : 'shield'} size={16} />
            <span>{titleIn(p.title)}</span>
          </Link>
        ))}
      </nav>
      <Pages door="work" pages={pages} />
    </div>
  );
}

warmPage('work', pages);
openDoor('work', <Desk />);
