// Contacts who are observed: the list, by when the observation ends, and one of them beside it. The URL holds filter, record and part.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { DueChip, useMoment } from '@tk/components/case/case';
import { Severity } from '@tk/components/icon';
import { NotForPost, OneRecord } from '@tk/components/case/one';
import { fhirSource } from '@tk/components/list/fhir_source';
import { List } from '@tk/components/list/list';
import type { BulkDeed, Column } from '@tk/components/list/model';
import { AskWay } from '@tk/components/ways/ask';
import { areaOf } from '@tk/fhir/person';
import { dayOf, parseTime } from '@tk/fhir/time';
import { type About, withPeople } from '@tk/person/people';
import { PersonCell, usePersonText } from '@tk/person/person_cell';
import { useParam } from '@tk/shell/router';
import { fhir, may, useSession } from '@tk/shell/session';
import { useContactSettings } from '../ask';
import '../contacts.css';
import { type ContactWatch, endOf, isPositive, lastVisit, neededOf, negativesOf, type Settings } from '../model';
import '../words';
import { WatchDetail } from './detail';

const kLive = ['ContactWatch'] as const;
const kCounters = ['observed', 'ends', 'missed', 'lost', 'case', 'released', 'all'] as const;
const kKinds = ['close', 'secondary'] as const;
const kFoundPosts = ['contact-investigator', 'contact-follower'];

const kSource = withPeople<ContactWatch>(
  fhir,
  fhirSource<ContactWatch>(fhir, {
    type: 'ContactWatch', sort: 'until', params: (query) => (query.picks['kind'] ? [['kind', query.picks['kind']]] : []),
    counters: {
      observed: [['status', 'observation']], ends: [['status', 'observation'], ['until', 'le' + dayOf(Date.now())]], missed: [['status', 'observation'], ['missed', 'gt0']], lost: [['status', 'lost']], case: [['status', 'case']],
      released: [['status', 'released']], all: [],
    },
  }),
  (record) => record.subject,
);

export default function WatchesDesk(): ReactNode {
  return may(useSession(), 'read', 'ContactWatch') ? <Watches /> : <NotForPost />;
}

/** Negatives of those that are needed; a positive says so with its shape and word. */
export function TestsCell({ watch, settings }: { watch: ContactWatch; settings: Settings | null }): ReactNode {
  const { t } = useTranslation('contacts');
  if (isPositive(watch)) {
    return (
      <span className="cs-tag" data-severe="true">
        <Severity level="high" size={14} />
        {t('positive')}
      </span>
    );
  }
  const done = negativesOf(watch, Date.now());
  return t(settings ? 'negativesOf' : 'negatives', { done, needed: settings ? neededOf(watch, settings) : 0 });
}

function useColumns(): Column<About<ContactWatch>>[] {
  const { t } = useTranslation('contacts');
  const who = usePersonText();
  const moment = useMoment();
  const settings = useContactSettings();
  const visit = (watch: ContactWatch): string => {
    const last = lastVisit(watch);
    return last ? `${moment(parseTime(last.when))} ${t(`outcome.${last.outcome}`)}` : t('notYet');
  };
  const open = (watch: ContactWatch): boolean => watch.status === 'observation' || watch.status === 'lost';
  return [
    { id: 'person', title: t('col.contact'), fixed: true, width: 148, cell: (r) => <PersonCell patient={r.patient} />, text: (r) => who(r.patient) },
    { id: 'kind', title: t('col.kind'), cell: (r) => t(`kind.${r.record.kind}`), text: (r) => t(`kind.${r.record.kind}`), width: 96 },
    { id: 'area', title: t('col.area'), cell: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', text: (r) => (r.patient && areaOf(r.patient)?.name) ?? '', narrow: true },
    { id: 'until', title: t('col.until'), cell: (r) => (open(r.record) ? <DueChip dueMs={endOf(r.record)} /> : r.record.until), text: (r) => r.record.until, sort: 'until', width: 96 },
    { id: 'tests', title: t('col.tests'), cell: (r) => <TestsCell watch={r.record} settings={settings} />, text: (r) => (isPositive(r.record) ? t('positive') : String(negativesOf(r.record, Date.now()))), width: 96 },
    { id: 'visit', title: t('col.visit'), cell: (r) => visit(r.record), text: (r) => visit(r.record), width: 148, narrow: true },
    { id: 'missed', title: t('col.missed'), cell: (r) => (r.record.missed ? t('times', { count: r.record.missed }) : ''), text: (r) => String(r.record.missed ?? 0), sort: 'missed', width: 72, narrow: true },
    { id: 'status', title: t('col.status'), cell: (r) => t(`watchState.${r.record.status}`), text: (r) => t(`watchState.${r.record.status}`), width: 96 },
  ];
}

/** Those who were lost and are found again, several at once, with one reason. */
function useFound(): BulkDeed<About<ContactWatch>>[] {
  const { t } = useTranslation('contacts');
  const session = useSession();
  if (!kFoundPosts.includes(session.post)) return [];
  const title = { zh: t('found'), en: t('found') };
  return [
    {
      id: 'found', label: t('found'), hinders: (r) => (r.record.status === 'lost' ? '' : t('notLost')),
      ask: ({ count, onGo, onClose }) => <AskWay way={{ code: 'found', title, to: 'observation', may: true, why: '', unmet: [], posts: [], reason: true, inputs: [] }} count={count} busy={false} problem="" onGo={onGo} onClose={onClose} />,
      run: async (r, reason) => void (await fhir.transition(r.record, 'found', String(reason))),
    },
  ];
}

function Watches(): ReactNode {
  const { t } = useTranslation('contacts');
  const person = usePersonText();
  const [id, setId] = useParam('watch', '');
  const columns = useColumns();
  const deeds = useFound();
  return (
    <main id="main" className="cs-page" data-open={id !== ''} tabIndex={-1}>
      <List
        id="contacts-watches" title={t('watches')} source={kSource} columns={columns} rowId={(r) => r.record.id ?? ''} rowLabel={(r) => person(r.patient)} current={id} onOpen={(r) => setId(r.record.id ?? '', id ? 'replace' : 'push')} onClose={() => setId('')}
        counters={kCounters.map((one) => ({ id: one, label: t(`watchCount.${one}`) }))} picks={[{ name: 'kind', label: t('col.kind'), any: t('anyKind'), options: kKinds.map((value) => ({ value, label: t(`kind.${value}`) })) }]}
        bulk={deeds} empty={{ icon: 'check', title: t('noWatches'), hint: t('noWatchesHint') }} file={t('watches')} live={kLive}
      />
      {id !== '' && <OneRecord<ContactWatch> key={id} type="ContactWatch" id={id} label={t('aContact')} about={(r) => r.subject} list={kSource.key} onClose={() => setId('')} show={(record, patient, again) => <WatchDetail record={record} patient={patient} again={again} onClose={() => setId('')} />} />}
    </main>
  );
}
