// My code: the field of colour with what is scanned, and the slip of paper that says why. An old colour is no colour.
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { parts } from 'virtual:tk-parts/code';
import { Icon } from '@tk/components/icon';
import { Failed, Skeleton } from '@tk/components/states';
import { clockOf, parseTime } from '@tk/fhir/time';
import { mayUse } from '@tk/shell/pages';
import { useSession } from '@tk/shell/session';
import type { Mine } from '../mine';
import { Shape } from '../shape';
import { type MineView, useMine } from '../use_mine';
import '../words';
import './code.css';
import { Appeals } from './appeals';
import { Why } from './why';

const kParts = parts.map((part) => ({ ...part, Part: lazy(part.load) }));

export default function HealthCodePage(): ReactNode {
  const view = useMine();
  const { mine, failure } = view;
  // What is no matter of the network is told as it is: a right that is missing, a person who is not there.
  const refused = failure !== null && mine === null && failure.kind !== 'network' && failure.kind !== 'busy';
  return (
    <main id="main" className="hd" tabIndex={-1}>
      {refused ? (
        <Failed failure={failure} onRetry={() => void view.again()} />
      ) : mine === null && failure === null ? (
        <Skeleton lines={8} />
      ) : (
        <>
          {view.fresh && mine ? <Field mine={mine} /> : <Stale view={view} />}
          {mine && <Why mine={mine} fresh={view.fresh} />}
          {mine && <Appeals mine={mine} onSent={view.again} />}
        </>
      )}
    </main>
  );
}

function Field({ mine }: { mine: Mine }): ReactNode {
  const { t } = useTranslation('health-code');
  const session = useSession();
  return (
    <section className="hd-field" data-colour={mine.colour} aria-label={t(`colour.${mine.colour}`)}>
      <div className="hd-head">
        <Shape colour={mine.colour} size={56} />
        <h1 className="tk-grow">{t(`colour.${mine.colour}`)}</h1>
        <Clock />
      </div>
      {kParts
        .filter((part) => mayUse(session, part))
        .map(({ app, Part }) => (
          <Suspense key={app} fallback={<div className="hd-plate" />}>
            <div className="hd-plate">
              <Part patient={session.record ?? ''} />
            </div>
          </Suspense>
        ))}
    </section>
  );
}

/** It runs: this is no picture of a screen. */
function Clock(): ReactNode {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(tick);
  }, []);
  return (
    <time className="hd-clock" role="timer" aria-live="off">
      {clockOf(nowMs, true)}
    </time>
  );
}

function Stale({ view }: { view: MineView }): ReactNode {
  const { t } = useTranslation('health-code');
  const checkedMs = parseTime(view.mine?.checked);
  return (
    <section className="hd-field hd-none">
      <div className="hd-stale" role="status">
        <Icon name="offline" size={48} />
        <h1>{t('code.stale')}</h1>
        <p className="tk-sub">
          {checkedMs === null ? t('code.staleNever') : t('code.staleNet', { time: clockOf(checkedMs) })} {t('code.staleDo')}
        </p>
        <button type="button" className="tk-btn tk-pri tk-big" aria-disabled={view.busy} onClick={() => !view.busy && void view.again()}>
          {view.busy ? t('code.updating') : t('code.again')}
        </button>
        <p>{t('code.card')}</p>
      </div>
    </section>
  );
}
