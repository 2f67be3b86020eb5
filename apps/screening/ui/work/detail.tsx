// One task: where it stands, until when, on what evidence, what may be done now and what may not and why.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Empty, Skeleton, useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import { maskId, maskName, residentIdOf } from '@tk/fhir/person';
import { lengthOf, momentOf, parseTime } from '@tk/fhir/time';
import type { Observation, Task } from '@tk/fhir/types';
import { fhir, postOf, useSession } from '@tk/shell/session';
import { type Settings, symptomsIn, temperatureIn } from '../screening';
import type { Board } from './board';
import { Complete } from './complete';
import { closing, dueOf, isOpen, isWaiting, kAccept, type Move, type Outcome, ownerOf, readingIdOf, type Row } from './model';
import { Temperatures } from './temperatures';
import { FeverTag, Person } from './table';

interface DetailProps {
  row: Row | null;
  asked: boolean;
  loaded: boolean;
  failed: boolean;
  board: Board;
  settings: Settings | null;
  nowMs: number;
  onClose: () => void;
}

export function Detail(p: DetailProps): ReactNode {
  const { t } = useTranslation('screening');
  return (
    <section className="sw-detail" aria-label={t('w.detail.label')}>
      {p.row ? (
        <TaskDetail key={p.row.id} {...p} row={p.row} />
      ) : p.asked && !p.loaded ? (
        !p.failed && <Skeleton lines={8} />
      ) : (
        <Empty icon={p.asked ? 'info' : 'hand'} title={t(p.asked ? 'w.missing' : 'w.pick')}>
          {!p.asked && <p className="tk-sub">{t('w.pickHint')}</p>}
        </Empty>
      )}
    </section>
  );
}

const kIdShown = 8; // enough to tell tasks of a day apart when two people speak of one; the whole is its title

function useMoment(nowMs: number): (ms: number | null) => string {
  const { t } = useTranslation('shell');
  return (ms) => (ms === null ? '—' : momentOf(ms, nowMs, { today: t('today'), yesterday: t('yesterday') }));
}

function TaskDetail(p: DetailProps & { row: Row }): ReactNode {
  const { t } = useTranslation('screening');
  const { row } = p;
  const history = useQuery({
    queryKey: ['screening', 'history', row.id, row.task.meta?.versionId],
    staleTime: Infinity,
    queryFn: ({ signal }) => fhir.history<Task>('Task', row.id, signal),
  });
  const versions = history.data ?? [];
  const number = row.patient ? residentIdOf(row.patient) : '';
  return (
    <>
      <header className="sw-dh">
        <div className="sw-dh1">
          <h2>
            <Person row={row} />
          </h2>
          <FeverTag show={row.value !== null && p.settings !== null && row.value >= p.settings.fever_limit_cel} />
          <span className="tk-grow" />
          <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={p.onClose}>
            <Icon name="close" size={18} />
          </button>
        </div>
        <p className="tk-sub tk-cut">
          {number && <span>{maskId(number)}　</span>}
          {row.area ?? t('w.noArea')}　<span title={row.id}>{t('w.detail.id', { id: row.id.slice(0, kIdShown) })}</span>
        </p>
      </header>
      <Steps row={row} versions={versions} nowMs={p.nowMs} />
      <DueLine row={row} nowMs={p.nowMs} />
      <Evidence row={row} settings={p.settings} nowMs={p.nowMs} />
      <Actions row={row} board={p.board} />
      {row.task.statusReason?.text && (
        <div className="sw-sec">
          <h3>{t('w.detail.doneReason')}</h3>
          <p>{row.task.statusReason.text}</p>
        </div>
      )}
      {row.patient?.id && <Temperatures patientId={row.patient.id} readingId={readingIdOf(row.task)} limit={p.settings?.fever_limit_cel ?? null} nowMs={p.nowMs} />}
      <Log versions={versions} loading={history.isPending} failure={history.error ? asFailure(history.error) : null} nowMs={p.nowMs} />
    </>
  );
}

/** The first moment at which the task was in one of `states`. */
function firstAt(versions: Task[], states: string[]): number | null {
  const times = versions.filter((v) => states.includes(v.status)).map((v) => parseTime(v.meta?.lastUpdated) ?? Infinity);
  return times.length > 0 ? Math.min(...times) : null;
}

