// Importing a table: choose it, have it checked (nothing is written), read what is wrong beside its row, take the bad rows away to mend them, confirm, and see what was done.
// For every table that a pack or an app takes: the page gives the path, the empty tables and the words of what is imported.
import { useId, useState, type DragEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure, type Failure } from '../../fhir/http';
import { save } from '../list/save';
import { Icon } from '../icon';
import { useRefusal } from '../ways/panel';
import '../words';
import { kBytesMax, readSheet, sendTable } from './file';
import { inWords } from './said';
import { badTable, byLine, type Report, type Sheet } from './table';
import './wizard.css';

export interface WizardProps {
  path: string; // takes the table by POST, and `check=true`
  what: string; // what is imported, in words: in the file of bad rows
  templates?: readonly { label: string; href?: string; table?: string }[]; // an empty table: where it is, or its text
  columns?: Readonly<Record<string, string>>; // the program's name of a column -> its title in the tables
  hint?: ReactNode;
  onDone?: (report: Report) => void;
}

type State = { at: 'choose' } | { at: 'checking' | 'writing'; file: File } | { at: 'checked' | 'done'; file: File; report: Report; sheet: Sheet | null };
const kSteps = ['choose', 'checked', 'done'] as const;
const kShownMax = 200;

export function ImportWizard(p: WizardProps): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const [state, setState] = useState<State>({ at: 'choose' });
  const [failure, setFailure] = useState<Failure | 'large' | null>(null);
  const refusal = useRefusal();
  const go = async (file: File, check: boolean): Promise<void> => {
    if (file.size > kBytesMax) return setFailure('large');
    const before = state;
    setFailure(null);
    setState({ at: check ? 'checking' : 'writing', file });
    try {
      const [told, sheet] = await Promise.all([sendTable(p.path, file, check, (column) => t('wizard.unknown', { column })), readSheet(file)]);
      const report = { ...told, issues: told.issues.map((issue) => ({ ...issue, column: p.columns?.[issue.column ?? ''] ?? issue.column, text: inWords(issue.text, i18n.language) })) };
      setState({ at: check ? 'checked' : 'done', file, report, sheet });
      if (!check) p.onDone?.(report);
    } catch (e) {
      setFailure(asFailure(e));
      setState(check ? { at: 'choose' } : before);
    }
  };
  const at = state.at === 'checking' ? 0 : state.at === 'writing' ? 1 : kSteps.indexOf(state.at);
  return (
    <section className="wz" aria-label={p.what} aria-busy={state.at === 'checking' || state.at === 'writing'}>
      <ol className="wz-steps">
        {kSteps.map((step, i) => (
          <li key={step} data-at={i < at ? 'past' : i === at ? 'now' : undefined} aria-current={i === at ? 'step' : undefined}>
            {t(`wizard.step.${step}`)}
          </li>
        ))}
      </ol>
      <div role="alert">{failure && <p className="tk-note-ink">{failure === 'large' ? t('wizard.large') : inWords(refusal(failure), i18n.language)}</p>}</div>
      {state.at === 'choose' && <ChooseFile {...p} onFile={(file) => void go(file, true)} />}
      {(state.at === 'checking' || state.at === 'writing') && <p role="status">{t(`wizard.${state.at}`, { name: state.file.name })}</p>}
      {state.at === 'checked' && <Checked what={p.what} {...state} onAgain={() => setState({ at: 'choose' })} onConfirm={() => void go(state.file, false)} />}
      {state.at === 'done' && <Done what={p.what} {...state} onAgain={() => setState({ at: 'choose' })} />}
    </section>
  );
}

function ChooseFile({ templates = [], hint, onFile }: WizardProps & { onFile: (file: File) => void }): ReactNode {
  const { t } = useTranslation('parts');
  const id = useId();
  const [over, setOver] = useState(false);
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    setOver(false);
    const file = e.dataTransfer.files[0];
    if (file) onFile(file);
  };
  return (
    <>
      {hint && <div className="tk-sub">{hint}</div>}
      <div className="wz-drop" data-over={over} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
        <Icon name="outbox" size={32} />
        <label htmlFor={id}>{t('wizard.choose')}</label>
        <input id={id} type="file" accept=".csv,.xlsx,text/csv" aria-describedby={id + 'd'} onChange={(e) => { const file = e.target.files?.[0]; if (file) onFile(file); }} />
        <p id={id + 'd'} className="tk-sub">
          {t('wizard.kinds')}
        </p>
      </div>
      {templates.length > 0 && (
        <p className="wz-templates">
          {t('wizard.empty')}
          {templates.map((one) =>
            one.href ? (
              <a key={one.label} href={one.href} download>
                {one.label}
              </a>
            ) : (
              <button key={one.label} type="button" onClick={() => save(`${one.label}.csv`, one.table ?? '')}>
                {one.label}
              </button>
            ),
          )}
        </p>
      )}
    </>
  );
}

