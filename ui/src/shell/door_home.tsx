// The front page: sign in, then the doors that the account has.
import { pages as city } from 'virtual:tk-pages/city';
import { pages as m } from 'virtual:tk-pages/m';
import { pages as me } from 'virtual:tk-pages/me';
import { pages as ops } from 'virtual:tk-pages/ops';
import { pages as work } from 'virtual:tk-pages/work';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../components/icon';
import { openDoor } from './door_root';
import { NetStrip } from './net_strip';
import { kOwnPages } from './own_pages';
import { type DoorName, doorsFor, kDoors, type PageEntry } from './pages';
import { postOf, useSession } from './session';
import { DoorFrame } from './sign_in';
import { SignOut } from './sign_out';

const kIcons: Record<DoorName, IconName> = { work: 'desk', m: 'phone', me: 'person', city: 'city', ops: 'gear' };
const kApps: Record<DoorName, PageEntry[]> = { work, m, me, city, ops };
const kPages = Object.fromEntries(kDoors.map((door) => [door, [...kApps[door], ...kOwnPages[door]]])) as Record<DoorName, PageEntry[]>;

function Home(): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  const doors = doorsFor(session, kPages);
  return (
    <DoorFrame>
      <NetStrip />
      <h1>{t('doors.choose')}</h1>
      <p className="tk-sub">
        {session.display}　{postOf(session, i18n.language)}
      </p>
      {doors.length === 0 && <p className="tk-doors-none">{t('doors.none')}</p>}
      <nav className="tk-doors" aria-label={t('doors.choose')}>
        {doors.map((door) => (
          <Door key={door} href={`/${door}/`} icon={kIcons[door]} name={t(`doors.${door}`)} who={t(`doors.${door}Who`)} />
        ))}
        <Door href="/account/" icon="lock" name={t('doors.account')} who={t('doors.accountWho')} />
      </nav>
      <SignOut />
    </DoorFrame>
  );
}

function Door({ href, icon, name, who }: { href: string; icon: IconName; name: string; who: string }): ReactNode {
  return (
    <a href={href}>
      <Icon name={icon} />
      <span>
        <b>{name}</b>
        <span className="tk-sub">{who}</span>
      </span>
    </a>
  );
}

openDoor('home', <Home />);
