// What a page behind /ops says to a post that it is not for.
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty } from '../components/states';
import { may, postOf, useSession } from '../shell/session';
import './words';

export function ForThose({ call, title, children }: { call: string; title: string; children: ReactNode }): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const session = useSession();
  if (may(session, 'call', call)) return children;
  return (
    <main id="main" tabIndex={-1}>
      <h1 className="tk-vh">{t(title)}</h1>
      <Empty icon="lock" title={t('mayNot.title')}>
        <p className="tk-sub">{t('mayNot.hint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}
