// A list at a desk: counters that filter, search, choices, an order, columns and views of one's own, several at once, a table that leaves; one page of rows at a time.
// The URL holds filter, order and choices; what is searched for stays out of it. Keyboard: J and K move, Enter opens, X marks, / searches, Esc closes.
// States: loading, nothing there, nothing fits, failed, and rows of before while the server cannot be reached.
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure } from '../../fhir/http';
import { clockOf, dayOf } from '../../fhir/time';
import { useLive } from '../../live/use_live';
import { useSession } from '../../shell/session';
import { Icon, type IconName } from '../icon';
import { useListKeys } from '../list_keys';
import { Empty, Failed, Skeleton, useFailureText } from '../states';
import '../words';
import { BulkBar } from './bulk';
import { type BulkDeed, type Choice, type Column, type ListQuery, type ListSource, shownColumns, tableText } from './model';
import { save } from './save';
import { ListTable } from './table';
import { Columns, Views } from './tools';
import { type ListData, type ListState, useListData, useListState } from './use_list';
import { deviceStore, type Kept, readKept, writeKept } from './views';
import './list.css';

export interface ListProps<Row> {
  id: string; // names what is kept on the device
  title: string;
  source: ListSource<Row>;
  columns: Column<Row>[];
  rowId: (row: Row) => string;
  rowLabel: (row: Row) => string; // heard where a row is marked
  current: string;
  onOpen: (row: Row) => void;
  onClose: () => void;
  counters?: readonly { id: string; label: string }[]; // the first is the one without a filter
  counted?: boolean; // false: they filter, and the source counts nothing
  picks?: readonly Choice[];
  search?: string; // label of the search field
  actions?: ReactNode;
  bulk?: readonly BulkDeed<Row>[];
  empty: { icon: IconName; title: string; hint?: string };
  file?: string; // name of the table that leaves; without: it stays
  live?: readonly string[]; // types of which changes are announced; nothing moves until they are loaded
}

const kNoPicks: readonly Choice[] = [];
const kNoDeeds: readonly BulkDeed<never>[] = [];

export function List<Row>(p: ListProps<Row>): ReactNode {
  const account = useSession().account;
  const state = useListState(p.counters?.[0]?.id ?? '', p.picks ?? kNoPicks);
  const data = useListData(p.source, state.query);
  const [kept, setKept] = useState<Kept>(() => readKept(deviceStore(), account, p.id));
  const [marked, setMarked] = useState<ReadonlyMap<string, Row>>(new Map());
  const keep = (next: Kept): void => {
    setKept(next);
    writeKept(deviceStore(), account, p.id, next);
  };
  const deeds = p.bulk ?? (kNoDeeds as readonly BulkDeed<Row>[]);
  const rows = useMemo(() => data.page?.rows ?? [], [data.page]);
  const columns = shownColumns(p.columns, kept.columns);
  const mark = (row: Row): void => {
    const next = new Map(marked);
    if (!next.delete(p.rowId(row))) next.set(p.rowId(row), row);
    setMarked(next);
  };
  const markAll = (): void => {
    const all = rows.every((row) => marked.has(p.rowId(row)));
    const next = new Map(marked);
    for (const row of rows) all ? next.delete(p.rowId(row)) : next.set(p.rowId(row), row);
    setMarked(next);
  };
  const searchId = `ls-search-${p.id}`;
  useListKeys({
    rows: '.ls-open', table: '.ls-table', search: p.search === undefined ? undefined : '#' + searchId, onClose: p.onClose,
    onMark: deeds.length === 0 ? undefined : (id) => rows.filter((row) => p.rowId(row) === id).forEach(mark),
  });
  return (
    <section className="ls" aria-label={p.title}>
      <Head {...p} state={state} searchId={searchId} />
      {p.counters && <Counters counters={p.counters} counts={data.counts} shown={state.query.show} onShow={state.setShow} title={p.title} counted={p.counted !== false} />}
      <div className="ls-tools">
        <AsOf data={data} />
        {p.live && <Changed asOf={data.asOf} types={p.live} onLoad={data.again} />}
        <span className="tk-grow" />
        <Views kept={kept} query={state.query} onKeep={keep} onOpen={(view) => { state.setShow(view.show); state.setSort(view.sort); for (const pick of p.picks ?? kNoPicks) state.setPick(pick.name, view.picks[pick.name] ?? ''); }} />
        <Columns columns={p.columns} shown={columns} onChoose={(ids) => keep({ ...kept, columns: ids })} />
        {p.file && <Export file={p.file} columns={columns} source={p.source} query={state.query} />}
      </div>
      <div className="ls-body" tabIndex={-1} aria-busy={data.stale}>
        <Body data={data} empty={p.empty} state={state} />
        {rows.length > 0 && (
          <ListTable
            title={p.title} columns={columns} rows={rows} rowId={p.rowId} rowLabel={p.rowLabel} current={p.current} onOpen={p.onOpen} sort={state.query.sort} total={data.total} onSort={state.setSort}
            marked={deeds.length === 0 ? null : new Set(marked.keys())} onMark={mark} onMarkAll={markAll}
          />
        )}
      </div>
      {deeds.length > 0 && <BulkBar deeds={deeds} rows={[...marked.values()]} label={p.rowLabel} onClear={() => setMarked(new Map())} onDone={data.again} />}
      <Foot data={data} search={p.search !== undefined} marks={deeds.length > 0} />
    </section>
  );
}

