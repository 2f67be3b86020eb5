// The holder's page: his card, his children's, a code that renews itself, a code for paper, loss, and where it was used.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useContext, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '@tk/components/icon';
import { Empty, Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { clockOf, parseTime } from '@tk/fhir/time';
import { DoorContext } from '@tk/shell/door_context';
import { Link, useParam } from '@tk/shell/router';
import { askFamily, askPurposes, askUses, type Card, pictureOf, type Relative } from '../ask';
import '../words';
import './card.css';
import { Loss } from './loss';
import { Print } from './print';
import { useCode } from './use_code';

/** ?person=ID names a child, or at a desk the holder; nothing of it is personal. */
export default function HealthCardPage(): ReactNode {
  const { t } = useTranslation('health-card');
  const { door } = useContext(DoorContext);
  const [person, setPerson] = useParam('person', '');
  const [first] = useState(person);
  const family = useQuery({ queryKey: ['health-card', 'family', first], queryFn: () => askPeople(first) });
  const failure = family.error ? asFailure(family.error) : null;
  const people = family.data ?? [];
  const chosen = people.find((p) => p.patient === 'Patient/' + person) ?? people[0];
  return (
    <div className="hc">
      <header className="hc-bar">
        <Link to={`/${door}/home`} className="tk-ib" label={t('card.leave')}>
          <Icon name="back" />
        </Link>
        <h1 className="tk-grow">{t('card.title')}</h1>
      </header>
      {people.length > 1 && <Switch people={people} chosen={chosen} onChoose={(p) => setPerson(p.patient.slice('Patient/'.length), 'replace')} />}
      <main id="main" className="hc-main">
        {family.isPending && <Skeleton lines={6} />}
        {failure && failure.kind === 'refused' && first === '' ? (
          <Empty icon="person" title={t('card.which')}>
            <p className="tk-sub">{t('card.whichHint')}</p>
          </Empty>
        ) : (
          failure && <Failed failure={failure} onRetry={() => void family.refetch()} />
        )}
        {chosen && <Holder key={chosen.patient} who={chosen} />}
      </main>
    </div>
  );
}

/** One's own family, with the child whom the URL names; a desk has none of its own and is asked about that person. */
async function askPeople(person: string): Promise<Relative[]> {
  try {
    const own = await askFamily('');
    if (person === '' || own.some((p) => p.patient === 'Patient/' + person)) return own;
  } catch (e) {
    if (person === '' || asFailure(e).kind !== 'refused') throw e;
  }
  return askFamily('Patient/' + person);
}

function Switch(props: { people: Relative[]; chosen: Relative | undefined; onChoose: (p: Relative) => void }): ReactNode {
  const { t } = useTranslation('health-card');
  return (
    <nav className="hc-people" aria-label={t('card.people')}>
      {props.people.map((p) => (
        <button key={p.patient} type="button" aria-pressed={p === props.chosen} onClick={() => props.onChoose(p)}>
          <b>{p.name}</b>
          <span>{t(p.relation === 'self' ? 'card.mine' : 'card.child')}</span>
        </button>
      ))}
    </nav>
  );
}

function Holder({ who }: { who: Relative }): ReactNode {
  const { t } = useTranslation('health-card');
  const queries = useQueryClient();
  const [sheet, setSheet] = useState<'' | 'print' | 'loss'>('');
  const card = who.card;
  if (!card || card.status === 'closed') {
    return (
      <Empty icon="info" title={t('card.none')}>
        <p className="tk-sub">{t('card.noneHint')}</p>
      </Empty>
    );
  }
  return (
    <>
      <section className="hc-card" aria-label={t('card.of', { name: who.name })}>
        <header>
          <b className="hc-name">{who.name}</b>
          <span className="hc-status" data-status={card.status}>
            {t(`status.${card.status}`)}
          </span>
        </header>
        {card.status === 'active' ? <Live who={who} paused={sheet !== ''} /> : <Dead card={card} />}
        <p className="hc-number">
          <span>{t('card.number')}</span> {grouped(card.number)}
        </p>
      </section>
      {card.status === 'active' && (
        <div className="hc-acts">
          <button type="button" className="tk-btn" onClick={() => setSheet('print')}>
            {t('card.print')}
          </button>
          <button type="button" className="tk-btn" onClick={() => setSheet('loss')}>
            {t('card.loss')}
          </button>
        </div>
      )}
      <Uses patient={who.patient} />
      {sheet === 'print' && <Print who={who} onClose={() => setSheet('')} />}
      {sheet === 'loss' && (
        <Loss
          who={who}
          onClose={() => setSheet('')}
          onDone={() => void queries.invalidateQueries({ queryKey: ['health-card', 'family'] }).then(() => setSheet(''))}
        />
      )}
    </>
  );
}

/** "380100123456789012X" → "3801 0012 3456 7890 12X" */
export function grouped(number: string): string {
  return number.replace(/(.{4})(?=.)/g, '$1 ');
}

function Live({ who, paused }: { who: Relative; paused: boolean }): ReactNode {
  const { t } = useTranslation('health-card');
  const view = useCode(who.patient, !paused);
  if (view.failure && !view.code && view.failure.kind !== 'network' && view.failure.kind !== 'busy') return <Failed failure={view.failure} onRetry={view.renew} />;
  return (
    <>
      <div className="hc-qr" data-code={view.code?.code}>
        {view.code && <img src={pictureOf(view.code.qr.svg)} alt={t('card.alt', { name: who.name })} width="280" height="280" />}
        {!view.code && !view.failure && <Skeleton lines={5} />}
        {!view.code && view.failure && (
          <div className="hc-stopped" role="alert">
            <Icon name="offline" size={40} />
            <b>{t('card.stopped')}</b>
            <p>{t('card.stoppedHint')}</p>
          </div>
        )}
      </div>
      <p className="hc-left" role="timer" aria-live="off">
        {view.code ? (view.leftS > 0 ? t('card.left', { count: view.leftS }) : t('card.renewing')) : ' '}
      </p>
      <p className="hc-show">
        {t('card.show')} · {t('card.used')}
      </p>
      <button type="button" className="tk-btn tk-quiet" onClick={view.renew}>
        <Icon name="again" size={20} />
        {t('card.renew')}
      </button>
    </>
  );
}

function Dead({ card }: { card: Card }): ReactNode {
  const { t } = useTranslation('health-card');
  return (
    <div className="hc-dead" role="status">
      <Severity level="caution" size={56} />
      <b>{t(`status.${card.status}`)}</b>
      <p>{t('card.lossDone', { time: clockOf(parseTime(card.statusDate) ?? 0) })}</p>
    </div>
  );
}

function Uses({ patient }: { patient: string }): ReactNode {
  const { t, i18n } = useTranslation('health-card');
  const uses = useQuery({ queryKey: ['health-card', 'uses', patient], queryFn: () => askUses(patient), staleTime: 5000 });
  const purposes = useQuery({ queryKey: ['health-card-purposes'], queryFn: askPurposes });
  const nameOf = (code: string): string => purposes.data?.find((p) => p.code === code)?.[i18n.language === 'en' ? 'en' : 'zh-CN'] ?? code;
  const when = new Intl.DateTimeFormat(i18n.language, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  return (
    <section className="hc-uses">
      <h2>{t('card.uses')}</h2>
      {uses.data?.length === 0 && <p className="tk-sub">{t('card.noUses')}</p>}
      {uses.error && <Failed failure={asFailure(uses.error)} onRetry={() => void uses.refetch()} />}
      <ul>
        {(uses.data ?? []).slice(0, 10).map((u) => (
          <li key={u.used + u.verifier}>
            <b>{nameOf(u.purpose)}</b>
            <span>{when.format(parseTime(u.used) ?? 0)}</span>
            <span className="tk-sub">
              {t(`card.kind.${u.kind}`)} · {t('card.verifier', { who: u.verifier })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
