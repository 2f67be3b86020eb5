// The page of one's own sign-on: /account. Password, second factor, and where one is signed in.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Factor } from '../account/factor';
import { Password } from '../account/password';
import { Sessions } from '../account/sessions';
import { Icon, Mark } from '../components/icon';
import { openDoor } from './door_root';
import { postOf, useSession } from './session';
import { LanguageSwitch } from './sign_in';
import { SignOut } from './sign_out';
import '../account/account.css';

function Account(): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const session = useSession();
  return (
    <div className="tk-signin">
      <header className="tk-signin-top">
        <a className="tk-mark" href="/">
          <Mark size={32} />
          {t('name')}
        </a>
        <LanguageSwitch />
      </header>
      <main className="tk-signin-card ta" id="main" tabIndex={-1}>
        <h1>{t('account.title')}</h1>
        <p className="tk-sub">
          {session.display}　{postOf(session, i18n.language)}
        </p>
        <Password />
        <Factor />
        <Sessions />
        <nav className="ta-ways" aria-label={t('account.doors')}>
          <a className="tk-btn" href="/">
            <Icon name="back" size={20} />
            {t('account.doors')}
          </a>
          <SignOut />
        </nav>
      </main>
    </div>
  );
}

openDoor('account', <Account />);