function Head<Row>(p: ListProps<Row> & { state: ListState; searchId: string }): ReactNode {
  return (
    <div className="ls-head">
      <h1>{p.title}</h1>
      {p.search !== undefined && (
        <>
          <label className="tk-vh" htmlFor={p.searchId}>
            {p.search}
          </label>
          <input id={p.searchId} type="search" className="tk-input" placeholder={p.search} autoComplete="off" maxLength={64} value={p.state.typed} onChange={(e) => p.state.setTyped(e.target.value)} />
        </>
      )}
      {(p.picks ?? kNoPicks).map((pick) => (
        <select key={pick.name} className="tk-input" aria-label={pick.label} value={p.state.query.picks[pick.name] ?? ''} onChange={(e) => p.state.setPick(pick.name, e.target.value)}>
          <option value="">{pick.any}</option>
          {pick.options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.label}
            </option>
          ))}
        </select>
      ))}
      {p.actions}
    </div>
  );
}

interface CountersProps {
  title: string;
  counters: readonly { id: string; label: string }[];
  counts: Readonly<Record<string, number>> | undefined;
  shown: string;
  onShow: (show: string) => void;
  counted?: boolean;
}

/** The counters are the filters. */
export function Counters({ title, counters, counts, shown, onShow, counted = true }: CountersProps): ReactNode {
  return (
    <div className="ls-counts" role="group" aria-label={title}>
      {counters.map((each) => (
        <button key={each.id} type="button" aria-pressed={each.id === shown} onClick={() => onShow(each.id)}>
          <span>{each.label}</span>
          {counted && <b>{counts?.[each.id] ?? '–'}</b>}
        </button>
      ))}
    </div>
  );
}

function Body<Row>({ data, empty, state }: { data: ListData<Row>; empty: ListProps<Row>['empty']; state: ListState }): ReactNode {
  const { t } = useTranslation('parts');
  if (data.pending && !data.failure) return <Skeleton lines={9} />;
  if (!data.page) return data.failure && <Failed failure={data.failure} onRetry={data.again} />;
  if (data.page.rows.length > 0) return null;
  return (
    <Empty icon={empty.icon} title={state.narrowed ? t('list.nothingFits') : empty.title}>
      {state.narrowed ? (
        <button type="button" className="tk-btn" onClick={state.widen}>
          {t('list.showAll')}
        </button>
      ) : (
        empty.hint && <p className="tk-sub">{empty.hint}</p>
      )}
    </Empty>
  );
}

