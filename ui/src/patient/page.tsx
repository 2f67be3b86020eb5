// A person at the desk: who it is, what must not be overlooked, what matters first, what happened where, and how values went. From all records that the
// person index joins, as far as this post may read them; nothing here is concluded that they do not say.
// The URL holds the record's id and the kind of events; results are health data and stay out of it.
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { parts } from 'virtual:tk-parts/person';
import { Icon, Severity } from '../components/icon';
import { Empty, Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { clockOf } from '../fhir/time';
import { PersonCard } from '../person/person_card';
import { mayUse } from '../shell/pages';
import { useParam } from '../shell/router';
import { postOf, useSession } from '../shell/session';
import { allergiesAsked, allergiesIn, measuresIn } from './facts';
import './patient.css';
import { Matters } from './matters';
import { type PersonRecord, readRecord } from './record';
import { History } from './history';
import { Trends } from './trends';
import './words';

const kId = /^(?!\.+$)[A-Za-z0-9\-.]{1,64}$/;
const kParts = parts.map((part) => ({ ...part, Part: lazy(part.load) }));

export default function PatientPage(): ReactNode {
  const { t, i18n } = useTranslation('patient');
  const session = useSession();
  const [id] = useParam('id', '');
  const asked = kId.test(id);
  const record = useQuery({ queryKey: ['patient', 'record', id, session.account], enabled: asked, queryFn: ({ signal }) => readRecord(id, session, signal) });
  const failure = record.error ? asFailure(record.error) : null;
  return (
    <main id="main" className="pt" tabIndex={-1}>
      {!record.data && <h1 className="tk-vh">{t('title')}</h1>}
      {!asked && (
        <Empty icon="search" title={t('which')}>
          <p className="tk-sub">{t('whichHint')}</p>
        </Empty>
      )}
      {asked && record.isPending && <Skeleton lines={9} />}
      {failure &&
        (failure.kind === 'missing' ? (
          <Empty icon="lock" title={t('notHere')}>
            <p className="tk-sub">{t('notHereHint', { post: postOf(session, i18n.language) })}</p>
          </Empty>
        ) : (
          <Failed failure={failure} onRetry={() => void record.refetch()} />
        ))}
      {record.data && <Person key={id} record={record.data} again={() => void record.refetch()} busy={record.isFetching} />}
    </main>
  );
}

function Person({ record, again, busy }: { record: PersonRecord; again: () => void; busy: boolean }): ReactNode {
  const { t } = useTranslation('patient');
  const session = useSession();
  const measures = useMemo(() => measuresIn(record.resources), [record]);
  const patient = record.patients[0];
  if (!patient) return <Empty icon="info" title={t('notHere')} />;
  const ids = record.patients.map((p) => p.id ?? '');
  return (
    <>
      {kParts
        .filter((part) => mayUse(session, part))
        .map(({ app, Part }) => (
          <Suspense key={app} fallback={null}>
            <Part patients={ids} />
          </Suspense>
        ))}
      <div className="pt-id">
        <PersonCard patient={patient} />
        <Allergies record={record} />
        <div className="pt-read">
          <span className="tk-sub">{t('records', { count: record.patients.length })}</span>
          <span className="tk-sub">{t('asOf', { time: clockOf(record.atMs, true) })}</span>
          <button type="button" className="tk-btn tk-quiet tk-s" aria-disabled={busy} onClick={again}>
            <Icon name="again" size={16} />
            {t('again')}
          </button>
        </div>
      </div>
      {(record.more || record.missing > 0) && (
        <p className="tk-note-ink pt-part" role="alert">
          <Icon name="info" size={18} />
          {record.more ? t('partOnly') : t('missing', { count: record.missing })}
        </p>
      )}
      {record.resources.length === 0 ? (
        <Empty icon="info" title={t('nothing')}>
          <p className="tk-sub">{t('nothingHint')}</p>
        </Empty>
      ) : (
        <div className="pt-cols">
          <Matters record={record} measures={measures} />
          <History record={record} />
          <Trends measures={measures} known={record.types.includes('Observation')} />
        </div>
      )}
    </>
  );
}

/** Directly beside who it is: what harms. That nothing is recorded is not that there is none. */
function Allergies({ record }: { record: PersonRecord }): ReactNode {
  const { t } = useTranslation('patient');
  const allergies = allergiesIn(record.resources);
  const known = record.types.includes('AllergyIntolerance');
  return (
    <section className="pt-all" aria-labelledby="pt-all">
      <h2 id="pt-all">
        {t('allergies')} <span className="tk-sub">{allergies.length > 0 ? t('items', { count: allergies.length }) : ''}</span>
      </h2>
      {!known && <p className="tk-sub">{t('mayNotSee')}</p>}
      {known && allergies.length === 0 && <p>{t(allergiesAsked(record.resources) ? 'noAllergies' : 'allergiesUnknown')}</p>}
      <ul>
        {allergies.map((a) => (
          <li key={a.id} data-high={a.high}>
            <Severity level={a.high ? 'high' : 'caution'} size={16} />
            <span className="tk-vh">{t(a.high ? 'grave' : 'caution')}</span>
            <b>{a.text}</b>
            {a.reaction}
          </li>
        ))}
      </ul>
    </section>
  );
}
