// On the resident's home: that somebody will contact him, and the way to how far it is. Nothing to follow up, nothing here.
import { useContext, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { DoorContext } from '@tk/shell/door_context';
import { Link } from '@tk/shell/router';
import { useFollowUps } from '../me/follow_ups';
import '../words';
import '../me/me.css';

export default function FollowUpStrip(): ReactNode {
  const { t } = useTranslation('screening');
  const { door } = useContext(DoorContext);
  const open = (useFollowUps().data ?? []).filter((f) => !f.over).length;
  if (open === 0) return null;
  return (
    <Link to={`/${door}/report`} className="se-strip">
      <Icon name="clock" size={32} />
      <b>{t('me.tasks.home', { count: open })}</b>
    </Link>
  );
}
