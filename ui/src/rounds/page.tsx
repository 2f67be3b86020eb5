// My tasks on a phone: what is late first, with the same number in the list and on the map; one of them opened.
// ?task=ID opens one, ?show= chooses which.
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { Empty, Failed, Skeleton } from '../components/states';
import { ageOn, maskNameAtGate, nameOf } from '../fhir/person';
import { clockOf, dayOf, momentOf } from '../fhir/time';
import type { Point } from '../components/map/shapes';
import { useAreaName } from '../shell/area';
import { leafOf } from '../shell/day';
import { go, useParam } from '../shell/router';
import { TaskDetail } from './detail';
import { TaskMap, TaskMark } from './map';
import { type Filter, groupsOf, hoursAndMinutes, inFilter, kFilters, type Numbered, type Row, urgencyOf } from './model';
import { type TasksView, useTasks } from './use_tasks';
import './rounds.css';
import './words';

const kTickMs = 30_000;

/** The time, for what is said about limits. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), kTickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export default function TasksPage(): ReactNode {
  const view = useTasks();
  const [opened] = useParam('task', '');
  const [here, setHere] = useState<Point | null>(null);
  const back = (): void => {
    if (history.state === 'tm') history.back();
    else go(location.pathname, 'replace');
  };
  const open = (id: string): void => {
    const query = new URLSearchParams(location.search);
    query.set('task', id);
    go(`${location.pathname}?${query.toString()}`);
    history.replaceState('tm', '');
  };
  if (opened !== '') return <TaskDetail key={opened} id={opened} known={view.rows.find((r) => r.id === opened)} here={here} onBack={back} onChanged={view.again} />;
  return <TaskList view={view} here={here} onHere={setHere} onOpen={open} />;
}

interface ListProps {
  view: TasksView;
  here: Point | null;
  onHere: (p: Point) => void;
  onOpen: (id: string) => void;
}

function TaskList({ view, here, onHere, onOpen }: ListProps): ReactNode {
  const { t } = useTranslation('rounds');
  const nowMs = useNow();
  const [show, setShow] = useParam('show', 'open');
  const filter = kFilters.find((f) => f === show) ?? 'open';
  const of = (f: Filter): Row[] => view.rows.filter((row) => inFilter(row, f, nowMs));
  const groups = useMemo(() => groupsOf(view.rows.filter((row) => inFilter(row, filter, nowMs)), nowMs, here), [view.rows, filter, nowMs, here]);
  const shown = groups.flatMap((g) => g.rows);
  const late = of('late').length;
  return (
    <main id="main" className="tm" tabIndex={-1}>
      <Head view={view} open={of('open').length} late={late} />
      <nav className="tm-counts" aria-label={t('which')}>
        {kFilters.map((f) => (
          <button key={f} type="button" aria-pressed={f === filter} data-late={(f === 'late' && late > 0) || undefined} onClick={() => setShow(f, 'replace')}>
            {t(`filter.${f}`)} <b>{view.loaded ? of(f).length : '–'}</b>
          </button>
        ))}
      </nav>
      {view.failure && view.loaded && <Behind view={view} />}
      {view.failure && !view.loaded && <Failed failure={view.failure} onRetry={view.again} />}
      {!view.loaded && !view.failure && <Skeleton lines={6} />}
      {view.loaded && filter !== 'done' && shown.length > 0 && <TaskMap tasks={shown} here={here} nowMs={nowMs} onOpen={onOpen} />}
      {view.loaded && shown.length === 0 && <Nothing filter={filter} done={of('done').length} />}
      {groups.map((group) => (
        <section key={group.name} className="tm-group" aria-labelledby={`tm-${group.name}`}>
          <header>
            <h2 id={`tm-${group.name}`}>{t(`group.${group.name}`)}</h2>
            {group.name === 'late' ? <Where here={here} placed={group.rows.some((r) => r.row.at !== null)} onHere={onHere} /> : <span>{t(`order.${group.name}`)}</span>}
          </header>
          <ol>
            {group.rows.map((one) => (
              <TaskRow key={one.row.id} one={one} nowMs={nowMs} onOpen={onOpen} />
            ))}
          </ol>
        </section>
      ))}
      {view.more && <p className="tm-more">{t('more')}</p>}
    </main>
  );
}

function Head({ view, open, late }: { view: TasksView; open: number; late: number }): ReactNode {
  const { t, i18n } = useTranslation('rounds');
  const area = useAreaName();
  const leaf = leafOf(Date.now(), i18n.language);
  return (
    <header className="tm-head">
      <div className="tk-grow">
        <h1>{!view.loaded ? t('title') : open === 0 ? t('headNone') : late === 0 ? t('head', { count: open }) : t('headLate', { count: open, late })}</h1>
        <p className="tk-cut">
          {area}　{i18n.language === 'en' ? `${leaf.day} ${leaf.month}` : leaf.month.replace('月 ', `月${leaf.day}日 `)}
        </p>
      </div>
      {view.loaded && (
        <button type="button" className="tm-sync" data-off={view.failure !== null || undefined} onClick={view.again}>
          {view.failure === null && <Icon name="again" size={20} />}
          {t(view.failure === null ? 'synced' : 'stopped', { time: stamp(view.atMs) })}
        </button>
      )}
    </header>
  );
}

const stamp = (ms: number): string => (dayOf(ms) === dayOf(Date.now()) ? clockOf(ms) : `${dayOf(ms).slice(5)} ${clockOf(ms)}`);

/** Without network the list goes on; the map does too, as far as it is here. */
function Behind({ view }: { view: TasksView }): ReactNode {
  const { t } = useTranslation('rounds');
  return (
    <p className="tm-behind" role="status">
      <Icon name="offline" />
      <span>
        <b>{t(view.failure?.kind === 'network' ? 'behind.network' : 'behind.other')}</b>
        {t('behind.hint')}
      </span>
    </p>
  );
}

