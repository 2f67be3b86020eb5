// Watch-lists: who stands on them, a new entry of a person who is found, an end before its time, and a table of many through the import wizard. The URL holds list and filter.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import '@tk/components/case/case.css';
import { NotForPost } from '@tk/components/case/one';
import { Dialog } from '@tk/components/dialog';
import { QuestionnaireForm } from '@tk/components/form/form';
import { Severity } from '@tk/components/icon';
import { fhirSource } from '@tk/components/list/fhir_source';
import { List } from '@tk/components/list/list';
import { type BulkDeed, type Column, tableText } from '@tk/components/list/model';
import { ImportWizard } from '@tk/components/wizard/wizard';
import { useRefusal } from '@tk/components/ways/panel';
import { idOf } from '@tk/fhir/client';
import { asFailure, Failure } from '@tk/fhir/http';
import { newKey } from '@tk/fhir/key';
import { nameOf, maskName } from '@tk/fhir/person';
import { dayOf } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { type About, withPeople } from '@tk/person/people';
import { PersonCell, usePersonText } from '@tk/person/person_cell';
import { PersonPicker } from '@tk/person/picker';
import { Field } from '@tk/shell/field';
import { useRecordAddress } from '@tk/shell/record_link';
import { go, useParam } from '@tk/shell/router';
import { fhir, may, useSession } from '@tk/shell/session';
import '../words';
import { kColumns, listForm, listOf, type WatchEntry, type WatchList } from './model';
import './lists.css';

const kLive = ['WatchEntry'] as const;
const kSeverity = { critical: 'high', warning: 'caution', info: 'notice' } as const;
const kListsMax = 200;

const kSource = withPeople<WatchEntry>(
  fhir,
  fhirSource<WatchEntry>(fhir, {
    type: 'WatchEntry', sort: '-_lastUpdated', params: (query) => (query.picks['list'] ? [['list', `WatchList/${query.picks['list']}`]] : []),
    counters: { active: [['status', 'active']], ended: [['status', 'ended']], all: [] },
  }),
  (record) => record.subject,
);

export default function WatchListsDesk(): ReactNode {
  return may(useSession(), 'read', 'WatchEntry') ? <Lists /> : <NotForPost />;
}

function useLists(): { lists: WatchList[]; again: () => void } {
  const asked = useQuery({ queryKey: ['watch-lists'], queryFn: ({ signal }) => fhir.search<WatchList>('WatchList', [['_count', String(kListsMax)]], signal) });
  return { lists: asked.data?.items ?? [], again: () => void asked.refetch() };
}

function useColumns(lists: readonly WatchList[]): Column<About<WatchEntry>>[] {
  const { t } = useTranslation('point-of-care');
  const who = usePersonText();
  const list = (entry: WatchEntry): WatchList | undefined => lists.find((one) => one.id === idOf('WatchList', entry.list.reference));
  const state = (entry: WatchEntry): string => t(entry.status === 'active' && entry.period?.end && entry.period.end < dayOf(Date.now()) ? 'entry.over' : `entry.${entry.status}`);
  return [
    { id: 'person', title: t('lists.person'), fixed: true, width: 148, cell: (r) => <PersonCell patient={r.patient} />, text: (r) => who(r.patient) },
    { id: 'list', title: t('lists.list'), width: 180, cell: (r) => <OfList list={list(r.record)} />, text: (r) => list(r.record)?.title ?? '' },
    { id: 'reason', title: t('lists.reason'), cell: (r) => r.record.reason.text ?? '', text: (r) => r.record.reason.text ?? '' },
    { id: 'from', title: t('lists.from'), cell: (r) => r.record.period?.start?.slice(0, 10) ?? '', text: (r) => r.record.period?.start ?? '', sort: 'period', width: 96, narrow: true },
    { id: 'until', title: t('lists.until'), cell: (r) => r.record.period?.end?.slice(0, 10) ?? t('lists.noEnd'), text: (r) => r.record.period?.end ?? '', width: 96 },
    { id: 'status', title: t('lists.status'), cell: (r) => state(r.record), text: (r) => state(r.record), width: 96 },
  ];
}

function OfList({ list }: { list: WatchList | undefined }): ReactNode {
  if (!list) return null;
  return (
    <span className="wl-of">
      <Severity level={kSeverity[list.level as keyof typeof kSeverity] ?? 'notice'} size={14} />
      <span className="tk-cut">{list.title}</span>
    </span>
  );
}

type Open = 'import' | 'list' | 'entry' | null;

