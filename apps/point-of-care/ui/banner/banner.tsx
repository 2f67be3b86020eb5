// One alert as a banner: how grave, what and who asks, what to do, and one button (or Alt+K, which takes no focus from who is typing) that says it has been seen.
import { useContext, useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { ageOn, maskName, nameOf } from '@tk/fhir/person';
import { dayOf, lengthOf, momentOf } from '@tk/fhir/time';
import { DoorContext } from '@tk/shell/door_context';
import { Link } from '@tk/shell/router';
import { may, useSession } from '@tk/shell/session';
import '../words';
import { useAcknowledge } from '../acknowledge';
import type { Alerts } from '../work/alerts';
import { type Card, patientIdOf } from '../work/model';
import './banner.css';

const kSeverity = { critical: 'high', warning: 'caution', info: 'notice' } as const;

/** Alt+K is for the banner of the person who is open; without one, for the strip of all. */
const waiting: (() => void)[] = [];
function listen(e: KeyboardEvent): void {
  if (!e.altKey || e.ctrlKey || e.metaKey || e.code !== 'KeyK') return;
  const act = waiting.at(-1);
  if (!act) return;
  e.preventDefault();
  act();
}
function useAltK(act: () => void, on: boolean, last: boolean): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!on) return undefined;
    const mine = (): void => latest.current();
    if (last) waiting.unshift(mine);
    else waiting.push(mine);
    if (waiting.length === 1) document.addEventListener('keydown', listen);
    return () => {
      waiting.splice(waiting.indexOf(mine), 1);
      if (waiting.length === 0) document.removeEventListener('keydown', listen);
    };
  }, [on, last]);
}

/** `strip`: one line below the head, with whom it is about and how many more wait. */
export function Banner({ card, alerts, nowMs, strip, more = 0 }: { card: Card; alerts: Alerts; nowMs: number; strip: boolean; more?: number }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const session = useSession();
  const { door } = useContext(DoorContext);
  const failureText = useFailureText();
  const { say, saving, failure } = useAcknowledge(alerts, card);
  const offers = may(session, 'write', 'AlertReceipt');
  useAltK(() => void say(), offers, strip);
  const words = { today: t('today'), yesterday: t('yesterday') };
  const left = card.dueMs === null ? null : card.dueMs - nowMs;
  const patient = patientIdOf(card.receipt);
  return (
    <section className={strip ? 'pb pb-strip' : 'pb'} data-level={card.level} data-id={card.id} aria-label={t('banner.label')} role="alert">
      <p className="pb-level">
        <Severity level={kSeverity[card.level]} size={strip ? 20 : 32} />
        <b>{t(`level.${card.level}`)}</b>
      </p>
      <div className="pb-said">
        <p className="pb-text">{card.text || t('title')}</p>
        {!strip && <p>{[card.reason, card.source && t('from', { source: card.source })].filter(Boolean).join(' · ')}</p>}
      </div>
      <p className="pb-do">{card.instruction}</p>
      {strip && patient !== null && (
        <Link to={`/${door}/patient?id=${patient}`} className="pb-who">
          <Who card={card} nowMs={nowMs} />
        </Link>
      )}
      <div className="pb-act">
        {offers && (
          <button type="button" className="tk-btn pb-seen" aria-disabled={saving} onClick={() => void say()}>
            <Icon name="check" size={strip ? 16 : 20} />
            {t(saving ? 'saving' : 'seen')} <kbd>Alt+K</kbd>
          </button>
        )}
        {!strip && (
          <p className="tk-sub">
            {card.raisedMs !== null && t('raised', { time: momentOf(card.raisedMs, nowMs, words) })} {left !== null && t(left < 0 ? 'due.late' : 'due.left', { time: lengthOf(left) })}
          </p>
        )}
        {failure && <p className="tk-problem">{failureText(failure)}</p>}
      </div>
      {strip && more > 0 && <Link to={`/${door}/point-of-care`}>{t('banner.more', { count: more })}</Link>}
    </section>
  );
}

function Who({ card, nowMs }: { card: Card; nowMs: number }): ReactNode {
  const { t } = useTranslation('point-of-care');
  if (!card.patient) return t('noPerson');
  const age = ageOn(card.patient.birthDate, dayOf(nowMs));
  return `${maskName(nameOf(card.patient)) || t('noName')} ${t(`sex.${card.patient.gender ?? 'unknown'}`)} ${age ?? ''}`;
}
