// What happened, at which institution, when: lanes over a year with the last two weeks magnified, then the list. One shape a kind, named in the legend.
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf, dayOf } from '../fhir/time';
import { useParam } from '../shell/router';
import { eventsIn, type HistoryEvent, type Kind, kKinds, kMagnifiedFrom, type Lane, lanesOf, placeOnAxis } from './events';
import type { PersonRecord } from './record';

const kLanes = 6;
const kShown = 30;
const kLaneHeight = 20, kTop = 4;

export function History({ record }: { record: PersonRecord }): ReactNode {
  const { t } = useTranslation('patient');
  const [asked, setKind] = useParam('kind', 'all');
  const [shown, setShown] = useState(kShown);
  const all = useMemo(() => eventsIn(record.resources), [record]);
  const kinds = kKinds.filter((k) => all.some((e) => e.kind === k));
  const kind = kinds.find((k) => k === asked) ?? 'all';
  const events = kind === 'all' ? all : all.filter((e) => e.kind === kind);
  return (
    <section className="pt-card" aria-labelledby="pt-history">
      <header>
        <h2 id="pt-history">{t('history')}</h2>
        <span className="tk-sub tk-grow">{t('historyHint', { count: events.length })}</span>
        <select aria-label={t('kinds')} value={kind} onChange={(e) => setKind(e.target.value)}>
          <option value="all">{t('allKinds')}</option>
          {kinds.map((k) => (
            <option key={k} value={k}>
              {t(`kind.${k}`)}
            </option>
          ))}
        </select>
      </header>
      {events.length === 0 && <p className="tk-sub pt-sec">{t('noHistory')}</p>}
      {events.length > 0 && <Lanes events={events} nowMs={record.atMs} kinds={kind === 'all' ? kinds : [kind]} />}
      <List events={events.slice(0, shown)} />
      {events.length > shown && (
        <button type="button" className="tk-btn pt-more" onClick={() => setShown(shown + kShown)}>
          {t('more', { count: events.length - shown })}
        </button>
      )}
    </section>
  );
}

/** One mark a kind; the same in the lanes, in the legend and in the list. */
function Mark({ kind, severe = false }: { kind: Kind; severe?: boolean }): ReactNode {
  const name = `ev ev-${kind}` + (severe ? ' ev-severe' : '');
  if (kind === 'visit') return <circle className={name} r="4" />;
  if (kind === 'stay') return <rect className={name + ' ev-full'} x="-5" y="-5" width="10" height="10" rx="2" />;
  if (kind === 'test') return <rect className={name} x="-4" y="-4" width="8" height="8" />;
  if (kind === 'shot') return <path className={name} d="M0-5 5 0 0 5-5 0z" />;
  if (kind === 'reading') return <path className={name + ' ev-full'} d="M0-5 5 4H-5z" />;
  if (kind === 'flag') return <path className={name + ' ev-full'} d="M-2.500-6h5L6-2.500v5L2.500 6h-5L-6 2.500v-5z" />;
  if (kind === 'medicine') return <path className={name} d="M-4 0h8M0-4v8" />;
  if (kind === 'procedure') return <path className={name} d="M-4-4 4 4M4-4-4 4" />;
  return <circle className={name + ' ev-full'} r="2.500" />;
}

function Lanes({ events, nowMs, kinds }: { events: readonly HistoryEvent[]; nowMs: number; kinds: readonly Kind[] }): ReactNode {
  const { t } = useTranslation('patient');
  const year = events.filter((e) => placeOnAxis(e.atMs, nowMs) !== null);
  const lanes = lanesOf(year, kLanes);
  const height = kTop + lanes.length * kLaneHeight;
  const month = (daysAgo: number): string => t('month', { month: new Date(nowMs - daysAgo * 86_400_000).getMonth() + 1 });
  const day = (daysAgo: number): string => dayOf(nowMs - daysAgo * 86_400_000).slice(5);
  return (
    <figure className="pt-lanes">
      <figcaption className="tk-vh">{t('lanesSay', { count: year.length, lanes: lanes.length })}</figcaption>
      <div className="pt-lane-names" aria-hidden="true">
        {lanes.map((lane) => (
          <span key={lane.place} className="tk-cut" title={lane.place}>
            {lane.place || t('elsewhere')}
          </span>
        ))}
      </div>
      <div className="pt-lane-draw" aria-hidden="true">
        <svg height={height}>
          <rect className="lately" x={percent(kMagnifiedFrom)} y="0" width={percent(1 - kMagnifiedFrom)} height={height} />
          {lanes.map((lane, i) => (
            <LaneLine key={lane.place} lane={lane} y={kTop + (i + 0.5) * kLaneHeight} nowMs={nowMs} />
          ))}
        </svg>
        <p className="pt-axis">
          <span>{month(365)}</span>
          <span>{month(190)}</span>
          <span>{day(14)}</span>
          <span>{day(7)}</span>
          <span>{t('now')}</span>
        </p>
      </div>
      <p className="pt-legend" aria-hidden="true">
        {kinds.map((k) => (
          <span key={k}>
            <svg width="14" height="14" viewBox="-7 -7 14 14">
              <Mark kind={k} severe={k === 'flag'} />
            </svg>
            {t(`kind.${k}`)}
          </span>
        ))}
      </p>
    </figure>
  );
}

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;

function LaneLine({ lane, y, nowMs }: { lane: Lane; y: number; nowMs: number }): ReactNode {
  return (
    <g>
      <line className="lane" x1="0" x2="100%" y1={y} y2={y} />
      {[...lane.events].reverse().map((e) => (
        <svg key={e.id} x={percent(placeOnAxis(e.atMs, nowMs) ?? 0)} y={y} width="1" height="1" overflow="visible">
          <Mark kind={e.kind} severe={e.severe} />
        </svg>
      ))}
    </g>
  );
}

function List({ events }: { events: readonly HistoryEvent[] }): ReactNode {
  const { t } = useTranslation('patient');
  return (
    <ol className="pt-events">
      {events.map((e, i) => {
        const day = dayOf(e.atMs);
        const before = events[i - 1];
        return (
          <li key={e.id}>
            <span className="pt-when">
              <b>{before && dayOf(before.atMs) === day ? <span className="tk-vh">{day}</span> : day}</b>
              <span className="tk-sub">{new Date(e.atMs).getHours() + new Date(e.atMs).getMinutes() > 0 ? clockOf(e.atMs) : ''}</span>
            </span>
            <svg width="18" height="18" viewBox="-8 -8 16 16" aria-hidden="true">
              <Mark kind={e.kind} severe={e.severe} />
            </svg>
            <div>
              <p>
                <span className="tk-sub">{t(`kind.${e.kind}`)}</span> <b>{e.title}</b>
                {e.severe && <span className="pt-tag">{t('stands')}</span>}
                {e.count > 1 && <span className="tk-sub"> {t('readings', { count: e.count })}</span>}
              </p>
              <p className="tk-sub">{[e.place || t('elsewhere'), e.endMs !== null && dayOf(e.endMs) !== day ? t('until', { day: dayOf(e.endMs) }) : ''].filter(Boolean).join(' · ')}</p>
              {e.detail && <p className="pt-detail">{e.detail}</p>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