function Lists(): ReactNode {
  const { t } = useTranslation('point-of-care');
  const session = useSession();
  const queries = useQueryClient();
  const who = usePersonText();
  const address = useRecordAddress();
  const { lists, again } = useLists();
  const [picked] = useParam('list', '');
  const [open, setOpen] = useState<Open>(null);
  const columns = useColumns(lists);
  const writes = may(session, 'write', 'WatchEntry');
  const imports = may(session, 'call', 'watch-import') && session.area === '';
  const refresh = (): void => void queries.invalidateQueries({ queryKey: kSource.key });
  const end: BulkDeed<About<WatchEntry>> = {
    id: 'end', label: t('lists.end'), hinders: (r) => (r.record.status !== 'active' ? t('lists.isOver') : r.record.id?.startsWith('mirror-') ? t('lists.isMirror') : ''),
    run: async (r) => void (await fhir.patch(r.record, [{ op: 'replace', path: '/status', value: 'ended' }])),
  };
  return (
    <main id="main" className="cs-page" tabIndex={-1}>
      <List
        id="watch-lists" title={t('lists.title')} source={kSource} columns={columns} rowId={(r) => r.record.id ?? ''} rowLabel={(r) => who(r.patient)} current="" onOpen={(r) => { const to = address(r.record.subject.reference ?? ''); if (to) go(to); }} onClose={() => setOpen(null)}
        counters={(['active', 'ended', 'all'] as const).map((one) => ({ id: one, label: t(`lists.count.${one}`) }))}
        picks={[{ name: 'list', label: t('lists.list'), any: t('lists.any'), options: lists.map((list) => ({ value: list.id ?? '', label: list.title })) }]}
        actions={
          <>
            {may(session, 'write', 'WatchList') && <button type="button" className="tk-btn" onClick={() => setOpen('list')}>{t('lists.new')}</button>}
            {writes && lists.length > 0 && <button type="button" className="tk-btn" onClick={() => setOpen('entry')}>{t('lists.add')}</button>}
            {imports && lists.length > 0 && <button type="button" className="tk-btn tk-pri" onClick={() => setOpen('import')}>{t('lists.import')}</button>}
          </>
        }
        bulk={writes ? [end] : []} empty={{ icon: 'shield', title: t('lists.none'), hint: t(lists.length === 0 ? 'lists.noneHint' : 'lists.noneHere') }} file={t('lists.title')} live={kLive}
      />
      {open === 'list' && <NewList onDone={() => { again(); setOpen(null); }} onClose={() => setOpen(null)} />}
      {open === 'entry' && <NewEntry lists={lists} first={picked} onDone={() => { refresh(); setOpen(null); }} onClose={() => setOpen(null)} />}
      {open === 'import' && <Import lists={lists} first={picked} onDone={refresh} onClose={() => setOpen(null)} />}
    </main>
  );
}

function NewList({ onDone, onClose }: { onDone: () => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const session = useSession();
  const form = useMemo(() => listForm((key) => t(key as 'lists.new')), [t]);
  const [key] = useState(newKey);
  return (
    <Dialog title={t('lists.new')} onClose={onClose}>
      <div className="wl-dialog">
        <p className="tk-sub">{t('lists.newHint')}</p>
        <QuestionnaireForm
          questionnaire={form} draft={`${session.account}.watch-list`} send={t('lists.newSend')}
          onSend={async (response) => { await fhir.create(listOf(response, key.slice(0, 8)), { key }); onDone(); }}
        />
      </div>
    </Dialog>
  );
}

function PickList({ lists, list, onPick }: { lists: readonly WatchList[]; list: string; onPick: (id: string) => void }): ReactNode {
  const { t } = useTranslation('point-of-care');
  return (
    <Field id="wl-list" label={t('lists.list')}>
      {(aria) => (
        <select {...aria} value={list} onChange={(e) => onPick(e.target.value)}>
          {lists.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}　{one.publisher}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface OfListsProps {
  lists: readonly WatchList[];
  first: string;
  onDone: () => void;
  onClose: () => void;
}

function NewEntry({ lists, first, onDone, onClose }: OfListsProps): ReactNode {
  const { t } = useTranslation('point-of-care');
  const refusal = useRefusal();
  const [list, setList] = useState(first || (lists[0]?.id ?? ''));
  const [patient, setPatient] = useState<Patient | null>(null);
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const [problem, setProblem] = useState<'reason' | Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const [key] = useState(newKey);
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    if (busy || !patient) return;
    if (reason.trim() === '') return setProblem('reason');
    setBusy(true);
    try {
      const period = { start: dayOf(Date.now()), ...(until ? { end: until } : {}) };
      await fhir.create<WatchEntry>({ resourceType: 'WatchEntry', status: 'active', list: { reference: `WatchList/${list}` }, subject: { reference: `Patient/${patient.id}` }, reason: { text: reason.trim() }, period }, { key });
      onDone();
    } catch (error) {
      setProblem(asFailure(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('lists.add')} onClose={onClose}>
      <form className="wl-dialog" noValidate onSubmit={(e) => void submit(e)}>
        <PickList lists={lists} list={list} onPick={setList} />
        {!patient && <PersonPicker label={t('lists.person')} onPick={setPatient} />}
        {patient && (
          <>
            <p>
              <b>{maskName(nameOf(patient))}</b> <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => setPatient(null)}>{t('lists.another')}</button>
            </p>
            <Field id="wl-reason" label={t('lists.reason')} problem={problem === 'reason' ? t('lists.needReason') : undefined}>
              {(aria) => <input {...aria} value={reason} maxLength={200} autoComplete="off" onChange={(e) => setReason(e.target.value)} />}
            </Field>
            <Field id="wl-until" label={t('lists.until')} hint={t('lists.untilHint')}>
              {(aria) => <input {...aria} type="date" value={until} min={dayOf(Date.now())} onChange={(e) => setUntil(e.target.value)} />}
            </Field>
            <div role="alert">{problem instanceof Failure && <p className="tk-note-ink">{refusal(problem)}</p>}</div>
            <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
              {t('lists.addSend')}
            </button>
          </>
        )}
      </form>
    </Dialog>
  );
}

function Import({ lists, first, onDone, onClose }: OfListsProps): ReactNode {
  const { t } = useTranslation('point-of-care');
  const [list, setList] = useState(first || (lists[0]?.id ?? ''));
  return (
    <Dialog title={t('lists.import')} onClose={onClose}>
      <div className="wl-dialog wl-import">
        <PickList lists={lists} list={list} onPick={setList} />
        <ImportWizard
          key={list} path={`/app/point-of-care/import?list=${encodeURIComponent(list)}`} what={lists.find((one) => one.id === list)?.title ?? t('lists.title')} columns={kColumns} hint={t('lists.importHint')}
          templates={[{ label: t('lists.template'), table: tableText(Object.values(kColumns), []) }]} onDone={onDone}
        />
      </div>
    </Dialog>
  );
}