function Steps({ row, versions, nowMs }: { row: Row; versions: Task[]; nowMs: number }): ReactNode {
  const { t } = useTranslation('screening');
  const moment = useMoment(nowMs);
  const at = isWaiting(row.task) ? 0 : row.task.status === 'completed' ? 2 : 1;
  const taken = firstAt(versions, ['accepted', 'in-progress']);
  const times = [row.raisedMs, at >= 1 ? taken : null, at === 2 ? row.changedMs : null];
  return (
    <ol className="sw-steps">
      {(['raised', 'accepted', 'done'] as const).map((s, i) => (
        <li key={s} className={i < at ? 'a' : i === at ? 'b' : undefined} aria-current={i === at ? 'step' : undefined}>
          {t(`w.detail.steps.${s}`)}
          <span>{moment(times[i] ?? null)}</span>
        </li>
      ))}
    </ol>
  );
}

function DueLine({ row, nowMs }: { row: Row; nowMs: number }): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const moment = useMoment(nowMs);
  const due = dueOf(row.dueMs, nowMs);
  const owner = ownerOf(row.task, session);
  const who = owner ? (owner.mine ? t('w.me') : maskName(owner.name)) : t('w.noOwner');
  const kind = isOpen(row.task) ? due.kind : 'none';
  return (
    <p className="sw-dueline" data-kind={kind}>
      {kind === 'soon' && <Icon name="clock" size={16} />}
      {kind !== 'none' && <b>{t(kind === 'late' ? 'w.due.over' : 'w.due.left', { time: lengthOf(due.ms) })}</b>}
      <span className="tk-cut">{row.dueMs === null ? t('w.due.none') : t(kind === 'late' ? 'w.due.was' : 'w.due.by', { time: moment(row.dueMs) })}</span>
      <span className="tk-grow" />
      <span>
        {t('w.col.owner')} {who}
      </span>
    </p>
  );
}

/** The fact against the limit, the rule with its version, the source of the limit, since when. */
function Evidence({ row, settings, nowMs }: { row: Row; settings: Settings | null; nowMs: number }): ReactNode {
  const { t } = useTranslation('screening');
  const moment = useMoment(nowMs);
  const id = readingIdOf(row.task);
  // Read anew when a task is opened: a reading may have been marked as an error since the list was made.
  const q = useQuery({
    queryKey: ['screening', 'reading', id],
    enabled: id !== null,
    staleTime: 0,
    queryFn: ({ signal }) => fhir.read<Observation>('Observation', id ?? '', signal),
  });
  const reading = q.data ?? row.reading ?? null;
  const value = temperatureIn(reading ?? undefined) ?? row.value;
  const said = symptomsIn(reading ?? undefined);
  const measured = parseTime(reading?.effectiveDateTime);
  return (
    <div className="sw-sec">
      <h3>
        {t('w.detail.why')}
        <span className="tk-sub">{t('w.detail.whySub')}</span>
      </h3>
      <div className="sw-why">
        <b>{value === null ? t('w.detail.noFact') : settings ? t('w.detail.fact', { value: value.toFixed(1), limit: settings.fever_limit_cel.toFixed(1) }) : t('w.detail.factNoLimit', { value: value.toFixed(1) })}</b>
        <span>
          {measured === null ? '' : t('w.detail.since', { time: moment(measured) })}
          {said !== null && <>　{said.length === 0 ? t('w.detail.well') : t('w.detail.symptoms', { list: said.map((s) => t(`symptom.${s}`)).join(t('comma')) })}</>}
        </span>
        {row.task.reasonCode?.text && <span className="tk-sub">{t('w.detail.said', { text: row.task.reasonCode.text })}</span>}
        <span className="tk-sub">{row.rule ? t('w.detail.ruleVersion', { rule: row.rule.id, version: row.rule.version }) : t('w.noRule')}</span>
        {settings && <span className="tk-sub">{t('w.detail.source', { source: settings.source, edition: settings.edition, date: settings.date })}</span>}
        {reading?.status === 'entered-in-error' && (
          <span className="sw-voided" role="status">
            <Icon name="info" size={16} />
            {t('w.detail.voided')}
          </span>
        )}
      </div>
    </div>
  );
}

