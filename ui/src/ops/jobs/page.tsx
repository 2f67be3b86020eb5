// What works without being asked: rules, time limits and schedules, texts: how far each has read the log, what it did, what failed; the schedules that are loaded;
// and what the program said went wrong. For who runs the machines, who sees no record by it.
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Severity } from '../../components/icon';
import { Failed, Skeleton, useFailureText } from '../../components/states';
import { asFailure } from '../../fhir/http';
import { clockOf, momentOf, parseTime } from '../../fhir/time';
import { askPacks } from '../../packs/ask';
import { titleOf } from '../../packs/model';
import { Link } from '../../shell/router';
import { http, may, useSession } from '../../shell/session';
import { ForThose } from '../may_not';
import { failedOf, kWorkers, type Jobs, type Line, linesOf, wordsOf } from './model';
import './jobs.css';

const kLookMs = 5_000;

export default function Page(): ReactNode {
  return (
    <ForThose call="metrics" title="jobs.title">
      <Working />
    </ForThose>
  );
}

async function askJobs(signal?: AbortSignal): Promise<Jobs> {
  const told = (await http.send<Jobs>('GET', '/admin/jobs', { signal })).body;
  return told ?? { t: 0, told: [] };
}

function Working(): ReactNode {
  const { t } = useTranslation('ops');
  const text = useFailureText();
  const asked = useQuery({ queryKey: ['jobs'], queryFn: ({ signal }) => askJobs(signal), refetchInterval: kLookMs, staleTime: 0 });
  const now = asked.data;
  return (
    <main id="main" className="jb" tabIndex={-1}>
      <header>
        <h1>{t('jobs.title')}</h1>
        {now && <State jobs={now} />}
        <p className="tk-sub" role="status">
          {asked.error && now ? text(asFailure(asked.error)) + '　' : ''}
          {now && t('jobs.asOf', { time: clockOf(asked.dataUpdatedAt, true) })}
        </p>
      </header>
      {!now && asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {!now && !asked.error && <Skeleton lines={6} />}
      {now && <Workers jobs={now} />}
      {now && <Schedules />}
      {now && <Troubles lines={now.told} />}
    </main>
  );
}

function State({ jobs }: { jobs: Jobs }): ReactNode {
  const { t } = useTranslation('ops');
  const failed = failedOf(jobs);
  return (
    <p className="jb-state">
      <Severity level={failed === 0 ? 'fine' : 'caution'} size={20} />
      <b>{failed === 0 ? t('jobs.fine') : t('jobs.failed', { count: failed })}</b>
    </p>
  );
}

function Workers({ jobs }: { jobs: Jobs }): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <section>
      <h2>
        {t('jobs.workers')} <small>{t('jobs.sinceStart')}</small>
      </h2>
      <table className="jb-table">
        <thead>
          <tr>
            <th>{t('jobs.what')}</th>
            <th>{t('jobs.lag')}</th>
            <th>{t('jobs.did')}</th>
            <th>{t('jobs.bad')}</th>
          </tr>
        </thead>
        <tbody>
          {kWorkers.map((name) => {
            const worker = jobs[name];
            if (!worker) return null;
            const lag = Math.max(0, jobs.t - worker.t);
            return (
              <tr key={name}>
                <th scope="row">{t(`jobs.worker.${name}`)}</th>
                <td>{lag === 0 ? t('jobs.noLag') : t('jobs.lagBy', { count: lag })}</td>
                <td>{wordsOf(worker).map(([what, count]) => t(`jobs.number.${what}`, { n: number.format(count) })).join('　')}</td>
                <td>
                  {(worker['failed'] ?? 0) + (worker['too_deep'] ?? 0) === 0 ? (
                    t('jobs.none')
                  ) : (
                    <span className="jb-bad">
                      <Severity level="caution" size={16} />
                      {[['failed', worker['failed']], ['too_deep', worker['too_deep']]].filter(([, n]) => n).map(([what, n]) => t(`jobs.number.${String(what)}`, { n: number.format(Number(n)) })).join('　')}
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="tk-sub">
        {t('jobs.indexes')} <Link to="/ops/health">{t('health.title')}</Link>
      </p>
    </section>
  );
}

/** What is done again and again, or at a time: the schedules of the packs, each at its text. */
function Schedules(): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const mayLook = may(useSession(), 'call', 'packs');
  const asked = useQuery({ queryKey: ['packs'], queryFn: ({ signal }) => askPacks(signal), staleTime: 60_000, enabled: mayLook });
  if (!mayLook) return null;
  const rows = (asked.data ?? []).flatMap((pack) => pack.parts.filter(({ part }) => part === 'schedules').map((part) => ({ pack, part })));
  return (
    <section>
      <h2>{t('jobs.schedules')}</h2>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && !asked.error && <Skeleton lines={3} />}
      {asked.data && rows.length === 0 && <p className="tk-sub">{t('jobs.noSchedules')}</p>}
      <ul className="jb-schedules">
        {rows.map(({ pack, part }) => (
          <li key={`${pack.id} ${part.name}`}>
            <Link to={`/ops/packs?pack=${pack.id}&file=schedules/${part.name}`}>{titleOf(part.title, i18n.language, part.id ?? part.name)}</Link>
            <small>{titleOf(pack.title, i18n.language, pack.id)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Troubles({ lines }: { lines: Line[] }): ReactNode {
  const { t } = useTranslation('ops');
  const [find, setFind] = useState('');
  const wanted = find.trim().toLowerCase();
  const shown = linesOf(lines).filter((line) => `${line.event} ${line.text}`.toLowerCase().includes(wanted));
  const words = { today: t('jobs.today'), yesterday: t('jobs.yesterday') };
  return (
    <section>
      <div className="jb-head">
        <h2>
          {t('jobs.told')} <small>{t('jobs.toldHint')}</small>
        </h2>
        <label className="tk-vh" htmlFor="jb-find">
          {t('jobs.find')}
        </label>
        <input id="jb-find" type="search" className="tk-input" placeholder={t('jobs.find')} autoComplete="off" value={find} onChange={(e) => setFind(e.target.value)} />
      </div>
      {shown.length === 0 && <p className="tk-sub">{t(lines.length === 0 ? 'jobs.nothingTold' : 'jobs.nothingFits')}</p>}
      <ul className="jb-lines">
        {shown.map((line) => (
          <li key={line.key}>
            <span>{momentOf(parseTime(line.at) ?? 0, Date.now(), words)}</span>
            <span className="jb-level">
              <Severity level={line.level === 'error' ? 'high' : 'caution'} size={16} />
              {t(`jobs.level.${line.level}`, { defaultValue: line.level })}
            </span>
            <b>{line.event}</b>
            <span>{line.text}</span>
            {line.times > 1 && <small>{t('jobs.times', { count: line.times })}</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}
