// System health: is everything served, what needs doing, how far each index has read, the metrics. For who runs the machines, who sees no record by it.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../components/dialog';
import { Icon, Severity } from '../../components/icon';
import { Failed, Skeleton, useFailureText } from '../../components/states';
import { asFailure, Failure } from '../../fhir/http';
import { clockOf } from '../../fhir/time';
import { FormProblem } from '../../shell/field';
import { http, may, useSession } from '../../shell/session';
import { ForThose } from '../may_not';
import { metricsOf } from './metrics';
import './health.css';

interface View {
  view: string;
  state: string;
  t: number;
  t_wanted: number;
  progress: number;
}
interface Ready {
  ready: boolean;
  reasons: string[];
  views: View[];
}

const kLookMs = 5_000;

/** 503 tells the same as 200: it is not ready. */
async function askReady(signal?: AbortSignal): Promise<Ready> {
  const answer = await fetch('/ready', { signal, cache: 'no-store', credentials: 'same-origin' }).catch(() => null);
  if (!answer) throw new Failure('network', 0, '', '');
  if (answer.status !== 200 && answer.status !== 503) throw new Failure('broken', answer.status, '', '');
  return (await answer.json()) as Ready;
}

async function askMetrics(signal?: AbortSignal): Promise<string> {
  const answer = await fetch('/metrics', { signal, cache: 'no-store', credentials: 'same-origin' }).catch(() => null);
  if (!answer) throw new Failure('network', 0, '', '');
  if (!answer.ok) throw new Failure(answer.status === 403 ? 'forbidden' : 'broken', answer.status, '', '');
  return answer.text();
}

export default function Page(): ReactNode {
  return (
    <ForThose call="metrics" title="health.title">
      <Health />
    </ForThose>
  );
}

function Health(): ReactNode {
  const { t } = useTranslation('ops');
  const text = useFailureText();
  const ready = useQuery({ queryKey: ['ready'], queryFn: ({ signal }) => askReady(signal), refetchInterval: kLookMs, staleTime: 0 });
  const now = ready.data;
  return (
    <main id="main" className="he" tabIndex={-1}>
      <header>
        <h1>{t('health.title')}</h1>
        {now && !ready.error && (
          <p className="he-state">
            <Severity level={now.ready ? 'fine' : 'caution'} size={20} />
            <b>{t(now.ready ? 'health.ready' : 'health.notReady')}</b>
          </p>
        )}
        <p className="tk-sub" role="status">
          {ready.error && now ? text(asFailure(ready.error)) + '　' : ''}
          {now && t('health.asOf', { time: clockOf(ready.dataUpdatedAt, true) })}
        </p>
      </header>
      {!now && ready.error && <Failed failure={asFailure(ready.error)} onRetry={() => void ready.refetch()} />}
      {!now && !ready.error && <Skeleton lines={6} />}
      {now && (
        <section>
          <h2>{t('health.reasons')}</h2>
          {now.reasons.length === 0 ? <p>{t('health.noReasons')}</p> : <ul className="he-reasons">{now.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>}
        </section>
      )}
      {now && <Views views={now.views} />}
      <Metrics />
    </main>
  );
}

function Views({ views }: { views: View[] }): ReactNode {
  const { t } = useTranslation('ops');
  const mayRebuild = may(useSession(), 'call', 'rebuild');
  const [asked, setAsked] = useState('');
  const name = (view: string): string => t(`health.view.${view}`, { defaultValue: view });
  return (
    <section>
      <h2>{t('health.views')}</h2>
      <table className="he-table">
        <thead>
          <tr>
            <th>{t('health.name')}</th>
            <th>{t('health.stateTitle')}</th>
            <th>{t('health.at')}</th>
            <th>{t('health.lag')}</th>
            {mayRebuild && <th className="he-do">{t('health.rebuild')}</th>}
          </tr>
        </thead>
        <tbody>
          {views.map((view) => (
            <tr key={view.view}>
              <th scope="row">{name(view.view)}</th>
              <td>
                {t(`health.state.${view.state}`, { defaultValue: view.state })}
                {view.state !== 'serving' && ` ${Math.floor(view.progress * 100)} %`}
              </td>
              <td>{view.t}</td>
              <td>{Math.max(0, view.t_wanted - view.t)}</td>
              {mayRebuild && (
                <td className="he-do">
                  <button type="button" className="tk-btn tk-s" disabled={view.state !== 'serving'} aria-label={t('health.rebuildTitle', { name: name(view.view) })} onClick={() => setAsked(view.view)}>
                    {t('health.rebuild')}
                  </button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {asked && <Rebuild view={asked} name={name(asked)} onClose={() => setAsked('')} />}
    </section>
  );
}

function Rebuild({ view, name, onClose }: { view: string; name: string; onClose: () => void }): ReactNode {
  const { t } = useTranslation('ops');
  const text = useFailureText();
  const queries = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    try {
      await http.send('POST', `/admin/views/${encodeURIComponent(view)}/rebuild`);
      await queries.invalidateQueries({ queryKey: ['ready'] });
      onClose();
    } catch (e) {
      setProblem(text(asFailure(e)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('health.rebuildTitle', { name })} onClose={onClose}>
      <div className="he-dialog">
        <p>{t('health.rebuildWhat')}</p>
        <FormProblem text={problem} />
        <button type="button" className="tk-btn tk-pri" disabled={busy} autoFocus onClick={() => void go()}>
          {t('health.rebuildGo')}
        </button>
      </div>
    </Dialog>
  );
}

function Metrics(): ReactNode {
  const { t } = useTranslation('ops');
  const [find, setFind] = useState('');
  const asked = useQuery({ queryKey: ['metrics'], queryFn: ({ signal }) => askMetrics(signal), staleTime: 0 });
  const rows = metricsOf(asked.data ?? '').filter((m) => `${m.name} ${m.labels} ${m.help}`.toLowerCase().includes(find.trim().toLowerCase()));
  return (
    <section>
      <div className="he-head">
        <h2>{t('health.metrics')}</h2>
        <span className="tk-sub">{t('health.metricsHint')}</span>
        <label className="tk-vh" htmlFor="he-find">
          {t('health.metricsFind')}
        </label>
        <input id="he-find" type="search" className="tk-input" placeholder={t('health.metricsFind')} autoComplete="off" value={find} onChange={(e) => setFind(e.target.value)} />
        <button type="button" className="tk-btn" onClick={() => void asked.refetch()}>
          <Icon name="again" size={16} />
          {t('again')}
        </button>
      </div>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Skeleton lines={6} />}
      {rows.length > 0 && (
        <table className="he-table he-metrics">
          <thead>
            <tr>
              <th>{t('health.metrics')}</th>
              <th>{t('health.labels')}</th>
              <th>{t('health.value')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((m) => (
              <tr key={m.name + m.labels}>
                <th scope="row" title={m.help}>
                  {m.name}
                </th>
                <td>{m.labels}</td>
                <td>{m.value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