/** What may be done now; what may not, with its reason. */
function Actions({ row, board }: { row: Row; board: Board }): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const session = useSession();
  // The workflow says who may do what; what was said of the version before stands until it is asked again.
  const ways = useQuery({
    queryKey: ['screening', 'ways', row.id, row.task.meta?.versionId],
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => fhir.transitions('Task', row.id, signal),
  });
  return (
    <div className="sw-sec">
      <h3>{t('w.detail.acts')}</h3>
      {ways.isPending ? (
        <Skeleton lines={1} />
      ) : ways.data === undefined ? (
        <p className="sw-no">{t('w.detail.waysUnknown')}</p>
      ) : ways.data.length > 0 ? (
        <Steering row={row} board={board} />
      ) : (
        <p className="sw-no">
          <Icon name="lock" size={14} />
          {isOpen(row.task) ? (
            <span>
              <b>{t('w.detail.lockedBoth')}</b> {t('w.detail.lockedPost', { post: postOf(session, i18n.language) })}
            </span>
          ) : (
            t('w.detail.lockedDone')
          )}
        </p>
      )}
    </div>
  );
}

/** Taking and closing. Number keys do the same as the buttons. */
function Steering({ row, board }: { row: Row; board: Board }): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const session = useSession();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<'accept' | 'complete' | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asking, setAsking] = useState(false);
  const waiting = isWaiting(row.task);
  const open = isOpen(row.task);
  const owner = ownerOf(row.task, session);

  const change = async (what: 'accept' | 'complete', move: Move): Promise<boolean> => {
    setBusy(what);
    setFailure(null);
    try {
      board.put(await fhir.transition(row.task, move.code, move.reason, move.inputs));
      return true;
    } catch (e) {
      const f = asFailure(e);
      setFailure(f);
      if (f.kind === 'conflict' || f.kind === 'missing') board.touch(row.id, false);
      return false;
    } finally {
      setBusy(null);
      void queries.invalidateQueries({ queryKey: ['screening', 'history', row.id] });
    }
  };
  const accept = (): void => {
    if (waiting && !busy) void change('accept', kAccept);
  };
  const complete = async (outcome: Outcome, words: string, note: string): Promise<void> => {
    if (await change('complete', closing(outcome, words, note))) setAsking(false);
  };
  useNumberKeys({ '1': accept, '2': () => open && !waiting && !busy && setAsking(true) });

  return (
    <>
      {waiting && (
        <div className="sw-acts">
          <button type="button" className="tk-btn tk-pri" aria-disabled={busy !== null} onClick={accept}>
            <Icon name="hand" size={18} />
            {busy === 'accept' ? t('w.detail.accepting') : t('w.detail.accept')}
            <kbd>1</kbd>
          </button>
        </div>
      )}
      {open && !waiting && (
        <div className="sw-acts">
          <button type="button" className="tk-btn tk-pri" aria-disabled={busy !== null} onClick={() => setAsking(true)}>
            <Icon name="check" size={18} />
            {t('w.detail.complete')}
            <kbd>2</kbd>
          </button>
        </div>
      )}
      <p className="sw-no">
        {waiting && (
          <>
            <Icon name="lock" size={14} />
            <b>{t('w.detail.lockedComplete')}</b> {t('w.detail.lockedWhy')}
          </>
        )}
        {!open && t('w.detail.lockedDone')}
        {open && !waiting && owner && !owner.mine && t('w.detail.lockedOther', { who: maskName(owner.name) })}
      </p>
      <div role="alert">{failure && !asking && <p className="tk-note-ink">{failureText(failure)}</p>}</div>
      {asking && <Complete busy={busy === 'complete'} failure={failure} onDone={(o, w, n) => void complete(o, w, n)} onClose={() => setAsking(false)} />}
    </>
  );
}

function useNumberKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || (e.target as HTMLElement).closest('input, textarea, select, dialog')) return;
      const act = latest.current[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** Who made it what, latest first: the versions that the program kept. */
function Log({ versions, loading, failure, nowMs }: { versions: Task[]; loading: boolean; failure: Failure | null; nowMs: number }): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const moment = useMoment(nowMs);
  return (
    <div className="sw-sec sw-log">
      <h3>{t('w.detail.log')}</h3>
      {loading && <Skeleton lines={2} />}
      {failure && <p className="tk-sub">{failureText(failure)}</p>}
      <ol>
        {versions.map((v) => {
          const status = t(`w.status.${v.status}`, { defaultValue: v.status });
          return (
            <li key={v.meta?.versionId}>
              <span className="tk-sub">{moment(parseTime(v.meta?.lastUpdated))}</span>
              <span>{v.owner ? t('w.detail.logTo', { status, who: maskName(v.owner.display ?? '') }) : t('w.detail.logMade', { status })}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

