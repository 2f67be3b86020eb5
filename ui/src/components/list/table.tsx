// The table of a list: one button opens each row, a box marks it, a title orders by it where the server can.
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Column, mayOrder, nextSort, sortOf } from './model';

export interface TableProps<Row> {
  title: string;
  columns: Column<Row>[];
  rows: Row[];
  rowId: (row: Row) => string;
  rowLabel: (row: Row) => string;
  current: string;
  onOpen: (row: Row) => void;
  sort: string;
  total: number | null;
  onSort: (sort: string) => void;
  marked: ReadonlySet<string> | null; // null: nothing can be done with several
  onMark: (row: Row) => void;
  onMarkAll: () => void;
}

export function ListTable<Row>(p: TableProps<Row>): ReactNode {
  const { t } = useTranslation('parts');
  const all = p.marked !== null && p.rows.length > 0 && p.rows.every((row) => p.marked?.has(p.rowId(row)));
  return (
    <table className="ls-table">
      <caption className="tk-vh">{p.title}</caption>
      <thead>
        <tr>
          {p.marked && (
            <th className="ls-col-mark">
              <input type="checkbox" className="ls-mark" checked={all} aria-label={t('list.markAll')} onChange={p.onMarkAll} />
            </th>
          )}
          {p.columns.map((c) => (
            <Title key={c.id} column={c} sort={p.sort} total={p.total} onSort={p.onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {p.rows.map((row) => (
          <RowOf key={p.rowId(row)} {...p} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Title<Row>({ column, sort, total, onSort }: { column: Column<Row>; sort: string; total: number | null; onSort: (sort: string) => void }): ReactNode {
  const how = sortOf(sort, column.sort);
  const of = column.sort;
  const name = `ls-w${column.width ?? 0}${column.narrow ? ' ls-narrow' : ''}`;
  if (of === undefined || !mayOrder(column, total, sort)) return <th className={name}>{column.title}</th>;
  return (
    <th className={name} aria-sort={how === 'none' ? undefined : how}>
      <button type="button" className="ls-sort" data-sort={how} onClick={() => onSort(nextSort(sort, of))}>
        {column.title}
      </button>
    </th>
  );
}

function RowOf<Row>(p: TableProps<Row> & { row: Row }): ReactNode {
  const { t } = useTranslation('parts');
  const id = p.rowId(p.row);
  const current = id === p.current;
  const marked = p.marked?.has(id) ?? false;
  return (
    <tr className={[current && 'cur', marked && 'marked'].filter(Boolean).join(' ') || undefined} onClick={() => p.onOpen(p.row)}>
      {p.marked && (
        <td onClick={(e) => e.stopPropagation()}>
          <input type="checkbox" className="ls-mark" checked={marked} aria-label={t('list.mark', { what: p.rowLabel(p.row) })} onChange={() => p.onMark(p.row)} />
        </td>
      )}
      {p.columns.map((c) => (
        <td key={c.id} className={c.narrow ? 'tk-cut ls-narrow' : 'tk-cut'}>
          {c.fixed ? <Opener id={id} current={current} onOpen={() => p.onOpen(p.row)} inside={c.cell(p.row)} /> : c.cell(p.row)}
        </td>
      ))}
    </tr>
  );
}

function Opener({ id, current, onOpen, inside }: { id: string; current: boolean; onOpen: () => void; inside: ReactNode }): ReactNode {
  return (
    <button
      type="button"
      className="ls-open"
      data-id={id}
      aria-current={current ? 'true' : undefined}
      onClick={(e) => {
        e.stopPropagation();
        onOpen();
      }}
    >
      {inside}
    </button>
  );
}
