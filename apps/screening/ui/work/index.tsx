// Desk page of the follow-up: the live list of tasks that the screening rules raised, and one of them in detail.
// The URL holds filter and task. Keyboard: j and k move, Enter opens, 1 and 2 act, Esc closes.
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { useListKeys } from '@tk/components/list_keys';
import { Empty, Failed, Skeleton, useFailureText } from '@tk/components/states';
import { clockOf, lengthOf, momentOf } from '@tk/fhir/time';
import { ring, useSilent } from '@tk/live/sound';
import { useLive } from '@tk/live/use_live';
import { useParam } from '@tk/shell/router';
import { fhir, may, postOf, useSession } from '@tk/shell/session';
import { useSettings } from '../use_settings';
import '../words';
import { Board, type BoardView } from './board';
import { Detail } from './detail';
import { countRows, type Counters, type Filter, inFilter, kFilters, type Row, sortRows } from './model';
import { TaskTable } from './table';
import './w.css';

const kLiveTypes = ['Task'] as const;

export default function ScreeningDesk(): ReactNode {
  return may(useSession(), 'read', 'Task') ? <FollowUp /> : <MayNot />;
}

function MayNot(): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const session = useSession();
  return (
    <main id="main" className="sw-maynot" tabIndex={-1}>
      <h1>{t('w.title')}</h1>
      <Empty icon="lock" title={t('w.mayNot.title')}>
        <p className="tk-sub">{t('w.mayNot.hint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}

function FollowUp(): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const { settings } = useSettings();
  const board = useMemo(() => new Board(fhir, ring), []);
  const view = useSyncExternalStore(board.subscribe, board.getView);
  const live = useLive(kLiveTypes, {
    onChange: (c) => (c.op === 'delete' ? board.drop(c.id) : board.touch(c.id, c.op === 'create')),
    onSync: () => void board.load(),
  });
  const nowMs = useNow() + live.skewMs;
  const [filterText, setFilter] = useParam('list', 'open');
  const filter = kFilters.find((f) => f === filterText) ?? 'open';
  const [taskId, setTask] = useParam('task', '');
  const rows = useMemo(() => sortRows(view.rows.filter((r) => inFilter(r, filter, nowMs)), filter), [view.rows, filter, nowMs]);
  const chosen = view.rows.find((r) => r.id === taskId) ?? null;
  const counters = useMemo(() => countRows(view.rows, nowMs), [view.rows, nowMs]);
  // The list can be read without the stream: when it does not come, ask once, and say that it is not live.
  useEffect(() => {
    if (live.state === 'lost' && !board.getView().loaded && !board.getView().loading) void board.load();
  }, [live.state, board]);

  const open = (id: string): void => {
    board.seen(id);
    setTask(id, taskId ? 'replace' : 'push');
  };
  useListKeys({ rows: '.sw-open', table: '.sw-table', onClose: () => setTask('') });

  return (
    <main id="main" className="sw" data-open={taskId !== ''} tabIndex={-1}>
      <section className="sw-list" aria-label={t('w.title')}>
        <div className="sw-head">
          <h1>{t('w.title')}</h1>
          <span className="tk-sub tk-cut">{t('w.lead')}</span>
          <span className="tk-grow" />
          <Arrivals view={view} onShow={open} />
          <SoundSwitch />
        </div>
        <Counts counters={counters} more={view.more} loaded={view.loaded} filter={filter} nowMs={nowMs} onFilter={setFilter} />
        <ListBody view={view} rows={rows} filter={filter} board={board} nowMs={nowMs} taskId={taskId} me={session.account} onOpen={open} />
        <Foot view={view} count={rows.length} lostAt={live.state === 'lost' ? live.at : null} onMore={() => void board.loadMore()} />
      </section>
      <Detail row={chosen} asked={taskId !== ''} loaded={view.loaded} failed={view.failure !== null} board={board} settings={settings} nowMs={nowMs} onClose={() => setTask('')} />
    </main>
  );
}

/** Ticks often enough for minutes to be right. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** New tasks take their place in the order at once; this says so, and leads to the latest. */
function Arrivals({ view, onShow }: { view: BoardView; onShow: (id: string) => void }): ReactNode {
  const { t } = useTranslation('screening');
  const fresh = view.rows.filter((r) => view.fresh.has(r.id)).sort((a, b) => (b.raisedMs ?? 0) - (a.raisedMs ?? 0));
  const latest = fresh[0];
  return (
    <>
      <span className="tk-vh" role="status">
        {latest ? t('w.arrivedSay', { count: fresh.length }) : ''}
      </span>
      {latest && (
        <button type="button" className="tk-btn tk-quiet sw-arrived" onClick={() => onShow(latest.id)}>
          <i aria-hidden="true" />
          {t('w.arrived', { count: fresh.length })}
        </button>
      )}
    </>
  );
}

function SoundSwitch(): ReactNode {
  const { t } = useTranslation('screening');
  const [silent, toggle] = useSilent();
  const words = t(silent ? 'w.silent' : 'w.sound');
  return (
    <button type="button" className="tk-ib" aria-label={words} title={words} onClick={toggle}>
      <Icon name={silent ? 'silent' : 'sound'} size={18} />
    </button>
  );
}

interface CountsProps {
  counters: Counters;
  more: boolean;
  loaded: boolean;
  filter: Filter;
  nowMs: number;
  onFilter: (f: Filter) => void;
}

/** The counters are the filters. */
function Counts({ counters: c, more, loaded, filter, nowMs, onFilter }: CountsProps): ReactNode {
  const { t } = useTranslation('screening');
  const shell = useTranslation('shell').t;
  const moment = (ms: number): string => momentOf(ms, nowMs, { today: shell('today'), yesterday: shell('yesterday') });
  const sub: Record<Filter, string> = {
    open: t('w.count.openSub', { count: c.soon }),
    requested: c.oldestWaitMs === null ? t('w.count.requestedNone') : t('w.count.requestedSub', { time: moment(c.oldestWaitMs) }),
    overdue: c.longestLateMs === null ? t('w.count.overdueNone') : t('w.count.overdueSub', { time: lengthOf(c.longestLateMs) }),
    done: c.medianDoneMs === null ? t('w.count.doneNone') : t('w.count.doneSub', { time: lengthOf(c.medianDoneMs) }),
  };
  return (
    <div className="sw-counts" role="group" aria-label={t('w.count.list')}>
      {kFilters.map((f) => (
        <button key={f} type="button" aria-pressed={f === filter} onClick={() => onFilter(f)}>
          <span className="sw-count-t">
            {t(`w.count.${f}`)}
            {f === filter && <span className="sw-count-on">{t('w.count.on')}</span>}
          </span>
          <b>{loaded ? `${c[f]}${more ? '+' : ''}` : '–'}</b>
          <span className="tk-sub tk-cut">{loaded ? sub[f] : ''}</span>
        </button>
      ))}
    </div>
  );
}

interface BodyProps {
  view: BoardView;
  rows: Row[];
  filter: Filter;
  board: Board;
  nowMs: number;
  taskId: string;
  me: string;
  onOpen: (id: string) => void;
}

function ListBody(p: BodyProps): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  if (!p.view.loaded) {
    return <div className="sw-body">{p.view.failure ? <Failed failure={p.view.failure} onRetry={() => void p.board.load()} /> : <Skeleton lines={9} />}</div>;
  }
  return (
    <div className="sw-body" tabIndex={-1}>
      {p.view.failure && (
        <p className="sw-failed" role="alert">
          <Icon name="info" size={16} />
          <span className="tk-grow">{failureText(p.view.failure)}</span>
          <button type="button" className="tk-btn tk-s" onClick={() => void p.board.load()}>
            {t('again', { ns: 'shell' })}
          </button>
        </p>
      )}
      {p.rows.length === 0 ? (
        <Empty icon={p.filter === 'overdue' ? 'clock' : 'check'} title={t(`w.empty.${p.filter}`)}>
          {(p.filter === 'open' || p.filter === 'done') && <p className="tk-sub">{t(`w.empty.${p.filter}Hint`)}</p>}
        </Empty>
      ) : (
        <TaskTable rows={p.rows} fresh={p.view.fresh} nowMs={p.nowMs} taskId={p.taskId} done={p.filter === 'done'} onOpen={p.onOpen} />
      )}
    </div>
  );
}

function Foot(props: { view: BoardView; count: number; lostAt: number | null; onMore: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const shell = useTranslation('shell').t;
  return (
    <div className="sw-foot">
      <span>{props.view.loaded ? t(props.view.more ? 'w.footSome' : 'w.foot', { total: props.view.more ? `${props.count}+` : props.count, shown: props.count }) : ''}</span>
      {props.lostAt !== null && <b>{shell('live.lost', { time: clockOf(props.lostAt, true) })}</b>}
      {props.view.more && (
        <button type="button" className="tk-btn tk-s" disabled={props.view.loading} onClick={props.onMore}>
          {t('w.more')}
        </button>
      )}
      <span className="tk-grow" />
      <span>
        <kbd>J</kbd> <kbd>K</kbd> {t('w.keys.move')}　<kbd>Enter</kbd> {t('w.keys.open')}　<kbd>Esc</kbd> {t('w.keys.close')}
      </span>
    </div>
  );
}
