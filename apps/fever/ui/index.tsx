// Fever patients from report to release: the list, those whose time limit has passed first, and one of them beside it with what may be done and what a release waits for.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CasePane, DueChip, Facts, StepLog, Track, useMoment } from '@tk/components/case/case';
import { dueKind } from '@tk/components/case/due';
import { Prints } from '@tk/components/case/prints';
import { NotForPost, OneRecord } from '@tk/components/case/one';
import { fhirSource } from '@tk/components/list/fhir_source';
import { List } from '@tk/components/list/list';
import type { Column } from '@tk/components/list/model';
import { Failed, Skeleton } from '@tk/components/states';
import { WaysPanel } from '@tk/components/ways/panel';
import { limitOf } from '@tk/components/ways/ways';
import { asFailure } from '@tk/fhir/http';
import { areaOf } from '@tk/fhir/person';
import { parseTime } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { type About, withPeople } from '@tk/person/people';
import { PersonCard } from '@tk/person/person_card';
import { PersonCell, usePersonText } from '@tk/person/person_cell';
import { useParam } from '@tk/shell/router';
import { fhir, may, useSession } from '@tk/shell/session';
import { eventsOf, type FeverEpisode, type FeverTransport, kSteps, stepOf } from './model';
import './words';

const kLive = ['FeverEpisode'] as const;
const kCounters = ['open', 'registered', 'transport', 'clinic', 'hospital', 'follow-up', 'released'] as const;
const kOpen = 'registered,transport,clinic,hospital,follow-up';
const kTold = ['release', 'discharge', 'send-home'] as const;

const kSource = withPeople<FeverEpisode>(
  fhir,
  fhirSource<FeverEpisode>(fhir, {
    type: 'FeverEpisode', sort: '-registered', params: () => [],
    counters: Object.fromEntries(kCounters.map((one) => [one, [['status', one === 'open' ? kOpen : one]]])),
  }),
  (record) => record.subject,
);

export default function FeverDesk(): ReactNode {
  return may(useSession(), 'read', 'FeverEpisode') ? <Episodes /> : <NotForPost />;
}

const isOpen = (record: FeverEpisode): boolean => kOpen.split(',').includes(record.status);

function Episodes(): ReactNode {
  const { t } = useTranslation('fever');
  const who = usePersonText();
  const moment = useMoment();
  const [id, setId] = useParam('episode', '');
  const columns: Column<About<FeverEpisode>>[] = [
    { id: 'person', title: t('col.person'), fixed: true, width: 148, cell: (r) => <PersonCell patient={r.patient} />, text: (r) => who(r.patient) },
    { id: 'temperature', title: t('col.temperature'), cell: (r) => r.record.temperature?.toFixed(1) ?? '', text: (r) => r.record.temperature?.toFixed(1) ?? '', width: 72 },
    { id: 'area', title: t('col.area'), cell: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', text: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', narrow: true },
    { id: 'clinic', title: t('col.clinic'), cell: (r) => r.record.clinic ?? '', text: (r) => r.record.clinic ?? '', narrow: true },
    { id: 'registered', title: t('col.registered'), cell: (r) => moment(parseTime(r.record.registered)), text: (r) => r.record.registered ?? '', sort: 'registered', width: 120 },
    { id: 'due', title: t('col.due'), cell: (r) => (isOpen(r.record) ? <DueChip dueMs={limitOf(r.record)} /> : ''), text: (r) => new Date(limitOf(r.record) ?? 0).toISOString(), width: 96 },
    { id: 'status', title: t('col.status'), cell: (r) => t(`state.${r.record.status}`), text: (r) => t(`state.${r.record.status}`), width: 120 },
  ];
  return (
    <main id="main" className="cs-page" data-open={id !== ''} tabIndex={-1}>
      <List
        id="fever" title={t('title')} source={kSource} columns={columns} rowId={(r) => r.record.id ?? ''} rowLabel={(r) => who(r.patient)} current={id} onOpen={(r) => setId(r.record.id ?? '', id ? 'replace' : 'push')} onClose={() => setId('')}
        counters={kCounters.map((one) => ({ id: one, label: t(`count.${one}`) }))} empty={{ icon: 'thermometer', title: t('none'), hint: t('noneHint') }} file={t('title')} live={kLive}
      />
      {id !== '' && (
        <OneRecord<FeverEpisode>
          key={id} type="FeverEpisode" id={id} label={t('one')} about={(r) => r.subject} list={kSource.key} onClose={() => setId('')}
          show={(record, patient, again) => <Episode record={record} patient={patient} again={again} onClose={() => setId('')} />}
        />
      )}
    </main>
  );
}

