// Cases that are traced: the list, one of them beside it, and a new one by its interview. The URL holds filter, record and part; whom one looks for stays out of it.
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { useMoment } from '@tk/components/case/case';
import { NotForPost, OneRecord } from '@tk/components/case/one';
import { fhirSource } from '@tk/components/list/fhir_source';
import { List } from '@tk/components/list/list';
import type { Column } from '@tk/components/list/model';
import { areaOf } from '@tk/fhir/person';
import { parseTime } from '@tk/fhir/time';
import { type About, withPeople } from '@tk/person/people';
import { PersonCell, usePersonText } from '@tk/person/person_cell';
import { PersonPicker } from '@tk/person/picker';
import { useParam } from '@tk/shell/router';
import { fhir, may, useSession } from '@tk/shell/session';
import type { TracingCase } from '../model';
import '../contacts.css';
import '../words';
import { CaseDetail } from './detail';
import { Interview } from './interview';

const kForms = ['confirmed', 'suspected', 'asymptomatic'] as const;
const kLive = ['TracingCase'] as const;

const kSource = withPeople<TracingCase>(
  fhir,
  fhirSource<TracingCase>(fhir, {
    type: 'TracingCase', sort: '-opened', params: (query) => (query.picks['form'] ? [['form', query.picks['form']]] : []),
    counters: { open: [['status', 'open']], closed: [['status', 'closed']], all: [] },
  }),
  (record) => record.subject,
);

export default function CasesDesk(): ReactNode {
  return may(useSession(), 'read', 'TracingCase') ? <Cases /> : <NotForPost />;
}

function useColumns(): Column<About<TracingCase>>[] {
  const { t } = useTranslation('contacts');
  const who = usePersonText();
  const moment = useMoment();
  return [
    { id: 'person', title: t('col.case'), fixed: true, width: 148, cell: (r) => <PersonCell patient={r.patient} />, text: (r) => who(r.patient) },
    { id: 'form', title: t('col.form'), cell: (r) => t(`form.${r.record.form}`), text: (r) => t(`form.${r.record.form}`), width: 96 },
    { id: 'area', title: t('col.area'), cell: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', text: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', narrow: true },
    { id: 'onset', title: t('col.onset'), cell: (r) => r.record.onset ?? r.record.sampled ?? '', text: (r) => r.record.onset ?? r.record.sampled ?? '', sort: 'onset', width: 96, narrow: true },
    { id: 'infectious', title: t('col.infectious'), cell: (r) => r.record.infectious ?? '', text: (r) => r.record.infectious ?? '', width: 96, narrow: true },
    { id: 'opened', title: t('col.opened'), cell: (r) => moment(parseTime(r.record.opened)), text: (r) => r.record.opened ?? '', sort: 'opened', width: 120 },
    { id: 'status', title: t('col.status'), cell: (r) => t(`caseState.${r.record.status}`), text: (r) => t(`caseState.${r.record.status}`), width: 96 },
  ];
}

function Cases(): ReactNode {
  const { t } = useTranslation('contacts');
  const session = useSession();
  const queries = useQueryClient();
  const person = usePersonText();
  const [id, setId] = useParam('case', '');
  const [fresh, setFresh] = useParam('new', '');
  const [picking, setPicking] = useState(false);
  const columns = useColumns();
  const show = (next: string): void => {
    setFresh('', 'replace');
    setId(next, id || fresh ? 'replace' : 'push');
  };
  const mayOpen = may(session, 'call', 'contacts-name') && may(session, 'write', 'QuestionnaireResponse');
  return (
    <main id="main" className="cs-page" data-open={id !== '' || fresh !== ''} tabIndex={-1}>
      <List
        id="contacts-cases" title={t('cases')} source={kSource} columns={columns} rowId={(r) => r.record.id ?? ''} rowLabel={(r) => person(r.patient)} current={id} onOpen={(r) => show(r.record.id ?? '')} onClose={() => show('')}
        counters={(['open', 'closed', 'all'] as const).map((one) => ({ id: one, label: t(`count.${one}`) }))}
        picks={[{ name: 'form', label: t('col.form'), any: t('anyForm'), options: kForms.map((value) => ({ value, label: t(`form.${value}`) })) }]}
        actions={mayOpen && (
          <button type="button" className="tk-btn tk-pri" onClick={() => setPicking(true)}>
            {t('newCase')}
          </button>
        )}
        empty={{ icon: 'check', title: t('noCases'), hint: mayOpen ? t('noCasesHint') : undefined }} file={t('cases')} live={kLive}
      />
      {fresh !== '' && <Interview key={fresh} patient={fresh} onDone={(made) => { void queries.invalidateQueries({ queryKey: kSource.key }); setFresh('', 'replace'); setId(made, 'replace'); }} onClose={() => setFresh('')} />}
      {fresh === '' && id !== '' && <OneRecord<TracingCase> key={id} type="TracingCase" id={id} label={t('aCase')} about={(r) => r.subject} list={kSource.key} onClose={() => show('')} show={(record, patient, again) => <CaseDetail record={record} patient={patient} again={again} onClose={() => show('')} />} />}
      {picking && (
        <Dialog title={t('newCase')} onClose={() => setPicking(false)}>
          <div className="ct-pick">
            <PersonPicker label={t('whoseInterview')} onPick={(patient) => { setPicking(false); setId('', 'replace'); setFresh(patient.id ?? ''); }} />
          </div>
        </Dialog>
      )}
    </main>
  );
}
