// A rule tried on history: which period, the rule as it is or with a change of one's own; how far it is, what it would have made, and what it made the time before.
// It runs page by page while somebody looks: whoever stops, or leaves, has cancelled it. Nothing is written.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { leavesOf } from '../components/resource/diff';
import { useFailureText } from '../components/states';
import { asFailure, type Failure } from '../fhir/http';
import { clockOf, dayOf, parseTime } from '../fhir/time';
import { Link } from '../shell/router';
import { may, useSession } from '../shell/session';
import { type Finding, kFindingsShown, type Made, type TrialPage, tryRule } from './ask';
import { byDay, causeOf, type RuleFile } from './model';

const kDaysBack = 7;

interface Run {
  key: number;
  from: string;
  until: string;
  own: boolean; // with a change
  page: TrialPage | null;
  found: Finding[];
  state: 'running' | 'done' | 'stopped' | 'failed';
  failure: Failure | null;
}

function useTrial(pack: string, rule: string): { runs: Run[]; start: (from: string, until: string, text: string | null) => void; stop: () => void } {
  const [runs, setRuns] = useState<Run[]>([]);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const start = (from: string, until: string, text: string | null): void => {
    const control = new AbortController();
    running.current = control;
    const key = Date.now();
    const change = (of: Partial<Run>): void => setRuns((all) => all.map((run) => (run.key === key ? { ...run, ...of } : run)));
    setRuns((all) => [{ key, from, until, own: text !== null, page: null, found: [], state: 'running', failure: null }, ...all]);
    tryRule({ pack, rule, text, from, until }, (page, found) => change({ page, found }), control.signal).then(
      () => change({ state: 'done' }),
      (e: unknown) => change(control.signal.aborted ? { state: 'stopped' } : { state: 'failed', failure: asFailure(e) }),
    );
  };
  return { runs, start, stop: () => running.current?.abort() };
}