function Episode({ record, patient, again, onClose }: { record: FeverEpisode; patient: Patient | null; again: () => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('fever');
  const moment = useMoment();
  const at = stepOf(record.status);
  const due = limitOf(record);
  const id = record.id ?? '';
  const word = (step: string): string => (step === 'isolated' ? t(record.status === 'hospital' || record.status === 'follow-up' ? `state.${record.status}` : 'isolation') : step === 'released' && record.status === 'cancelled' ? t('state.cancelled') : t(`state.${step}`));
  const when: Partial<Record<string, string>> = { registered: moment(parseTime(record.registered)), isolated: record.isolated && moment(parseTime(record.isolated)), released: record.released && moment(parseTime(record.released)) };
  return (
    <CasePane
      label={t('one')} of={record} person={patient?.id} onClose={onClose} head={patient ? <PersonCard patient={patient} heading="h2" /> : <h2>{t('one')}</h2>}
      tag={record.outcome && <span className="cs-tag" data-severe={record.outcome === 'confirmed'}>{t(`outcome.${record.outcome}`)}</span>}
      parts={[
        { id: 'course', label: t('part.course'), count: eventsOf(record).length, show: () => <Course record={record} /> },
        { id: 'transport', label: t('part.transport'), show: () => <Transports episode={id} /> },
        { id: 'log', label: t('part.log'), show: () => <StepLog type="FeverEpisode" id={id} version={record.meta?.versionId ?? ''} state={(code) => t(`state.${code}`)} step={(code) => t(`step.${code}`, { defaultValue: code })} /> },
      ]}
    >
      <Track at={at} steps={kSteps.map((step) => ({ id: step, label: word(step), sub: when[step] }))} />
      {isOpen(record) && due !== null && (
        <p className="cs-dueline" data-kind={dueKind(due, Date.now())}>
          <DueChip dueMs={due} />
          <span className="tk-cut">{t(`limit.${record.status}`, { defaultValue: t('col.due') })}</span>
        </p>
      )}
      <Facts
        rows={[
          [t('col.temperature'), record.temperature === undefined ? '' : `${record.temperature.toFixed(1)} ℃`], [t('col.onset'), record.onset ? moment(parseTime(record.onset)) : ''], [t('col.symptoms'), record.symptoms ?? ''],
          [t('col.contact'), record.contact === undefined ? '' : t(record.contact ? 'yes' : 'no')], [t('col.clinic'), record.clinic ?? ''], [t('col.rule'), record.releaseRule ?? ''],
        ]}
      />
      <WaysPanel record={record} told={kTold} onMoved={again} onConflict={again} />
    </CasePane>
  );
}

function Course({ record }: { record: FeverEpisode }): ReactNode {
  const { t } = useTranslation('fever');
  const moment = useMoment();
  const events = eventsOf(record);
  if (events.length === 0) return <p className="tk-sub">{t('noCourse')}</p>;
  return (
    <table className="cs-rows">
      <caption className="tk-vh">{t('part.course')}</caption>
      <thead>
        <tr>
          <th>{t('col.when')}</th>
          <th>{t('col.what')}</th>
          <th>{t('col.result')}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event, i) => (
          <tr key={i}>
            <td>{moment(parseTime(event.at))}</td>
            <th scope="row">{t(`event.${event.kind}`)}</th>
            <td>{event.kind === 'visit' ? `${event.temperature?.toFixed(1)} ℃　${t(`visit.${event.word}`)}` : t(`result.${event.word}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Transports({ episode }: { episode: string }): ReactNode {
  const { t } = useTranslation('fever');
  const moment = useMoment();
  const asked = useQuery({ queryKey: ['fever', 'transport', episode], staleTime: 0, queryFn: ({ signal }) => fhir.search<FeverTransport>('FeverTransport', [['episode', `FeverEpisode/${episode}`], ['_sort', '-requested'], ['_count', '20']], signal) });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={2} />;
  if (asked.data.items.length === 0) return <p className="tk-sub">{t('noTransport')}</p>;
  return asked.data.items.map((one) => (
    <div key={one.id} className="cs-one">
      <Prints type="FeverTransport" id={one.id ?? ''} version={one.meta?.versionId ?? ''} />
      <Facts rows={[[t('col.status'), t(`carState.${one.status}`)], [t('col.from'), one.place], [t('col.to'), one.clinic], [t('col.registered'), moment(parseTime(one.requested))], [t('col.car'), one.car ?? ''], [t('col.by'), one.by?.display ?? '']]} />
    </div>
  ));
}
