// The daily reports that are kept, each to be fetched as it was made, with the days that have none; and what became of the tables that one has sent.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Severity } from '@tk/components/icon';
import { Empty, Failed, Skeleton, useFailureText } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { clockOf, dayOf, parseTime } from '@tk/fhir/time';
import { may, useSession } from '@tk/shell/session';
import { makeReport } from '../city/figures';
import { ForCommand } from '../city/for_command';
import { askKept, askSent, clockOfMinute, type DayRow, daysOf, type Sent } from './kept';
import './kept.css';

const kDayMs = 86_400_000;
const kLookMs = 5_000;
const kKey = ['screening', 'kept'];

export default function KeptPage(): ReactNode {
  return (
    <ForCommand>
      <Reports />
    </ForCommand>
  );
}

const when = (at: string | null): string => {
  const ms = parseTime(at ?? undefined);
  return ms === null ? '' : `${dayOf(ms)} ${clockOf(ms)}`;
};

function Reports(): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const asked = useQuery({ queryKey: kKey, queryFn: ({ signal }) => askKept(signal), staleTime: 0 });
  const rows = daysOf(asked.data?.reports ?? [], dayOf(Date.now() - kDayMs));
  const missing = rows.filter((row) => row.made === null).length;
  return (
    <main id="main" className="kr" tabIndex={-1}>
      <header>
        <h1>{t('k.title')}</h1>
        <p className="tk-sub">{asked.data && t(asked.data.minute < 0 ? 'k.byHand' : 'k.byItself', { time: clockOfMinute(Math.max(0, asked.data.minute)) })}</p>
      </header>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && !asked.error && <Skeleton lines={6} />}
      {asked.data && rows.length === 0 && (
        <Empty icon="info" title={t('k.none')}>
          <p className="tk-sub">{t('k.noneHint')}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <section>
          <h2>
            {t('k.reports')} <small>{t(missing === 0 ? 'k.whole' : 'k.gaps', { count: missing })}</small>
          </h2>
          <table className="kr-table">
            <thead>
              <tr>
                <th>{t('k.day')}</th>
                <th>{t('k.made')}</th>
                <th>{t('k.fetch')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Day key={row.day} row={row} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {may(session, 'call', 'screening-import') && <Tables />}
    </main>
  );
}

function Day({ row }: { row: DayRow }): ReactNode {
  const { t } = useTranslation('screening');
  const text = useFailureText();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const make = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem('');
    try {
      await makeReport(row.day);
      await queries.invalidateQueries({ queryKey: kKey });
    } catch (e) {
      setProblem(text(asFailure(e)));
    }
    setBusy(false);
  };
  return (
    <tr>
      <th scope="row">{row.day}</th>
      <td>{row.made === null ? t('k.notMade') : when(row.made)}</td>
      <td>
        {row.made === null ? (
          <button type="button" className="tk-btn tk-s" aria-disabled={busy} aria-label={t('k.makeOf', { day: row.day })} onClick={() => void make()}>
            {t(busy ? 'c.making' : 'c.make')}
          </button>
        ) : (
          (['xlsx', 'pdf'] as const).map((form) => (
            <a key={form} href={`/app/screening/daily/${row.day}/${form}`} aria-label={`${row.day} ${t(`k.form.${form}`)}`} download>
              {t(`k.form.${form}`)}
            </a>
          ))
        )}
        {problem !== '' && <span role="alert">{problem}</span>}
      </td>
    </tr>
  );
}

const kOpen = ['waiting', 'running'];

function Tables(): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const number = new Intl.NumberFormat(i18n.language);
  const asked = useQuery({ queryKey: ['screening', 'sent'], queryFn: ({ signal }) => askSent(signal), staleTime: 0, refetchInterval: (query) => (query.state.data?.some((one) => kOpen.includes(one.state)) ? kLookMs : false) });
  const level = (one: Sent): 'caution' | 'notice' | 'fine' => (one.state === 'failed' ? 'caution' : one.state === 'done' ? (one.refused > 0 ? 'caution' : 'fine') : 'notice');
  return (
    <section>
      <h2>
        {t('k.tables')} <small>{t('k.tablesHint')}</small>
      </h2>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.data?.length === 0 && <p className="tk-sub">{t('k.noTables')}</p>}
      {asked.data && asked.data.length > 0 && (
        <table className="kr-table">
          <thead>
            <tr>
              <th>{t('k.sent')}</th>
              <th>{t('k.state')}</th>
              <th>{t('k.rows')}</th>
              <th>{t('k.refused')}</th>
            </tr>
          </thead>
          <tbody>
            {asked.data.map((one) => (
              <tr key={one.id}>
                <th scope="row">{when(one.sent)}</th>
                <td className="kr-state">
                  <Severity level={level(one)} size={16} />
                  {t(`k.states.${one.state}`)}
                  {!one.kept && `　${t('k.looked')}`}
                  {one.error && `　${one.error}`}
                </td>
                <td>{number.format(one.rows)}</td>
                <td>
                  {number.format(one.refused)}{' '}
                  {one.refused > 0 && one.state === 'done' && (
                    <a href={`/app/screening/imports/${one.id}/bad-rows`} download>
                      {t('k.bad')}
                    </a>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