export function Trial({ pack, rule, text }: { pack: string; rule: RuleFile; text: string }): ReactNode {
  const { t } = useTranslation('packs');
  const [from, setFrom] = useState(dayOf(Date.now() - kDaysBack * 86_400_000));
  const [until, setUntil] = useState('');
  const [own, setOwn] = useState<string | null>(null);
  const [problem, setProblem] = useState('');
  const { runs, start, stop } = useTrial(pack, rule.id ?? '');
  const [latest, ...before] = runs;
  const busy = latest?.state === 'running';
  const go = (): void => {
    const wrong = from === '' ? t('try.fromMissing') : until !== '' && until <= from ? t('try.untilBefore') : own !== null && !isJson(own) ? t('try.noJson') : '';
    setProblem(wrong);
    if (wrong === '') start(from, until, own);
  };
  return (
    <div className="pk-try">
      <p className="tk-sub">{t('try.hint')}</p>
      <form onSubmit={(e) => { e.preventDefault(); if (busy) stop(); else go(); }}>
        <label>
          {t('try.from')}
          <input type="date" className="tk-input" value={from} max={dayOf(Date.now())} onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label>
          {t('try.until')}
          <input type="date" className="tk-input" value={until} onChange={(e) => setUntil(e.target.value)} />
        </label>
        <button type="button" className="tk-btn" aria-expanded={own !== null} onClick={() => setOwn(own === null ? text : null)}>
          {t(own === null ? 'try.change' : 'try.unchange')}
        </button>
        <button type="submit" className={busy ? 'tk-btn' : 'tk-btn tk-pri'}>
          {t(busy ? 'try.stop' : 'try.start')}
        </button>
      </form>
      {own !== null && (
        <label className="pk-own">
          {t('try.own')}
          <textarea spellCheck={false} rows={16} value={own} onChange={(e) => setOwn(e.target.value)} />
        </label>
      )}
      {problem !== '' && (
        <p className="tk-problem" role="alert">
          {problem}
        </p>
      )}
      {latest && <Outcome key={latest.key} run={latest} />}
      {before.length > 0 && <Before runs={before} />}
    </div>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function Outcome({ run }: { run: Run }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const text = useFailureText();
  const number = new Intl.NumberFormat(i18n.language);
  const { page } = run;
  const share = page === null ? 0 : Math.floor(page.progress * 100);
  return (
    <section className="pk-outcome" aria-label={t('try.outcome')}>
      <progress max={100} value={share} aria-label={t('try.progress')} />
      <p role="status">
        <b>{t(`try.state.${run.state}`, { share })}</b>
        {run.failure && <span>　{run.failure.kind === 'busy' ? t('try.busy') : text(run.failure)}</span>}
      </p>
      {page && (
        <dl className="pk-numbers">
          {(['fired', 'judged', 'failed', 'unreadable'] as const).map(
            (name) =>
              (name !== 'unreadable' || page.unreadable > 0) && (
                <div key={name} data-main={name === 'fired' || undefined}>
                  <dt>{t(`try.number.${name}`, { type: page.type })}</dt>
                  <dd>{number.format(page[name])}</dd>
                </div>
              ),
          )}
        </dl>
      )}
      {run.state === 'done' && page && page.fired === run.found.length && <Days found={run.found} />}
      {run.found.length > 0 && <Findings found={run.found} of={page?.fired ?? 0} />}
      {run.state === 'done' && page?.fired === 0 && <p className="tk-sub">{t('try.none')}</p>}
    </section>
  );
}

/** A bar for each day, on one scale from zero. */
function Days({ found }: { found: Finding[] }): ReactNode {
  const { t } = useTranslation('packs');
  const days = byDay(found, dayOf);
  const most = days.reduce((max, one) => Math.max(max, one.count), 1);
  if (days.length < 2 || days.length > 62) return null;
  return (
    <figure className="pk-days">
      <figcaption className="tk-sub">{t('try.byDay')}</figcaption>
      <ol>
        {days.map((one) => (
          <li key={one.day}>
            <span>{one.count}</span>
            <i style={{ height: `${(48 * one.count) / most}px` }} />
            <small>{one.day.slice(5)}</small>
          </li>
        ))}
      </ol>
    </figure>
  );
}

function Findings({ found, of }: { found: Finding[]; of: number }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <table className="pk-found">
      <caption className="tk-sub">{found.length < of && found.length >= kFindingsShown ? t('try.first', { count: found.length, of: number.format(of) }) : t('try.all', { count: found.length })}</caption>
      <thead>
        <tr>
          <th>{t('try.at')}</th>
          <th>{t('try.cause')}</th>
          <th>{t('try.made')}</th>
        </tr>
      </thead>
      <tbody>
        {found.map((one) => (
          <tr key={`${one.cause} ${one.at}`}>
            <td>{when(one.at)}</td>
            <td>
              <Cause cause={one.cause} />
            </td>
            <td>
              {one.failure === undefined ? (one.made ?? []).map((made, i) => <MadeText key={`${made.record} ${i}`} made={made} />) : <span className="pk-fail">{t('try.failure', { why: one.failure })}</span>}
              {one.searched === true && <span className="tk-sub">{t('try.searched')}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function when(at: string): string {
  const ms = parseTime(at);
  return ms === null ? at : `${dayOf(ms)} ${clockOf(ms, true)}`;
}

/** Leads to the record where this post may look at it. */
function Cause({ cause }: { cause: string }): ReactNode {
  const { t } = useTranslation('packs');
  const session = useSession();
  const at = causeOf(cause);
  if (at === null) return cause;
  const words = t('try.causeWords', { record: `${at.type}/${at.id}`, version: at.version });
  if (!may(session, 'read', at.type) || !may(session, 'read', 'StructureDefinition')) return words;
  return <Link to={`/ops/fhir?type=${at.type}&id=${at.id}&part=history`}>{words}</Link>;
}

function MadeText({ made }: { made: Made }): ReactNode {
  const { t } = useTranslation('packs');
  const type = made.record.split('/')[0] ?? '';
  const words = made.is === 'created' ? t('try.created', { type }) : t('try.changed', { record: made.record });
  if (made.resource === undefined) return <p>{words}</p>;
  return (
    <details>
      <summary>
        <Icon name="down" size={12} />
        {words}
      </summary>
      <dl>
        {ordered(made.resource).map(([path, value]) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** What it says itself, and behind it what the platform adds (which rule, because of what). */
function ordered(resource: object): [string, string][] {
  const rows = leavesOf(resource as never).filter(([path]) => path !== 'resourceType' && path !== 'id');
  const isAdded = ([path]: [string, string]): boolean => path.startsWith('extension[');
  return [...rows.filter((row) => !isAdded(row)), ...rows.filter(isAdded)];
}

/** What was tried before, to hold against: the period, the rule as it is or changed, how often. */
function Before({ runs }: { runs: Run[] }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <section className="pk-before">
      <h3>{t('try.before')}</h3>
      <ul>
        {runs.map((run) => (
          <li key={run.key}>
            <span>{t('try.period', { from: run.from, until: run.until || t('try.now') })}</span>
            <span>{t(run.own ? 'try.wasOwn' : 'try.wasInstalled')}</span>
            <b>{run.page ? t('try.firedOf', { fired: number.format(run.page.fired), judged: number.format(run.page.judged) }) : '—'}</b>
            <span>{t(`try.state.${run.state}`, { share: Math.floor((run.page?.progress ?? 0) * 100) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