interface ToldProps {
  what: string;
  file: File;
  report: Report;
  sheet: Sheet | null;
  onAgain: () => void;
}

function Checked({ what, file, report, sheet, onAgain, onConfirm }: ToldProps & { onConfirm: () => void }): ReactNode {
  const { t } = useTranslation('parts');
  const good = report.added + report.changed;
  return (
    <>
      <p className="wz-file">
        <b>{file.name}</b> <span className="tk-sub">{t('wizard.tried')}</span>
      </p>
      <Numbers report={report} />
      <Bad what={what} report={report} sheet={sheet} />
      <div className="wz-go">
        <button type="button" className="tk-btn" onClick={onAgain}>
          {t('wizard.other')}
        </button>
        <button type="button" className="tk-btn tk-pri" disabled={good === 0} onClick={onConfirm}>
          {t(good === 0 ? 'wizard.nothing' : report.refused > 0 ? 'wizard.confirmGood' : 'wizard.confirm', { count: good })}
        </button>
      </div>
    </>
  );
}

function Done({ what, file, report, sheet, onAgain }: ToldProps): ReactNode {
  const { t } = useTranslation('parts');
  return (
    <>
      <p className="wz-file" role="status">
        <Icon name="check" size={18} />
        <b>{t('wizard.done', { name: file.name })}</b>
      </p>
      <Numbers report={report} />
      <Bad what={what} report={report} sheet={sheet} />
      <div className="wz-go">
        <button type="button" className="tk-btn" onClick={onAgain}>
          {t('wizard.again')}
        </button>
      </div>
    </>
  );
}

/** Every row is in one of them: they add up to the rows. */
function Numbers({ report }: { report: Report }): ReactNode {
  const { t } = useTranslation('parts');
  return (
    <dl className="wz-numbers">
      {(['rows', 'added', 'changed', 'unchanged', 'refused'] as const).map((name) => (
        <div key={name} data-bad={name === 'refused' && report.refused > 0}>
          <dt>{t(`wizard.n.${name}`)}</dt>
          <dd>{report[name]}</dd>
        </div>
      ))}
      {report.joined !== undefined && (
        <div>
          <dt>{t('wizard.n.joined')}</dt>
          <dd>{report.joined}</dd>
        </div>
      )}
      {report.notes && (
        <div className="wz-notes">
          <dt>{t('wizard.notes')}</dt>
          {report.notes.map((note) => (
            <dd key={note}>{note}</dd>
          ))}
        </div>
      )}
    </dl>
  );
}

function Bad({ what, report, sheet }: { what: string; report: Report; sheet: Sheet | null }): ReactNode {
  const { t } = useTranslation('parts');
  const lines = byLine(report.issues);
  const review = report.review ?? [];
  return (
    <>
      {lines.length > 0 && (
        <div className="wz-bad">
          <p>
            <b>{t('wizard.bad', { count: lines.length })}</b>
            <span className="tk-grow" />
            {sheet && (
              <button type="button" className="tk-btn tk-s" onClick={() => save(`${what}-${t('wizard.badFile')}.csv`, badTable(sheet, report.issues, t('wizard.problem')))}>
                {t('wizard.takeBad')}
              </button>
            )}
          </p>
          <div className="wz-rows" tabIndex={0} role="group" aria-label={t('wizard.problem')}>
            <table>
              <caption className="tk-vh">{t('wizard.bad', { count: lines.length })}</caption>
              <thead>
                <tr>
                  <th>{t('wizard.line')}</th>
                  <th>{t('wizard.problem')}</th>
                  {(sheet?.titles ?? []).map((title, i) => (
                    <th key={i}>{title}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {lines.slice(0, kShownMax).map(({ line, said }) => (
                  <tr key={line}>
                    <th scope="row">{line}</th>
                    <td className="wz-said">
                      {said.map((one, i) => (
                        <p key={i}>
                          {one.column && <b>{one.column}：</b>}
                          {one.text}
                        </p>
                      ))}
                    </td>
                    {(sheet?.titles ?? []).map((title, i) => (
                      <td key={i} data-wrong={said.some((one) => one.column === title)}>
                        {sheet?.rows.get(line)?.[i] ?? ''}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {lines.length > kShownMax && <p className="tk-sub">{t('wizard.someBad', { count: kShownMax })}</p>}
        </div>
      )}
      {review.length > 0 && <p className="wz-review">{t('wizard.review', { count: review.length, lines: review.slice(0, 20).join(t('list.and')) })}</p>}
    </>
  );
}
