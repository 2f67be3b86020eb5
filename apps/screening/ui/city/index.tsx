// The command's page of a day: what came in by channel, fevers and follow-ups, area by area; and the daily report. The URL holds the day.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Empty, Failed, Skeleton, useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import { clockOf, dayOf, parseTime } from '@tk/fhir/time';
import { useLive } from '@tk/live/use_live';
import { useParam } from '@tk/shell/router';
import { ForCommand } from './for_command';
import './city.css';
import { settled } from './settled';
import { type AreaFigures, arrange, askFigures, askReport, dayAsked, makeReport, moved, readingsOf } from './figures';

const kLiveTypes = ['Observation', 'Task'] as const;
const kSettleMs = 5_000;

export default function ScreeningCity(): ReactNode {
  return (
    <ForCommand>
      <Day />
    </ForCommand>
  );
}

function Day(): ReactNode {
  const { t } = useTranslation('screening');
  const today = dayOf(Date.now());
  const [asked, setDay] = useParam('day', today);
  const day = dayAsked(asked, today);
  const queries = useQueryClient();
  const told = useQuery({ queryKey: ['screening', 'figures', day], queryFn: ({ signal }) => askFigures(day, signal), staleTime: kSettleMs });
  // Counts of a whole city are not asked for at each single reading: at most once in some seconds, and only for the day that goes on.
  const [again] = useState(() => settled(() => void queries.invalidateQueries({ queryKey: ['screening', 'figures', today] }), kSettleMs));
  useLive(kLiveTypes, { onChange: again, onSync: again });
  const { areas, city } = useMemo(() => arrange(told.data ?? []), [told.data]);
  return (
    <main id="main" className="sc" tabIndex={-1}>
      <div className="sc-head">
        <h1>{t('c.title')}</h1>
        <button type="button" className="tk-ib" aria-label={t('c.before')} title={t('c.before')} onClick={() => setDay(moved(day, -1))}>
          <Icon name="back" size={18} />
        </button>
        <input type="date" aria-label={t('c.day')} className="tk-input" value={day} max={today} onChange={(e) => setDay(dayAsked(e.target.value, today))} />
        <button type="button" className="tk-btn tk-quiet" disabled={day === today} onClick={() => setDay(today)}>
          {t('c.today')}
        </button>
        <span className="tk-grow" />
        <span className="tk-sub">{told.dataUpdatedAt > 0 && (day === today ? t('c.asOf', { time: clockOf(told.dataUpdatedAt, true) }) : t('c.whole'))}</span>
      </div>
      {told.error && <Failed failure={asFailure(told.error)} onRetry={() => void told.refetch()} />}
      {told.isPending && <Skeleton lines={8} />}
      {city && <Totals city={city} />}
      {city && areas.length > 0 && <Areas areas={areas} city={city} />}
      {city && areas.length === 0 && (
        <Empty icon="info" title={t('c.noAreas')}>
          <p className="tk-sub">{t('c.noAreasHint')}</p>
        </Empty>
      )}
      {day < today && <DailyReport key={day} day={day} />}
    </main>
  );
}

const kTotals = ['readings', 'fever', 'opened', 'closed', 'open'] as const;
const kChannels = ['screener', 'self', 'organization'] as const;

function Totals({ city }: { city: AreaFigures }): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <dl className="sc-totals">
      {kTotals.map((key) => (
        <div key={key}>
          <dt>{t(`c.col.${key}`)}</dt>
          <dd>{number.format(key === 'readings' ? readingsOf(city) : city[key])}</dd>
          {key === 'readings' && <dd className="tk-sub">{kChannels.map((c) => `${t(`c.col.${c}`)} ${number.format(city[c])}`).join('　')}</dd>}
        </div>
      ))}
    </dl>
  );
}

function Areas({ areas, city }: { areas: AreaFigures[]; city: AreaFigures }): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const number = new Intl.NumberFormat(i18n.language);
  const most = Math.max(1, ...areas.map((a) => a.fever));
  const row = (a: AreaFigures): ReactNode => (
    <>
      {kChannels.map((c) => (
        <td key={c}>{number.format(a[c])}</td>
      ))}
      <td>{number.format(readingsOf(a))}</td>
      <td className="sc-fever">{number.format(a.fever)}</td>
      {(['opened', 'closed', 'open'] as const).map((c) => (
        <td key={c}>{number.format(a[c])}</td>
      ))}
    </>
  );
  return (
    <div className="sc-wide" tabIndex={0} role="region" aria-label={t('c.byArea')}>
      <table className="sc-table">
        <caption>{t('c.byArea')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('c.col.area')}</th>
            {[...kChannels, 'readings', 'fever', 'opened', 'closed', 'open'].map((c) => (
              <th key={c} scope="col">
                {t(`c.col.${c}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {areas.map((a) => (
            <tr key={a.code}>
              <th scope="row">
                {a.name || a.code}
                <svg className="sc-bar" viewBox={`0 0 ${most} 1`} preserveAspectRatio="none" aria-hidden="true">
                  <rect width={a.fever} height="1" />
                </svg>
              </th>
              {row(a)}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('c.city')}</th>
            {row(city)}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** Made once for a day that is over, and given out as it was made. */
function DailyReport({ day }: { day: string }): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const queries = useQueryClient();
  const key = ['screening', 'report', day];
  const report = useQuery({ queryKey: key, queryFn: ({ signal }) => askReport(day, signal) });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const make = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await makeReport(day);
      await queries.invalidateQueries({ queryKey: key });
    } catch (e) {
      setFailure(asFailure(e));
    }
    setBusy(false);
  };
  const made = parseTime(report.data?.made);
  return (
    <section className="sc-report" aria-labelledby="sc-report">
      <h2 id="sc-report">{t('c.report', { day })}</h2>
      {report.isPending && <Skeleton lines={1} />}
      {report.error && <Failed failure={asFailure(report.error)} onRetry={() => void report.refetch()} />}
      {report.data === null && (
        <>
          <p className="tk-sub">{t('c.notMade')}</p>
          <button type="button" className="tk-btn tk-pri" aria-disabled={busy} onClick={() => void make()}>
            {t(busy ? 'c.making' : 'c.make')}
          </button>
        </>
      )}
      {report.data && (
        <>
          <p className="tk-sub">{made !== null && t('c.made', { time: `${dayOf(made)} ${clockOf(made)}` })}</p>
          <a className="tk-btn" href={`/app/screening/daily/${day}/xlsx`} download>
            Excel
          </a>
          <a className="tk-btn" href={`/app/screening/daily/${day}/pdf`} download>
            PDF
          </a>
        </>
      )}
      {failure && (
        <p className="tk-problem" role="alert">
          {failureText(failure)}
        </p>
      )}
    </section>
  );
}
