// An organization's page: how the day stands, who has not been reported, who is an exception and how far it is, who may come back; and its own tables, through the import wizard.
// The organization sees its own people by the names that it wrote. The URL holds day and list.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import '@tk/components/case/case.css';
import { NotForPost } from '@tk/components/case/one';
import { Dialog } from '@tk/components/dialog';
import { List } from '@tk/components/list/list';
import type { Column } from '@tk/components/list/model';
import { ImportWizard } from '@tk/components/wizard/wizard';
import { dayOf } from '@tk/fhir/time';
import { useParam } from '@tk/shell/router';
import { http, may, useSession } from '@tk/shell/session';
import { askDay, kLists, kMemberColumns, kReportColumns, rosterSource, type RosterRow, sheetPath } from './roster';
import './roster.css';
import './words';

const kReasons = ['fever', 'symptoms', 'travel', 'absent-ill', 'code', 'isolation'];

export default function RosterPage(): ReactNode {
  return may(useSession(), 'call', 'roster-keep') ? <Roster /> : <NotForPost />;
}

function useColumns(list: string): Column<RosterRow>[] {
  const { t } = useTranslation('roster');
  const said = (group: string, code: string): string => (code === '' ? '' : t(`${group}.${code}`, { defaultValue: code }));
  const plain = (id: keyof RosterRow & string, width?: number, words?: (row: RosterRow) => string): Column<RosterRow> => {
    const text = words ?? ((row: RosterRow): string => String(row[id]));
    return { id, title: t(`col.${id}`), cell: text, text, width };
  };
  const who: Column<RosterRow>[] = [{ ...plain('name', 148), fixed: true }, plain('unit'), plain('number', 96)];
  if (list === 'exceptions') {
    return [...who, plain('reasons', 180, (row) => row.reasons.map((one) => (kReasons.includes(one) ? t(`reason.${one}`) : one)).join(t('and'))), plain('temperature', 72), plain('healthCode', 96, (row) => said('code', row.healthCode)), plain('attendance', 96, (row) => said('attendance', row.attendance)), plain('followUp', 148, (row) => said('state', row.followUp))];
  }
  if (list === 'return') return [...who, plain('state', 148, (row) => said('state', row.state)), plain('lastException', 120), plain('from', 120), plain('missingDays', 120, (row) => (row.missingDays === '' ? '' : t('daysMore', { count: Number(row.missingDays) })))];
  return who;
}

function Roster(): ReactNode {
  const { t } = useTranslation('roster');
  const queries = useQueryClient();
  const today = dayOf(Date.now());
  const [day, setDay] = useParam('day', today);
  const [show] = useParam('show', kLists[0]);
  const [open, setOpen] = useState<'members' | 'reports' | null>(null);
  const source = useMemo(() => rosterSource(http, day), [day]);
  const columns = useColumns(show);
  const list = kLists.find((one) => one === show) ?? 'missing';
  const refresh = (): void => void queries.invalidateQueries({ queryKey: ['roster'] });
  return (
    <main id="main" className="cs-page ro" tabIndex={-1}>
      <Figures day={day} />
      <List
        id="roster" title={t('title')} source={source} columns={columns} rowId={(r) => r.key} rowLabel={(r) => r.name} current="" onOpen={() => setOpen('reports')} onClose={() => setOpen(null)}
        counters={kLists.map((one) => ({ id: one, label: t(`list.${one}`) }))} search={t('unit')}
        actions={
          <>
            <label className="ro-day">
              {t('day')}
              <input type="date" className="tk-input" value={day} max={today} onChange={(e) => e.target.value && setDay(e.target.value)} />
            </label>
            <a className="tk-btn" href={sheetPath(list, day, '')} download>
              {t('sheet')}
            </a>
            <button type="button" className="tk-btn" onClick={() => setOpen('members')}>
              {t('importMembers')}
            </button>
            <button type="button" className="tk-btn tk-pri" onClick={() => setOpen('reports')}>
              {t('importReports')}
            </button>
          </>
        }
        empty={{ icon: 'check', title: t(`none.${list}`), hint: t('noneHint') }}
      />
      {open && (
        <Dialog title={t(open === 'members' ? 'importMembers' : 'importReports')} onClose={() => setOpen(null)}>
          <div className="ro-import">
            <ImportWizard
              path={`/app/roster/${open}`} what={t(open === 'members' ? 'members' : 'reports')} columns={open === 'members' ? kMemberColumns : kReportColumns} hint={t(open === 'members' ? 'membersHint' : 'reportsHint')}
              templates={(['xlsx', 'csv'] as const).map((format) => ({ label: t('template', { format }), href: `/app/roster/template?of=${open}&format=${format}` }))} onDone={refresh}
            />
          </div>
        </Dialog>
      )}
    </main>
  );
}

/** How the day stands: the parts add up to the roster. */
function Figures({ day }: { day: string }): ReactNode {
  const { t } = useTranslation('roster');
  const asked = useQuery({ queryKey: ['roster', 'figures', day], queryFn: ({ signal }) => askDay(http, day, '', signal) });
  const figures = asked.data;
  if (!figures) return null;
  return (
    <dl className="ro-figures">
      {(['roster', 'reported', 'missing'] as const).map((name) => (
        <div key={name}>
          <dt>{t(`figure.${name}`)}</dt>
          <dd>{figures[name]}</dd>
        </div>
      ))}
      {kReasons
        .filter((reason) => (figures.exceptions[reason] ?? 0) > 0)
        .map((reason) => (
          <div key={reason}>
            <dt>{t(`reason.${reason}`)}</dt>
            <dd>{figures.exceptions[reason]}</dd>
          </div>
        ))}
    </dl>
  );
}
