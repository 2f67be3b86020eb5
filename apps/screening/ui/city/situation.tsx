// The situation: what came in today by channel and area, the curve of days, counties beside one another, the queue of open tasks, what is late, what is short.
// The URL holds the day, the county that is looked at, the list that is open and the wall. Every number opens at the records behind it.
// Live: counts of a city are asked for at most once in some seconds, and only while the day goes on; when the stream is down the time says since when.
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { clockOf, dayOf } from '@tk/fhir/time';
import { useLive, useLiveState } from '@tk/live/use_live';
import { Link, useParam } from '@tk/shell/router';
import './situation_words';
import './city.css';
import './situation.css';
import { Counties } from './situation_counties';
import { Curve } from './situation_curve';
import { ForCommand } from './for_command';
import { Behind } from './situation_behind';
import { AreaMap } from './situation_map';
import { Numbers } from './situation_numbers';
import { Queue } from './situation_queue';
import { Short } from './situation_short';
import { type AreaFigures, arrange, askFigures, dayAsked, moved } from './figures';
import { kBehind, type Behind as BehindName } from './situation_ask';
import { barsOf, countiesOf, type DayTold, daysUntil } from './situation_model';
import { settled } from './settled';

const kLiveTypes = ['Observation', 'Task'] as const;
const kSettleMs = 5_000;
const kPastMs = 300_000;

export default function Situation(): ReactNode {
  return (
    <ForCommand>
      <Shown />
    </ForCommand>
  );
}

/** The days that are shown, the oldest first, each as far as it is told. */
function useDays(day: string, today: string): { told: DayTold[]; last: { data?: AreaFigures[]; error: Error | null; dataUpdatedAt: number; refetch: () => unknown } } {
  const days = useMemo(() => daysUntil(day), [day]);
  const asked = useQueries({
    queries: days.map((each) => ({
      queryKey: ['screening', 'figures', each],
      queryFn: ({ signal }: { signal: AbortSignal }) => askFigures(each, signal),
      staleTime: each === today ? kSettleMs : kPastMs,
    })),
  });
  const told = days.map((each, i) => ({ day: each, areas: asked[i]?.data }));
  const last = asked[asked.length - 1];
  if (!last) throw new Error('no day is shown');
  return { told, last };
}

function useWall(): [boolean, (on: boolean) => void] {
  const [wall, setWall] = useParam('wall', '');
  useEffect(() => {
    if (wall === '') return undefined;
    const leave = (e: KeyboardEvent): void => {
      if (e.key === 'Escape' && !document.querySelector('dialog[open]')) setWall('');
    };
    document.addEventListener('keydown', leave);
    return () => document.removeEventListener('keydown', leave);
  }, [wall, setWall]);
  return [wall !== '', (on) => setWall(on ? '1' : '')];
}

function Shown(): ReactNode {
  const { t } = useTranslation('situation');
  const today = dayOf(Date.now());
  const [asked, setDay] = useParam('day', today);
  const day = dayAsked(asked, today);
  const [area, setArea] = useParam('area', '');
  const [list, setList] = useParam('list', '');
  const [of, setOf] = useParam('of', '');
  const [wall, setWall] = useWall();
  const { told, last } = useDays(day, today);
  const queries = useQueryClient();
  const [again] = useState(() =>
    settled(() => {
      void queries.invalidateQueries({ queryKey: ['screening', 'figures', dayOf(Date.now())] });
      void queries.invalidateQueries({ queryKey: ['situation', 'tasks'] });
    }, kSettleMs),
  );
  useLive(kLiveTypes, { onChange: again, onSync: again });
  const over = day === today ? told.slice(0, -1) : told;
  const { city } = useMemo(() => arrange(last.data ?? []), [last.data]);
  const { counties, cityRate } = useMemo(() => countiesOf(last.data ?? [], over), [last.data, over]);
  const open = (what: BehindName, code = '', ofDay = day): void => {
    setOf(ofDay === day ? '' : ofDay, 'replace');
    setArea(code, 'replace');
    setList(what);
  };
  const shown = kBehind.find((each) => each === list);
  const names = new Map(counties.map((c) => [c.code, c.name]));
  return (
    <main id="main" className="sc st" data-theme={wall ? 'wall' : undefined} data-wall={wall || undefined} tabIndex={-1}>
      <Head day={day} today={today} setDay={setDay} asOfMs={last.dataUpdatedAt} wall={wall} setWall={setWall} />
      {last.error && <Failed failure={asFailure(last.error)} onRetry={() => void last.refetch()} />}
      {!city && !last.error && <Skeleton lines={12} />}
      {city && (
        <>
          <Numbers city={city} day={day} today={today} asOfMs={last.dataUpdatedAt} onOpen={open} />
          <div className="st-grid">
            <AreaMap counties={counties} area={area} onArea={(code) => setArea(code === area ? '' : code)} onOpen={(code) => open('fever', code)} />
            <Curve bars={barsOf(told)} today={today} asOfMs={last.dataUpdatedAt} onOpen={(of) => open('fever', '', of)} />
            <div className="st-work">
              <Queue />
              <Short />
            </div>
            <Counties counties={counties} city={city} cityRate={cityRate} days={over.map((d) => d.day)} area={area} partial={day === today} onOpen={open} />
          </div>
        </>
      )}
      {city && counties.length === 0 && <p className="tk-sub st-note">{t('noAreas')}</p>}
      {shown && <Behind key={`${shown}${area}${of}${day}`} what={shown} day={of === '' ? day : dayAsked(of, today)} area={area} names={names} onClose={() => setList('')} />}
    </main>
  );
}

interface HeadProps {
  day: string;
  today: string;
  setDay: (day: string) => void;
  asOfMs: number;
  wall: boolean;
  setWall: (on: boolean) => void;
}

function Head({ day, today, setDay, asOfMs, wall, setWall }: HeadProps): ReactNode {
  const { t } = useTranslation('situation');
  const live = day === today;
  return (
    <div className="sc-head">
      <h1>{t('title')}</h1>
      <button type="button" className="tk-ib" aria-label={t('before')} title={t('before')} onClick={() => setDay(moved(day, -1))}>
        <Icon name="back" size={18} />
      </button>
      <input type="date" aria-label={t('day')} className="tk-input" value={day} max={today} onChange={(e) => setDay(dayAsked(e.target.value, today))} />
      {!live && (
        <>
          <button type="button" className="tk-btn" onClick={() => setDay(today)}>
            {t('toNow')}
          </button>
          <Link to={`/city/screening?day=${day}`} className="tk-btn tk-quiet">
            {t('report')}
          </Link>
        </>
      )}
      <span className="tk-grow" />
      <AsOf live={live} day={day} asOfMs={asOfMs} />
      <button type="button" className="tk-btn tk-quiet" aria-pressed={wall} onClick={() => setWall(!wall)}>
        {t(wall ? 'leaveWall' : 'wall')}
      </button>
    </div>
  );
}

/** Four forms whose shape changes with them: a dot live, a square looking back, a ring when the stream is down, nothing before the first answer. */
function AsOf({ live, day, asOfMs }: { live: boolean; day: string; asOfMs: number }): ReactNode {
  const { t } = useTranslation('situation');
  const { state } = useLiveState();
  if (asOfMs === 0) return null;
  const time = clockOf(asOfMs, true);
  const form = !live ? 'back' : state === 'lost' ? 'down' : state === 'live' ? 'live' : 'wait';
  return (
    <p className="st-asof" data-form={form} role="status">
      <i aria-hidden="true" />
      {form === 'back' ? t('asOf.back', { day }) : t(`asOf.${form}`, { time })}
    </p>
  );
}