/** Nearness needs to know where one is; it is asked for by a press, and leaves the phone in no request. */
function Where({ here, placed, onHere }: { here: Point | null; placed: boolean; onHere: (p: Point) => void }): ReactNode {
  const { t } = useTranslation('rounds');
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle');
  if (!placed || !('geolocation' in navigator)) return <span>{t('order.today')}</span>;
  if (here) return <span>{t('order.near')}</span>;
  const ask = (): void => {
    setState('busy');
    navigator.geolocation.getCurrentPosition(
      (p) => onHere([p.coords.longitude, p.coords.latitude]),
      () => setState('failed'),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    );
  };
  return (
    <button type="button" className="tk-btn tk-quiet" aria-disabled={state === 'busy'} onClick={() => state !== 'busy' && ask()}>
      {t(`near.${state}`)}
    </button>
  );
}

function Nothing({ filter, done }: { filter: Filter; done: number }): ReactNode {
  const { t } = useTranslation('rounds');
  const [, setShow] = useParam('show', 'open');
  if (filter === 'open') {
    return (
      <div className="tm-void">
        <svg viewBox="0 0 160 112" aria-hidden="true">
          <path className="house" d="M26 24h24v9H26zM56 22h24v9H56zM28 40h24v9H28zM94 19h22v9H94zM122 17h20v9h-20zM96 35h22v9H96zM32 74h24v9H32zM33 90h24v9H33zM106 70h34v20h-34z" />
          <path className="edge" d="M16 16l108-9 26 3 4 82-14 10-118 6z" />
          <circle cx="80" cy="58" r="22" />
          <path className="tick" d="M70 59l7 7 14-15" />
        </svg>
        <h2>{done > 0 ? t('none.allDone', { count: done }) : t('none.open')}</h2>
        <p>{t('none.openHint')}</p>
        {done > 0 && (
          <button type="button" className="tk-btn tk-big" onClick={() => setShow('done', 'replace')}>
            {t('none.seeDone', { count: done })}
          </button>
        )}
      </div>
    );
  }
  return (
    <Empty icon="check" title={t(`none.${filter}`)}>
      <button type="button" className="tk-btn" onClick={() => setShow('open', 'replace')}>
        {t('none.all')}
      </button>
    </Empty>
  );
}

/** 逾期 2 小时 10 分, 还剩 48 分，10:30 前, 明天 08:30 前. */
export function Due({ row, nowMs }: { row: Row; nowMs: number }): ReactNode {
  const { t } = useTranslation('rounds');
  const shell = useTranslation('shell').t;
  if (!row.open) return row.doneMs === null ? null : <span className="tm-due">{t('due.done', { time: momentOf(row.doneMs, nowMs, { today: shell('today'), yesterday: shell('yesterday') }) })}</span>;
  const how = urgencyOf(row, nowMs);
  if (row.dueMs === null || how === 'none') return <span className="tm-due">{t('due.none')}</span>;
  const { hours, minutes } = hoursAndMinutes(row.dueMs - nowMs);
  const length = hours >= 24 ? t('days', { count: Math.floor(hours / 24) }) : hours > 0 ? t('hours', { hours, minutes }) : t('minutes', { count: minutes });
  const when = dayOf(row.dueMs) === dayOf(nowMs) ? clockOf(row.dueMs) : dayOf(row.dueMs) === dayOf(nowMs + 86_400_000) ? t('tomorrow', { time: clockOf(row.dueMs) }) : momentOf(row.dueMs, nowMs, { today: '', yesterday: '' });
  return (
    <span className="tm-due" data-how={how}>
      {t(`due.${how}`, { length, time: when })}
    </span>
  );
}

export function useWho(): (row: Row) => string {
  const { t } = useTranslation('rounds');
  return (row) => {
    if (!row.person) return t('nobody');
    const age = ageOn(row.person.birthDate, dayOf(Date.now()));
    return [maskNameAtGate(nameOf(row.person)) || t('noName'), age === null ? '' : t('age', { count: age })].filter(Boolean).join(' ');
  };
}

export function useDistance(): (metres: number | null) => string {
  const { t } = useTranslation('rounds');
  return (metres) => (metres === null ? '' : metres < 1000 ? t('straight', { count: Math.round(metres / 10) * 10 }) : t('straightKm', { count: Math.round(metres / 100) / 10 }));
}

function TaskRow({ one, nowMs, onOpen }: { one: Numbered; nowMs: number; onOpen: (id: string) => void }): ReactNode {
  const { t } = useTranslation('rounds');
  const who = useWho();
  const distance = useDistance();
  const { row, n } = one;
  return (
    <li className="tm-row">
      <a
        href={`?task=${row.id}`}
        onClick={(e) => {
          e.preventDefault();
          onOpen(row.id);
        }}
      >
        <svg viewBox="-17 -17 34 34" aria-hidden="true">
          <TaskMark n={n} late={urgencyOf(row, nowMs) === 'late'} />
        </svg>
        <span className="tk-grow">
          <b>
            {row.title || t('title')} <span>{who(row)}</span>
          </b>
          <Due row={row} nowMs={nowMs} />
          <span className="tm-where">{[row.address || row.area?.name, distance(one.metres), row.mine ? t('mine') : ''].filter(Boolean).join('　')}</span>
        </span>
      </a>
      {row.open && row.phone !== '' && (
        <a className="tm-call" href={`tel:${row.phone}`} aria-label={t('callWho', { who: who(row) })}>
          <Icon name="call" />
          {t('call')}
        </a>
      )}
    </li>
  );
}
