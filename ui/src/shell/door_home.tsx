// The front page: sign in, then choose a door.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { openDoor } from './door_root';
import { postOf, useSession } from './session';
import { DoorFrame } from './sign_in';
import { SignOut } from './sign_out';

function Home(): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  return (
    <DoorFrame>
      <h1>{t('doors.choose')}</h1>
      <p className="tk-sub">
        {session.display}　{postOf(session, i18n.language)}
      </p>
      <nav className="tk-doors">
        <a href="/work/">
          <Icon name="desk" />
          <span>
            <b>{t('doors.work')}</b>
            <span className="tk-sub">{t('doors.workWho')}</span>
          </span>
        </a>
        <a href="/m/">
          <Icon name="phone" />
          <span>
            <b>{t('doors.m')}</b>
            <span className="tk-sub">{t('doors.mWho')}</span>
          </span>
        </a>
        <a href="/account/">
          <Icon name="lock" />
          <span>
            <b>{t('doors.account')}</b>
            <span className="tk-sub">{t('doors.accountWho')}</span>
          </span>
        </a>
      </nav>
      <SignOut />
    </DoorFrame>
  );
}

openDoor('home', <Home />);
