// The sign-out button, and what happens when the program cannot be told.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { signOut } from './session';

export function SignOut(): ReactNode {
  const { t } = useTranslation('shell');
  const [failed, setFailed] = useState(false);
  return (
    <>
      <button type="button" className="tk-btn tk-quiet" onClick={() => void signOut().catch(() => setFailed(true))}>
        <Icon name="leave" size={20} />
        {t('signOut')}
      </button>
      {failed && (
        <p role="alert" className="tk-problem">
          {t('signOutFailed')}
        </p>
      )}
    </>
  );
}
