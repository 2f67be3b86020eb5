// On the resident's home: my colour of now, why, until when, and the way to the whole code.
import { useContext, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Skeleton } from '@tk/components/states';
import { parseTime } from '@tk/fhir/time';
import { DoorContext } from '@tk/shell/door_context';
import { Link } from '@tk/shell/router';
import { reasonKey } from '../mine';
import { Shape } from '../shape';
import { useMine } from '../use_mine';
import '../words';
import './home.css';

export default function CodeStrip(): ReactNode {
  const { t, i18n } = useTranslation('health-code');
  const { door } = useContext(DoorContext);
  const { mine, fresh, failure } = useMine();
  const to = `/${door}/health-code`;
  if (mine === null && failure === null) return <Skeleton lines={2} />;
  if (mine === null || !fresh) {
    return (
      <Link to={to} className="hd-strip">
        <Icon name="offline" size={40} />
        <span className="tk-grow">{t('home.stale')}</span>
        <span className="hd-go">{t('code.again')}</span>
      </Link>
    );
  }
  const worst = mine.reasons.find((r) => r.colour === mine.colour);
  const untilMs = parseTime(mine.until);
  const day = new Intl.DateTimeFormat(i18n.language, { month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
  return (
    <Link to={to} className="hd-strip">
      <Shape colour={mine.colour} size={40} />
      <span className="tk-grow">
        <b className="hd-word">{t(`colour.${mine.colour}`)}</b>
        <span className="tk-sub">{worst ? t(`why.reason.${reasonKey(worst.reason)}`) : t('home.green')}</span>
        {untilMs !== null && <span className="tk-sub">{t('home.until', { time: day.format(untilMs) })}</span>}
      </span>
      <span className="hd-go">{t('home.open')}</span>
    </Link>
  );
}