/** When this was so; and, when asking again failed, that it is of before. */
function AsOf<Row>({ data }: { data: ListData<Row> }): ReactNode {
  const { t } = useTranslation('parts');
  const text = useFailureText();
  if (!data.page) return null;
  return (
    <span className="ls-asof" role="status">
      {data.failure ? (
        <b>
          {text(data.failure)}　{t('list.asOf', { time: clockOf(data.asOf, true) })}
        </b>
      ) : (
        t('list.asOf', { time: clockOf(data.asOf, true) })
      )}
      <button type="button" className="tk-btn tk-quiet tk-s" disabled={data.busy} onClick={data.again}>
        <Icon name="again" size={14} />
        {t('list.again')}
      </button>
    </span>
  );
}

/** What has changed since the list was read; loaded when it is asked for, so that no row moves under the hand. */
export function Changed({ asOf, types, onLoad }: { asOf: number; types: readonly string[]; onLoad: () => void }): ReactNode {
  const { t } = useTranslation('parts');
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setIds(new Set()), [asOf]);
  useLive(types, { onChange: (c) => setIds((before) => new Set(before).add(`${c.type}/${c.id}`)), onSync: onLoad });
  return (
    <span role="status">
      {ids.size > 0 && (
        <button type="button" className="tk-btn tk-quiet tk-s ls-changed" onClick={onLoad}>
          <i aria-hidden="true" />
          {t('list.changed', { count: ids.size })}
        </button>
      )}
    </span>
  );
}

const kExportRowsMax = 10_000;

/** All that fits, page by page, at most kExportRowsMax rows; it says when there are more. */
function Export<Row>({ file, columns, source, query }: { file: string; columns: Column<Row>[]; source: ListSource<Row>; query: ListQuery }): ReactNode {
  const { t } = useTranslation('parts');
  const text = useFailureText();
  const [said, setSaid] = useState('');
  const running = useRef<AbortController | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => () => running.current?.abort(), []);
  const go = async (): Promise<void> => {
    if (busy) return running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setBusy(true);
    const rows: Row[] = [];
    try {
      for (let after: string | null = null, first = true; first || (after !== null && rows.length < kExportRowsMax); first = false) {
        const page: Awaited<ReturnType<typeof source.page>> = await source.page(query, after, control.signal);
        rows.push(...page.rows);
        after = page.next;
        setSaid(t('list.exporting', { count: rows.length }));
        if (after === null) break;
      }
      save(`${file}-${dayOf(Date.now())}.csv`, tableText(columns.map((c) => c.title), rows.slice(0, kExportRowsMax).map((row) => columns.map((c) => c.text(row)))));
      setSaid(t(rows.length >= kExportRowsMax ? 'list.exportedPart' : 'list.exported', { count: Math.min(rows.length, kExportRowsMax) }));
    } catch (e) {
      setSaid(control.signal.aborted ? '' : text(asFailure(e)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <span role="status" className="tk-sub">
        {said}
      </span>
      <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => void go()}>
        {t(busy ? 'list.stop' : 'list.export')}
      </button>
    </>
  );
}

function Foot<Row>({ data, search, marks }: { data: ListData<Row>; search: boolean; marks: boolean }): ReactNode {
  const { t } = useTranslation('parts');
  const n = data.page?.rows.length ?? 0;
  return (
    <div className="ls-foot">
      <span role="status">
        {n > 0 && (data.total === null ? t('list.rows', { from: data.from, to: data.from + n - 1 }) : t('list.rowsOf', { from: data.from, to: data.from + n - 1, total: data.total }))}
      </span>
      <span className="tk-grow" />
      <span className="ls-keys">
        <kbd>J</kbd> <kbd>K</kbd> {t('keys.move')}　{marks && <><kbd>X</kbd> {t('keys.mark')}　</>}<kbd>Enter</kbd> {t('keys.open')}　{search && <><kbd>/</kbd> {t('keys.search')}　</>}<kbd>Esc</kbd> {t('keys.close')}
      </span>
      {(data.hasBack || data.hasNext) && (
        <>
          <button type="button" className="tk-btn tk-s" disabled={!data.hasBack} onClick={data.back}>
            {t('list.back')}
          </button>
          <button type="button" className="tk-btn tk-s" disabled={!data.hasNext} onClick={data.next}>
            {t('list.next')}
          </button>
        </>
      )}
    </div>
  );
}
