// The audit: who did what and when, searched, taken out as a table, and its chain of files checked. For the auditor, who sees no record by it.
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../components/dialog';
import { Icon } from '../../components/icon';
import { List } from '../../components/list/list';
import type { Choice, Column } from '../../components/list/model';
import { Failed, Skeleton, useFailureText } from '../../components/states';
import { asFailure } from '../../fhir/http';
import { clockOf, dayOf, parseTime } from '../../fhir/time';
import { ForThose } from '../may_not';
import { accountOf, actionOf, askFiles, type AuditEvent, isRefused, kAudit, nameOfAgent, postOfAgent, reasonOf, recordOf, requestOf, typeOf, type Verified, verify } from './ask';
import './audit.css';

const kActions = ['read', 'search', 'history', 'everything', 'reveal', 'emergency', 'create', 'update', 'delete', 'erase', 'export', 'print', 'link', 'not-same', 'sign-in', 'audit-search'] as const;

export default function Page(): ReactNode {
  return (
    <ForThose call="audit" title="audit.title">
      <Audit />
    </ForThose>
  );
}

const timeOf = (e: AuditEvent): string => {
  const at = parseTime(e.recorded);
  return at === null ? '' : `${dayOf(at)} ${clockOf(at, true)}`;
};

function useColumns(): Column<AuditEvent>[] {
  const { t, i18n } = useTranslation('ops');
  const action = (e: AuditEvent): string => t(`audit.action.${actionOf(e)}`, { defaultValue: actionOf(e) });
  const outcome = (e: AuditEvent): string => t(isRefused(e) ? 'audit.refused' : 'audit.done');
  const who = (e: AuditEvent): string => [nameOfAgent(e), accountOf(e)].filter(Boolean).join(' ');
  const post = (e: AuditEvent): string => postOfAgent(e, i18n.language);
  return [
    { id: 'time', title: t('audit.time'), cell: timeOf, text: timeOf, fixed: true, width: 180 },
    { id: 'who', title: t('audit.who'), cell: who, text: who },
    { id: 'post', title: t('audit.post'), cell: post, text: post, width: 120, narrow: true },
    { id: 'action', title: t('audit.what'), cell: action, text: action, width: 120 },
    { id: 'type', title: t('audit.type'), cell: typeOf, text: typeOf, width: 148, narrow: true },
    { id: 'reason', title: t('audit.reason'), cell: reasonOf, text: reasonOf, width: 148, narrow: true },
    { id: 'outcome', title: t('audit.outcome'), cell: (e) => (isRefused(e) ? <b>{outcome(e)}</b> : outcome(e)), text: outcome, width: 96 },
    { id: 'record', title: t('audit.record'), cell: recordOf, text: recordOf, hidden: true },
    { id: 'request', title: t('audit.request'), cell: requestOf, text: requestOf, hidden: true },
  ];
}

function Audit(): ReactNode {
  const { t } = useTranslation('ops');
  const [open, setOpen] = useState<AuditEvent | null>(null);
  const [checking, setChecking] = useState(false);
  const columns = useColumns();
  const picks: Choice[] = [
    { name: 'action', label: t('audit.what'), any: t('audit.anyAction'), options: kActions.map((a) => ({ value: a, label: t(`audit.action.${a}`) })) },
    { name: 'days', label: t('audit.when'), any: t('audit.ever'), options: [['1', 'day'], ['7', 'week'], ['30', 'month']].map(([value, word]) => ({ value: value ?? '', label: t(`audit.${word}`) })) },
  ];
  return (
    <main id="main" className="au" tabIndex={-1}>
      <List
        id="audit" title={t('audit.title')} source={kAudit} columns={columns} rowId={(e) => e.id ?? ''} rowLabel={timeOf} current={open?.id ?? ''} onOpen={setOpen} onClose={() => setOpen(null)}
        counters={['all', 'done', 'refused'].map((id) => ({ id, label: t(`audit.${id}`) }))} counted={false} picks={picks} search={t('audit.search')} empty={{ icon: 'shield', title: t('audit.none') }} file="audit"
        actions={
          <button type="button" className="tk-btn" onClick={() => setChecking(true)}>
            <Icon name="shield" size={16} />
            {t('audit.verify')}
          </button>
        }
      />
      {open && (
        <Dialog title={timeOf(open)} onClose={() => setOpen(null)}>
          <dl className="au-one">
            {columns.map((c) => c.text(open) && (
              <div key={c.id}>
                <dt>{c.title}</dt>
                <dd>{c.text(open)}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
      {checking && <Chain onClose={() => setChecking(false)} />}
    </main>
  );
}

/** The files as they are chained, and whether each follows from the one before. */
function Chain({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation('ops');
  const text = useFailureText();
  const files = useQuery({ queryKey: ['audit', 'files'], queryFn: ({ signal }) => askFiles(signal), staleTime: 0 });
  const [told, setTold] = useState<Verified | null>(null);
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    setSaid(t('audit.verifying'));
    try {
      setTold(await verify());
      setSaid('');
    } catch (e) {
      setSaid(text(asFailure(e)));
    }
    setBusy(false);
  };
  return (
    <Dialog title={t('audit.verify')} onClose={onClose}>
      <div className="au-chain">
        <p className="tk-sub">{t('audit.verifyHint')}</p>
        <button type="button" className="tk-btn tk-pri" disabled={busy} onClick={() => void go()}>
          {t('audit.verifyGo')}
        </button>
        <div role="status">
          {said}
          {told && <b>{t(told.sound ? 'audit.sound' : 'audit.damaged', { files: told.files, records: told.records })}</b>}
        </div>
        {told && [...told.damage, ...told.notes].map((line) => <p key={line}>{line}</p>)}
        <h3>{t('audit.files')}</h3>
        {files.error && <Failed failure={asFailure(files.error)} onRetry={() => void files.refetch()} />}
        {files.isPending && <Skeleton lines={3} />}
        <ul>
          {(files.data ?? []).map((file) => (
            <li key={file.name}>
              <a href={`/audit/files/${encodeURIComponent(file.name)}`} download={file.name}>
                {file.name}
              </a>
              <span className="tk-sub">{t(file.closed ? 'audit.closed' : 'audit.growing', { kb: Math.ceil(file.bytes / 1024) })}</span>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
