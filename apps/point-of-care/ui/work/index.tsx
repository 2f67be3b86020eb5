// Desk page of the alerts: who of a list is here now, what to do, and that it was seen, by one click or one key.
// The URL holds the list. Keyboard: j and k move, 1 says that the alert has been seen.
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '@tk/components/icon';
import { useListKeys } from '@tk/components/list_keys';
import { Empty, Failed, Skeleton, useFailureText } from '@tk/components/states';
import { ageOn, areaOf, maskName, nameOf } from '@tk/fhir/person';
import { dayOf, lengthOf, momentOf, parseTime } from '@tk/fhir/time';
import { useLiveState } from '@tk/live/use_live';
import { useParam } from '@tk/shell/router';
import { may, postOf, useSession } from '@tk/shell/session';
import '../words';
import { useAcknowledge } from '../acknowledge';
import { useAlerts, useNow } from '../use_alerts';
import type { Alerts } from './alerts';
import { type Card, isLate, isOpen, sortCards } from './model';
import './poc.css';

const kLists = ['open', 'seen'] as const;
const kSeverity = { critical: 'high', warning: 'caution', info: 'notice' } as const;

export default function AlertDesk(): ReactNode {
  return may(useSession(), 'read', 'AlertReceipt') ? <Desk /> : <MayNot />;
}

function MayNot(): ReactNode {
  const { t, i18n } = useTranslation('point-of-care');
  const session = useSession();
  return (
    <main id="main" className="pc" tabIndex={-1}>
      <Empty icon="lock" title={t('mayNot.title')}>
        <p className="tk-sub">{t('mayNot.hint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}

function Desk(): ReactNode {
  const { t } = useTranslation('point-of-care');
  const { alerts, view } = useAlerts();
  const nowMs = useNow() + useLiveState().skewMs;
  const [asked, setList] = useParam('list', 'open');
  const list = kLists.find((one) => one === asked) ?? 'open';
  const cards = useMemo(() => sortCards(view.cards.filter((c) => isOpen(c.receipt) === (list === 'open')), nowMs), [view.cards, list, nowMs]);
  const counts = { open: view.cards.filter((c) => isOpen(c.receipt)).length, seen: view.cards.filter((c) => !isOpen(c.receipt)).length };
  const late = view.cards.filter((c) => isLate(c, nowMs)).length;
  useListKeys({ rows: '.pc-card', table: '.pc-cards', onClose: () => undefined });
  return (
    <main id="main" className="pc" tabIndex={-1}>
      <div className="pc-head">
        <h1>{t('title')}</h1>
        <span className="tk-sub tk-cut">{t('lead')}</span>
        <span className="tk-grow" />
        {kLists.map((one) => (
          <button key={one} type="button" className="tk-btn tk-quiet" aria-pressed={one === list} onClick={() => setList(one)}>
            {t(`list.${one}`)} <b>{view.loaded ? counts[one] : '–'}</b>
          </button>
        ))}
      </div>
      <p className="pc-late" role="status">
        {late > 0 ? t('late', { count: late }) : ''}
      </p>
      {view.failure && <Failed failure={view.failure} onRetry={() => void alerts.load()} />}
      {!view.loaded && !view.failure && <Skeleton lines={6} />}
      {view.loaded && cards.length === 0 && (
        <Empty icon="check" title={t(`empty.${list}`)}>
          {list === 'open' && <p className="tk-sub">{t('empty.openHint')}</p>}
        </Empty>
      )}
      <ol className="pc-cards">
        {cards.map((card) => (
          <AlertCard key={card.id} card={card} nowMs={nowMs} alerts={alerts} />
        ))}
      </ol>
      <p className="pc-foot tk-sub">
        {t('keys')}
        {view.more && <span>{t('more')}</span>}
      </p>
    </main>
  );
}

function AlertCard({ card, nowMs, alerts }: { card: Card; nowMs: number; alerts: Alerts }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const session = useSession();
  const failureText = useFailureText();
  const offers = isOpen(card.receipt) && may(session, 'write', 'AlertReceipt');
  const { say, saving, failure } = useAcknowledge(alerts, card);
  const words = { today: t('today'), yesterday: t('yesterday') };
  const seenMs = parseTime(card.receipt.acknowledgedOn);
  return (
    <li
      className="pc-card"
      data-id={card.id}
      data-level={card.level}
      tabIndex={0}
      aria-label={`${t(`level.${card.level}`)} ${card.text}`}
      onKeyDown={(e) => {
        if (offers && e.key === '1' && !e.ctrlKey && !e.metaKey && !e.altKey) void say();
      }}
    >
      <span className="pc-level">
        <Severity level={kSeverity[card.level]} size={32} />
        {t(`level.${card.level}`)}
      </span>
      <div className="pc-said">
        <p className="pc-text">{card.flag === undefined ? '…' : card.text || t('title')}</p>
        {card.instruction && <p className="pc-do">{card.instruction}</p>}
        <p className="tk-sub">
          {[card.source && t('from', { source: card.source }), card.reason].filter(Boolean).join(' · ')}
          {card.link && (
            <a href={card.link} target="_blank" rel="noreferrer">
              {t('how')}
            </a>
          )}
        </p>
      </div>
      <div className="pc-who">
        <Who card={card} nowMs={nowMs} />
        <p className="tk-sub">{card.raisedMs !== null && t('raised', { time: momentOf(card.raisedMs, nowMs, words) })}</p>
      </div>
      <div className="pc-act">
        {isOpen(card.receipt) && <Due card={card} nowMs={nowMs} />}
        {!isOpen(card.receipt) && seenMs !== null && (
          <span className="tk-sub">{t('seenBy', { account: card.receipt.account ?? '', time: momentOf(seenMs, nowMs, words) })}</span>
        )}
        {offers && (
          <button type="button" className="tk-btn tk-pri" aria-disabled={saving} onClick={() => void say()}>
            <Icon name="check" size={20} />
            {t(saving ? 'saving' : 'seen')} <kbd>1</kbd>
          </button>
        )}
        {failure && (
          <p className="pc-failed" role="alert">
            {failureText(failure)}
          </p>
        )}
      </div>
    </li>
  );
}

function Who({ card, nowMs }: { card: Card; nowMs: number }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const patient = card.patient;
  if (patient === undefined) return <p className="tk-sub">…</p>;
  if (patient === null) return <p className="tk-sub">{t('noPerson')}</p>;
  const age = ageOn(patient.birthDate, dayOf(nowMs));
  return (
    <p>
      <b>{maskName(nameOf(patient)) || t('noName')}</b> {t(`sex.${patient.gender ?? 'unknown'}`)} {age ?? ''} <span className="tk-sub">{areaOf(patient)?.name ?? ''}</span>
    </p>
  );
}

/** Overdue is a solid ink chip; it borrows no shape of severity. */
function Due({ card, nowMs }: { card: Card; nowMs: number }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const left = card.dueMs === null ? null : card.dueMs - nowMs;
  return (
    <span className="pc-due">
      {left !== null && <span className={left < 0 ? 'pc-over' : undefined}>{t(left < 0 ? 'due.late' : 'due.left', { time: lengthOf(left) })}</span>}
      {card.receipt.status === 'escalated' && <span className="tk-sub">{t('due.escalated')}</span>}
    </span>
  );
}
