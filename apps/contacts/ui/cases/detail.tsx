// One case: what is known of it, whom he was with, the chain, where he was, how it came so far.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CasePane, Facts, StepLog, Track, useMoment } from '@tk/components/case/case';
import { Failed, Skeleton } from '@tk/components/states';
import { WaysPanel } from '@tk/components/ways/panel';
import { idOf } from '@tk/fhir/client';
import { asFailure } from '@tk/fhir/http';
import { parseTime } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { PersonCard } from '@tk/person/person_card';
import { RecordLink } from '@tk/shell/record_link';
import { fhir, may, useSession } from '@tk/shell/session';
import { ChainView } from '../chain';
import { Exposures } from '../exposures';
import type { Presence, TracingCase } from '../model';
import { NameContacts } from '../naming';

interface DetailProps {
  record: TracingCase;
  patient: Patient | null;
  again: () => void;
  onClose: () => void;
}

export function CaseDetail({ record, patient, again, onClose }: DetailProps): ReactNode {
  const { t } = useTranslation('contacts');
  const session = useSession();
  const moment = useMoment();
  const queries = useQueryClient();
  const [naming, setNaming] = useState(false);
  const id = record.id ?? '';
  const who = idOf('Patient', record.subject?.reference) ?? '';
  const open = record.status === 'open';
  const watch = idOf('ContactWatch', record.watch?.reference);
  const mayName = open && may(session, 'call', 'contacts-name');
  return (
    <CasePane
      label={t('aCase')} of={record} person={patient?.id} onClose={onClose} head={patient ? <PersonCard patient={patient} heading="h2" /> : <h2>{t('aCase')}</h2>} tag={<span className="cs-tag">{t(`form.${record.form}`)}</span>}
      parts={[
        { id: 'contacts', label: t('part.contacts'), show: () => <Exposures by={[['case', `TracingCase/${id}`]]} side="contact" name={`case ${id}`} /> },
        ...(may(session, 'call', 'contacts-chain') ? [{ id: 'chain', label: t('part.chain'), wide: true, show: () => <ChainView patient={who} /> }] : []),
        { id: 'facts', label: t('part.facts'), show: () => <CaseFacts record={record} /> },
        { id: 'places', label: t('part.places'), show: () => <Places patient={who} /> },
        { id: 'log', label: t('part.log'), show: () => <StepLog type="TracingCase" id={id} version={record.meta?.versionId ?? ''} state={(code) => t(`caseState.${code}`)} step={(code) => t(`step.${code}`, { defaultValue: code })} /> },
      ]}
    >
      <Track at={open ? 0 : 1} steps={[{ id: 'open', label: t('caseState.open'), sub: moment(parseTime(record.opened)) }, { id: 'closed', label: t('caseState.closed') }]} />
      <Facts rows={[[t('col.onset'), record.onset ?? ''], [t('col.sampled'), record.sampled ?? ''], [t('col.infectious'), record.infectious ?? ''], [t('was'), watch && <RecordLink to={`ContactWatch/${watch}`}>{t('wasContact')}</RecordLink>]]} />
      <WaysPanel
        record={record} onMoved={again} onConflict={again}
        more={mayName && (
          <button type="button" className="tk-btn" onClick={() => setNaming(true)}>
            {t('nameContacts')}
          </button>
        )}
      />
      {naming && (
        <NameContacts
          source={{ case: `TracingCase/${id}` }} kinds={['close', 'casual']} draft={`${session.account}.name.${id}`} onClose={() => setNaming(false)}
          onNamed={() => { void queries.invalidateQueries({ queryKey: ['contacts', 'exposures'] }); void queries.invalidateQueries({ queryKey: ['contacts', 'chain'] }); }}
        />
      )}
    </CasePane>
  );
}

function CaseFacts({ record }: { record: TracingCase }): ReactNode {
  const { t } = useTranslation('contacts');
  const moment = useMoment();
  return (
    <Facts
      rows={[
        [t('col.form'), t(`form.${record.form}`)], [t('col.symptoms'), record.symptoms ?? ''], [t('col.source'), record.source ?? ''], [t('col.opened'), moment(parseTime(record.opened))],
        [t('col.by'), record.by?.display ?? ''], [t('col.id'), record.id ?? ''],
      ]}
    />
  );
}

function Places({ patient }: { patient: string }): ReactNode {
  const { t } = useTranslation('contacts');
  const moment = useMoment();
  const asked = useQuery({ queryKey: ['contacts', 'places', patient], queryFn: ({ signal }) => fhir.search<Presence>('Presence', [['patient', `Patient/${patient}`], ['_sort', '-start'], ['_count', '100']], signal) });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={3} />;
  if (asked.data.items.length === 0) return <p className="tk-sub">{t('noPlaces')}</p>;
  return (
    <table className="cs-rows">
      <caption className="tk-vh">{t('part.places')}</caption>
      <thead>
        <tr>
          <th>{t('col.arrived')}</th>
          <th>{t('col.place')}</th>
          <th>{t('col.more')}</th>
        </tr>
      </thead>
      <tbody>
        {asked.data.items.map((place) => (
          <tr key={place.id}>
            <td>
              {moment(parseTime(place.start))}
              {place.end && <span className="tk-sub"> {t('till', { time: moment(parseTime(place.end)) })}</span>}
            </td>
            <th scope="row">
              <b>{place.place}</b>
              <span className="tk-sub"> {place.address ?? place.area ?? ''}</span>
            </th>
            <td>{[place.vehicle, place.mask === undefined ? '' : t(place.mask ? 'mask' : 'noMask')].filter(Boolean).join('　')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
