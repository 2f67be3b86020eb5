// The list itself: dense rows, the reason and its rule, the time limit in one language.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '@tk/components/icon';
import { ageOn, maskName, nameOf } from '@tk/fhir/person';
import { clockOf, dayOf, lengthOf } from '@tk/fhir/time';
import { useSession } from '@tk/shell/session';
import { dueOf, isOpen, ownerOf, type Row } from './model';

interface TableProps {
  rows: Row[];
  fresh: ReadonlySet<string>;
  nowMs: number;
  taskId: string;
  done: boolean;
  onOpen: (id: string) => void;
}

export function TaskTable(p: TableProps): ReactNode {
  const { t } = useTranslation('screening');
  return (
    <table className="sw-table">
      <caption className="tk-vh">{t('w.title')}</caption>
      <thead>
        <tr>
          <th className="c-person">{t('w.col.person')}</th>
          <th>{t('w.col.reason')}</th>
          <th className="c-area">{t('w.col.area')}</th>
          <th className="c-raised">{t('w.col.raised')}</th>
          <th className="c-owner">{t('w.col.owner')}</th>
          <th className="c-due" aria-sort={p.done ? undefined : 'ascending'}>
            {t('w.col.due')}
          </th>
          <th className="c-status">{t('w.col.status')}</th>
        </tr>
      </thead>
      <tbody>
        {p.rows.map((r) => (
          <TaskRow key={r.id} row={r} fresh={p.fresh.has(r.id)} nowMs={p.nowMs} current={r.id === p.taskId} onOpen={p.onOpen} />
        ))}
      </tbody>
    </table>
  );
}

function TaskRow({ row, fresh, nowMs, current, onOpen }: { row: Row; fresh: boolean; nowMs: number; current: boolean; onOpen: (id: string) => void }): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const owner = ownerOf(row.task, session);
  // The rule's own sentence is long and stands in the detail; a temperature says the same in two words.
  const reason = row.value === null ? (row.task.reasonCode?.text ?? row.task.code?.text ?? '') : t('w.detail.fever');
  const raised = row.raisedMs === null ? '' : (dayOf(row.raisedMs) === dayOf(nowMs) ? '' : dayOf(row.raisedMs).slice(5) + ' ') + clockOf(row.raisedMs);
  return (
    <tr className={current ? 'cur' : undefined} data-id={row.id} onClick={() => onOpen(row.id)}>
      <td>
        <span className="sw-cell">
          <button
            type="button"
            className="sw-open"
            aria-current={current}
            onClick={(e) => {
              e.stopPropagation();
              onOpen(row.id);
            }}
          >
            <Person row={row} />
          </button>
        </span>
      </td>
      <td>
        <span className="sw-oneline">
          {/* The figure is what the list is for: it comes first and is never cut, whatever stands beside it. */}
          <span className="sw-cell">
            {row.value !== null && <b className="sw-figure">{row.value.toFixed(1)} ℃</b>}
            {fresh && <span className="sw-new">{t('w.fresh')}</span>}
            <span className="tk-cut" title={reason}>
              {reason}
            </span>
          </span>
          <span className="tk-sub sw-rule">{row.rule?.id ?? t('w.noRule')}</span>
        </span>
      </td>
      <td className="tk-cut" title={row.area ?? undefined}>
        {row.area ?? <span className="tk-sub">{row.patient === undefined ? '' : t('w.noArea')}</span>}
      </td>
      <td>{raised}</td>
      <td className="tk-cut">{owner ? owner.mine ? <b>{t('w.me')}</b> : maskName(owner.name) : <span className="tk-sub">{t('w.noOwner')}</span>}</td>
      <td>
        <Due dueMs={row.dueMs} nowMs={nowMs} over={!isOpen(row.task)} />
      </td>
      <td>
        <Status status={row.task.status} />
      </td>
    </tr>
  );
}

/** Masked name, sex and age; a word when the person may not be seen. */
export function Person({ row }: { row: Row }): ReactNode {
  const { t } = useTranslation('screening');
  if (row.patient === undefined) return <i className="sw-wait" />;
  if (row.patient === null) return <span className="tk-sub">{t('w.noPerson')}</span>;
  const age = ageOn(row.patient.birthDate, dayOf(Date.now()));
  return (
    <>
      <b className="tk-cut">{maskName(nameOf(row.patient)) || t('m.noName')}</b>
      <span className="tk-sub">
        {t(`sex.${row.patient.gender ?? 'unknown'}`)} {age ?? ''}
      </span>
    </>
  );
}

/** Overdue is a solid ink chip, due soon a clock in amber; neither borrows a shape of severity. */
export function Due({ dueMs, nowMs, over }: { dueMs: number | null; nowMs: number; over: boolean }): ReactNode {
  const { t } = useTranslation('screening');
  const due = dueOf(dueMs, nowMs);
  if (over) return <span className="tk-sub">{dueMs === null ? '' : clockOf(dueMs)}</span>;
  if (due.kind === 'none') return <span className="tk-sub">{t('w.due.none')}</span>;
  return (
    <span className={'sw-due sw-due-' + due.kind}>
      {due.kind === 'soon' && <Icon name="clock" size={14} />}
      {t(due.kind === 'late' ? 'w.due.over' : 'w.due.left', { time: lengthOf(due.ms) })}
    </span>
  );
}

const kStep: Record<string, number> = { requested: 1, received: 1, ready: 1, accepted: 2, 'in-progress': 2, 'on-hold': 2, completed: 3 };

export function Status({ status }: { status: string }): ReactNode {
  const { t } = useTranslation('screening');
  const step = kStep[status] ?? 0;
  return (
    <span className="sw-status">
      <span className="sw-pips" aria-hidden="true">
        {[1, 2, 3].map((n) => (
          <i key={n} className={n < step ? 'a' : n === step ? 'b' : undefined} />
        ))}
      </span>
      {t(`w.status.${status}`, { defaultValue: status })}
    </span>
  );
}

export function FeverTag({ show }: { show: boolean }): ReactNode {
  const { t } = useTranslation('screening');
  if (!show) return null;
  return (
    <span className="sw-tag">
      <Severity level="high" size={14} />
      {t('w.detail.fever')}
    </span>
  );
}

