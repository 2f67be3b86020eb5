// The pages of the command: for accounts of the whole city whose post has the figures; to others it says so.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty } from '@tk/components/states';
import { may, postOf, useSession } from '@tk/shell/session';
import '../words';

export function ForCommand({ children }: { children: ReactNode }): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const session = useSession();
  if (session.area === '' && may(session, 'call', 'screening-daily')) return children;
  return (
    <main id="main" className="sc" tabIndex={-1}>
      <Empty icon="lock" title={t('c.mayNot')}>
        <p className="tk-sub">{t('c.mayNotHint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}
