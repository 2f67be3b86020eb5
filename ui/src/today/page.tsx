// The first page at work: what needs me now, of all businesses in one list, by its time limit; each leads to where it is done.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { parts } from 'virtual:tk-parts/today';
import { DueChip } from '../components/case/case';
import { dueKind } from '../components/case/due';
import { Icon, Severity } from '../components/icon';
import { Changed } from '../components/list/list';
import { useListKeys } from '../components/list_keys';
import { Empty, Failed, Skeleton, useFailureText } from '../components/states';
import { asFailure } from '../fhir/http';
import { areaOf } from '../fhir/person';
import { clockOf } from '../fhir/time';
import type { Patient } from '../fhir/types';
import { peopleOf } from '../person/people';
import { PersonCell } from '../person/person_cell';
import { titleIn } from '../shell/i18n';
import { useInbox } from '../shell/inbox';
import { mayUse } from '../shell/pages';
import { useRecordAddress } from '../shell/record_link';
import { Link, usePath } from '../shell/router';
import { fhir, may, useSession } from '../shell/session';
import { tasksToday } from '../tasks/today';
import { askAll, type Today, type TodayRow } from './today';
import './today.css';
import './words';

const kGroups = ['late', 'soon', 'rest', 'none'] as const;
const kTickMs = 15_000;
const kLive = ['Task', 'AlertReceipt'] as const;

export default function TodayPage(): ReactNode {
  const { t } = useTranslation('today');
  const session = useSession();
  const asked = useQuery({
    queryKey: ['today', session.account], staleTime: 0,
    queryFn: async ({ signal }): Promise<{ today: Today; people: Map<string, Patient> }> => {
      const usable = parts.filter((part) => mayUse(session, part));
      const sources = await Promise.all(usable.map(async (part) => ({ app: part.app, ask: (await part.load()).default })));
      const own = may(session, 'read', 'Task') ? [{ app: 'tasks', ask: tasksToday }] : [];
      const today = await askAll([...own, ...sources], { fhir, session, nowMs: Date.now(), signal });
      return { today, people: await peopleOf(fhir, today.rows.map((row) => row.patient), signal) };
    },
  });
  const again = (): void => void asked.refetch();
  useListKeys({ rows: '.td-row a', table: '.td', onClose: () => undefined });
  return (
    <main id="main" className="td" tabIndex={-1}>
      <header className="td-head">
        <h1>{t('title')}</h1>
        <span className="tk-sub">{t('lead')}</span>
        <span className="tk-grow" />
        {asked.data && <span className="tk-sub">{t('list.asOf', { ns: 'parts', time: clockOf(asked.dataUpdatedAt, true) })}</span>}
        <button type="button" className="tk-btn tk-quiet tk-s" aria-disabled={asked.isFetching} onClick={again}>
          <Icon name="again" size={14} />
          {t('list.again', { ns: 'parts' })}
        </button>
        <Changed asOf={asked.dataUpdatedAt} types={kLive} onLoad={again} />
      </header>
      {asked.isPending && <Skeleton lines={8} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={again} />}
      {asked.data && <Shown {...asked.data} again={again} />}
    </main>
  );
}

function Shown({ today, people, again }: { today: Today; people: Map<string, Patient>; again: () => void }): ReactNode {
  const { t } = useTranslation('today');
  const failureText = useFailureText();
  const nowMs = useNow();
  const unread = useInbox(true).total;
  const path = usePath();
  const grouped = kGroups.map((group) => ({ group, rows: today.rows.filter((row) => dueKind(row.dueMs, nowMs) === group) })).filter(({ rows }) => rows.length > 0);
  return (
    <>
      {today.failed.map(({ app, failure }) => (
        <p key={app} className="tk-note-ink" role="alert">
          {t('partFailed')} {failureText(failure)}
          <button type="button" className="tk-btn tk-s" onClick={again}>
            {t('again', { ns: 'shell' })}
          </button>
        </p>
      ))}
      {unread > 0 && (
        <p className="td-notices">
          <Icon name="bell" size={16} />
          <Link to={`${path.slice(0, path.indexOf('/', 1))}/inbox`}>{t('notices', { count: unread })}</Link>
        </p>
      )}
      {grouped.length === 0 && today.failed.length === 0 && (
        <Empty icon="check" title={t('nothing')}>
          <p className="tk-sub">{t('nothingHint')}</p>
        </Empty>
      )}
      {grouped.map(({ group, rows }) => (
        <section key={group} className="td-group" aria-labelledby={`td-${group}`}>
          <h2 id={`td-${group}`}>
            {t(`group.${group}`)} <span>{rows.length}</span>
          </h2>
          <ul>
            {rows.map((row) => (
              <Row key={row.reference} row={row} patient={people.get(row.patient ?? '') ?? null} nowMs={nowMs} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Row({ row, patient, nowMs }: { row: TodayRow; patient: Patient | null; nowMs: number }): ReactNode {
  const { t } = useTranslation('today');
  const found = useRecordAddress()(row.reference);
  const path = usePath();
  const address = row.at ? path.slice(0, path.indexOf('/', 1)) + row.at : found;
  const inside = (
    <>
      <span className="td-due">
        <DueChip dueMs={row.dueMs} nowMs={nowMs} />
      </span>
      <span className="td-what">
        {row.grave && (
          <>
            <Severity level="high" size={16} />
            <span className="tk-vh">{t('grave')}</span>
          </>
        )}
        <b className="tk-cut">{titleIn(row.what)}</b>
      </span>
      <span className="td-who">{row.patient !== null && <PersonCell patient={patient} />}</span>
      <span className="tk-sub tk-cut td-area">{(patient && areaOf(patient)?.name) ?? ''}</span>
    </>
  );
  return <li className="td-row">{address === null ? <span>{inside}</span> : <Link to={address}>{inside}</Link>}</li>;
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), kTickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
