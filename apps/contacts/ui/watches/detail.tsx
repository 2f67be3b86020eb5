// One contact: until when he is observed, what may be done, what his release still waits for; the days with temperature, follow-ups and tests; why he is observed; the chain.
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CasePane, DueChip, Facts, StepLog, Track, useMoment } from '@tk/components/case/case';
import { dueKind } from '@tk/components/case/due';
import { WaysPanel } from '@tk/components/ways/panel';
import { idOf } from '@tk/fhir/client';
import { parseTime } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { PersonCard } from '@tk/person/person_card';
import { RecordLink } from '@tk/shell/record_link';
import { may, useSession } from '@tk/shell/session';
import { useContactSettings } from '../ask';
import { ChainView } from '../chain';
import { Exposures } from '../exposures';
import { type ContactWatch, endOf } from '../model';
import { NameContacts } from '../naming';
import { Observation } from './observation';
import { TestsCell } from './index';

const kAt: Record<string, number> = { observation: 0, lost: 0, case: 1, released: 1, cancelled: 1 };

interface DetailProps {
  record: ContactWatch;
  patient: Patient | null;
  again: () => void;
  onClose: () => void;
}

export function WatchDetail({ record, patient, again, onClose }: DetailProps): ReactNode {
  const { t } = useTranslation('contacts');
  const session = useSession();
  const settings = useContactSettings();
  const moment = useMoment();
  const queries = useQueryClient();
  const [naming, setNaming] = useState(false);
  const id = record.id ?? '';
  const who = idOf('Patient', record.subject?.reference) ?? '';
  const open = record.status === 'observation' || record.status === 'lost';
  const tracing = idOf('TracingCase', record.case?.reference);
  const end = endOf(record);
  const sees = may(session, 'read', 'Exposure');
  const exposures = (record.exposure ?? []).flatMap((r) => idOf('Exposure', r.reference) ?? []);
  return (
    <CasePane
      label={t('aContact')} of={record} person={patient?.id} onClose={onClose} head={patient ? <PersonCard patient={patient} heading="h2" /> : <h2>{t('aContact')}</h2>} tag={<span className="cs-tag">{t(`kind.${record.kind}`)}</span>}
      parts={[
        { id: 'days', label: t('part.days'), show: () => <Observation watch={record} limit={settings?.fever_limit_cel ?? null} /> },
        ...(sees && exposures.length > 0 ? [{ id: 'why', label: t('part.why'), count: exposures.length, show: () => <Exposures by={[['_id', exposures.join(',')]]} side="source" name={`watch ${id}`} /> }] : []),
        ...(sees ? [{ id: 'his', label: t('part.his'), show: () => <Exposures by={[['through', `ContactWatch/${id}`]]} side="contact" name={`through ${id}`} /> }] : []),
        ...(may(session, 'call', 'contacts-chain') ? [{ id: 'chain', label: t('part.chain'), wide: true, show: () => <ChainView patient={who} /> }] : []),
        { id: 'log', label: t('part.log'), show: () => <StepLog type="ContactWatch" id={id} version={record.meta?.versionId ?? ''} state={(code) => t(`watchState.${code}`)} step={(code) => t(`step.${code}`, { defaultValue: code })} /> },
      ]}
    >
      <Track at={kAt[record.status] ?? 0} steps={[{ id: 'observed', label: t(record.status === 'lost' ? 'watchState.lost' : 'watchState.observation'), sub: moment(parseTime(record.since)) }, { id: 'end', label: open ? t('watchState.released') : t(`watchState.${record.status}`), sub: open ? t('earliest', { day: record.until.slice(5) }) : moment(parseTime(record.ended)) }]} />
      {open && (
        <p className="cs-dueline" data-kind={dueKind(end, Date.now())}>
          <DueChip dueMs={end} />
          <span className="tk-cut">{t('observedUntil', { day: record.until })}</span>
          <span className="tk-grow" />
          <TestsCell watch={record} settings={settings} />
        </p>
      )}
      <Facts
        rows={[
          [t('col.last'), record.last], [t('col.missed'), record.missed ? t('times', { count: record.missed }) : ''], [t('col.endRule'), record.endRule ?? ''],
          [t('becameCase'), tracing && <RecordLink to={`TracingCase/${tracing}`}>{t('aCase')}</RecordLink>],
        ]}
      />
      <WaysPanel
        record={record} told={['release']} codeWords={(input, code) => (input === 'form' ? t(`form.${code}`) : code)} onMoved={again} onConflict={again}
        more={open && may(session, 'call', 'contacts-name') && (
          <button type="button" className="tk-btn" onClick={() => setNaming(true)}>
            {t('nameHis')}
          </button>
        )}
      />
      {naming && (
        <NameContacts
          source={{ watch: `ContactWatch/${id}` }} kinds={['secondary', 'casual']} draft={`${session.account}.name.${id}`} onClose={() => setNaming(false)}
          onNamed={() => { void queries.invalidateQueries({ queryKey: ['contacts', 'exposures'] }); void queries.invalidateQueries({ queryKey: ['contacts', 'chain'] }); }}
        />
      )}
    </CasePane>
  );
}
