// Tables that go in: which table, the file, looked at first, then kept; in the end what became of each row. The URL holds which table.
// Nothing is sent before "look at it first", and nothing is kept by that.
import { useQueries, useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '../components/icon';
import { save } from '../components/list/save';
import { tableText } from '../components/list/model';
import { Empty, Skeleton, useFailureText } from '../components/states';
import { asFailure, type Failure } from '../fhir/http';
import { ForThose } from '../ops/may_not';
import { askPacks } from '../packs/ask';
import { useParam } from '../shell/router';
import { http, may, slowHttp, useSession } from '../shell/session';
import { emptyTable, kTables, type Report, reportOfPack, reportOfParameters, type Table, tablesOfPack, typeOfFile } from './model';
import './words';
import './tables.css';

export default function Page(): ReactNode {
  return (
    <ForThose call="$import-areas" title="tables.title">
      <Tables />
    </ForThose>
  );
}

/** Those of the platform whose operation the post has, and those of packs whose records it writes. */
function useTables(): { tables: Table[]; pending: boolean } {
  const session = useSession();
  const packs = useQuery({ queryKey: ['packs'], queryFn: ({ signal }) => askPacks(signal), staleTime: 60_000, enabled: may(session, 'call', 'packs') });
  const bringing = (packs.data ?? []).filter((pack) => pack.parts.some(({ part }) => part === 'imports'));
  const asked = useQueries({
    queries: bringing.map((pack) => ({
      queryKey: ['pack-imports', pack.id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => tablesOfPack(pack.id, (await http.send<{ imports: never[] }>('GET', `/app/${encodeURIComponent(pack.id)}/imports`, { signal })).body?.imports ?? []),
      staleTime: 60_000,
    })),
  });
  const own = kTables.filter((table) => may(session, 'call', table.call));
  const brought = asked.flatMap((one) => one.data ?? []).filter((table) => may(session, 'write', table.type));
  return { tables: [...own, ...brought], pending: packs.isLoading || asked.some((one) => one.isPending) };
}

function Tables(): ReactNode {
  const { t, i18n } = useTranslation('tables');
  const { tables, pending } = useTables();
  const [id, setId] = useParam('table', '');
  const table = tables.find((one) => one.id === id) ?? (id === '' ? tables[0] : undefined);
  return (
    <main id="main" className="tb" tabIndex={-1}>
      <section className="tb-kinds" aria-label={t('title')}>
        <h1>{t('title')}</h1>
        <ul>
          {tables.map((one) => (
            <li key={one.id}>
              <button type="button" aria-current={one === table ? 'true' : undefined} onClick={() => setId(one.id)}>
                {one.title[i18n.language] ?? one.title['en']}
                <small>{one.pack ? one.id : t('ofPlatform')}</small>
              </button>
            </li>
          ))}
        </ul>
        {pending && <Skeleton lines={2} />}
      </section>
      {table ? (
        <One key={table.id} table={table} />
      ) : (
        !pending && (
          <Empty icon="info" title={t('noTable')}>
            <p className="tk-sub">{t('noTableHint')}</p>
          </Empty>
        )
      )}
    </main>
  );
}

type Step = { kind: 'choose' } | { kind: 'sending'; check: boolean } | { kind: 'told'; check: boolean; report: Report } | { kind: 'failed'; failure: Failure };

function One({ table }: { table: Table }): ReactNode {
  const { t, i18n } = useTranslation('tables');
  const [file, setFile] = useState<File | null>(null);
  const [step, setStep] = useState<Step>({ kind: 'choose' });
  const running = useRef<AbortController | null>(null);
  const type = file && typeOfFile(file.name);
  const send = async (check: boolean): Promise<void> => {
    if (!file || !type) return;
    const control = new AbortController();
    running.current = control;
    setStep({ kind: 'sending', check });
    try {
      const told = await slowHttp.send<never>('POST', `${table.send}${check ? '?check=true' : ''}`, { headers: { 'Content-Type': type }, body: file, signal: control.signal });
      setStep({ kind: 'told', check, report: table.pack ? reportOfPack(told.body ?? {}, (column) => t('unknownColumn', { column })) : reportOfParameters(told.body ?? {}) });
    } catch (e) {
      setStep(control.signal.aborted ? { kind: 'choose' } : { kind: 'failed', failure: asFailure(e) });
    }
  };
  const busy = step.kind === 'sending';
  const looked = step.kind === 'told' && step.check;
  return (
    <div className="tb-one" role="region" aria-label={table.title[i18n.language] ?? table.id} tabIndex={0}>
      <h2>{table.title[i18n.language] ?? table.title['en']}</h2>
      <Heads table={table} />
      <section>
        <h3>{t('step.file')}</h3>
        <div className="tb-file">
          <input type="file" id="tb-file" className="tk-vh" accept=".csv,.tsv,.txt,.xlsx" onChange={(e) => { setFile(e.target.files?.[0] ?? null); setStep({ kind: 'choose' }); }} />
          <label className="tk-btn" htmlFor="tb-file">
            <Icon name="outbox" size={16} />
            {t('chooseFile')}
          </label>
          <span role="status">{file ? t('fileIs', { name: file.name, kb: new Intl.NumberFormat(i18n.language).format(Math.ceil(file.size / 1024)) }) : t('noFile')}</span>
        </div>
        {file && !type && (
          <p className="tk-problem" role="alert">
            {t('wrongFile')}
          </p>
        )}
        <div className="tb-do">
          <button type="button" className={looked ? 'tk-btn' : 'tk-btn tk-pri'} disabled={!type || busy} onClick={() => void send(true)}>
            {t('look')}
          </button>
          <button type="button" className={looked ? 'tk-btn tk-pri' : 'tk-btn'} disabled={!type || busy} onClick={() => void send(false)}>
            {t('keep')}
          </button>
          {busy && (
            <button type="button" className="tk-btn tk-quiet" onClick={() => running.current?.abort()}>
              {t('stop')}
            </button>
          )}
        </div>
      </section>
      {busy && <p role="status">{t(step.check ? 'looking' : 'keeping')}</p>}
      {step.kind === 'failed' && <FailedToSend failure={step.failure} />}
      {step.kind === 'told' && <Told report={step.report} check={step.check} name={table.id} />}
    </div>
  );
}

function FailedToSend({ failure }: { failure: Failure }): ReactNode {
  const { t } = useTranslation('tables');
  const text = useFailureText();
  return (
    <p className="tk-problem" role="alert">
      {text(failure)}　{failure.kind === 'network' && t('lost')}
    </p>
  );
}

/** The columns, those that must be there first marked; an empty table to begin with. */
function Heads({ table }: { table: Table }): ReactNode {
  const { t, i18n } = useTranslation('tables');
  return (
    <section>
      <h3>{t('columns')}</h3>
      <ul className="tb-heads">
        {table.heads.map((head) => (
          <li key={head.words['en']} data-required={head.required || undefined}>
            {head.words[i18n.language] ?? head.words['en']}
            {head.required && <small>{t('required')}</small>}
          </li>
        ))}
      </ul>
      {table.template ? (
        <a className="tk-btn" href={table.template} download>
          {t('template')}
        </a>
      ) : (
        <button type="button" className="tk-btn" onClick={() => save(`${table.id}.csv`, emptyTable(table, i18n.language))}>
          {t('template')}
        </button>
      )}
    </section>
  );
}

const kIssuesShown = 200;

function Told({ report, check, name }: { report: Report; check: boolean; name: string }): ReactNode {
  const { t, i18n } = useTranslation('tables');
  const number = new Intl.NumberFormat(i18n.language);
  const rows = report.issues.map((issue) => [issue.line === null ? '' : String(issue.line), issue.column, issue.text]);
  const heads = [t('line'), t('column'), t('wrong')];
  const words = check ? (report.refused === 0 ? 'wouldAll' : 'wouldSome') : !report.kept ? 'keptNone' : report.refused === 0 ? 'keptAll' : 'keptSome';
  return (
    <section className="tb-told" aria-label={t('report')}>
      <p className="tb-verdict" role="status">
        <Severity level={report.refused === 0 ? 'fine' : 'caution'} size={20} />
        <b>{t(words, { count: report.refused })}</b>
      </p>
      <dl className="tb-counts">
        {(['rows', 'added', 'changed', 'unchanged', 'refused'] as const).map((each) => (
          <div key={each}>
            <dt>{t(check && each !== 'rows' ? `would.${each}` : `count.${each}`)}</dt>
            <dd>{number.format(report[each])}</dd>
          </div>
        ))}
      </dl>
      {report.notes.map((note) => (
        <p key={note} className="tk-sub">
          {note}
        </p>
      ))}
      {rows.length > 0 && (
        <>
          <div className="tb-issues-head">
            <h3>{t('issues', { count: rows.length })}</h3>
            <button type="button" className="tk-btn tk-s" onClick={() => save(`${name}-${t('issuesFile')}.csv`, tableText(heads, rows))}>
              {t('issuesSave')}
            </button>
          </div>
          <table className="tb-issues">
            <thead>
              <tr>
                {heads.map((head) => (
                  <th key={head}>{head}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, kIssuesShown).map((cells, i) => (
                <tr key={i}>
                  {cells.map((cell, j) => (
                    <td key={heads[j]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > kIssuesShown && <p className="tk-sub">{t('issuesFirst', { count: kIssuesShown })}</p>}
        </>
      )}
    </section>
  );
}
