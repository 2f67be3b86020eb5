// What institutions have of me, in plain words: allergies and who looked stand above all, then results, medicines, and what happened, by day.
import { useQuery } from '@tanstack/react-query';
import { useContext, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '../components/icon';
import { Empty, Failed, Skeleton } from '../components/states';
import { idOf } from '../fhir/client';
import { asFailure } from '../fhir/http';
import { clockOf } from '../fhir/time';
import { eventsIn } from '../patient/events';
import { allergiesIn, lastOf, type Measure, measuresIn, medicinesIn } from '../patient/facts';
import { type PersonRecord, readRecord } from '../patient/record';
import '../patient/words';
import { DoorContext } from '../shell/door_context';
import { Link } from '../shell/router';
import { useSession } from '../shell/session';
import { byDay } from './days';
import './me.css';
import './words';

const kMeasures = 8;
const kEvents = 40;

export default function RecordPage(): ReactNode {
  const { t } = useTranslation('me');
  const { door } = useContext(DoorContext);
  const session = useSession();
  const id = idOf('Patient', session.record) ?? '';
  const asked = useQuery({ queryKey: ['me', 'record', id], enabled: id !== '', queryFn: ({ signal }) => readRecord(id, session, signal) });
  return (
    <main id="main" className="mr" tabIndex={-1}>
      <h1>{t('record.title')}</h1>
      {asked.data && <Allergies record={asked.data} />}
      <Link to={`/${door}/looks`} className="mr-way">
        <Icon name="eye" />
        <b className="tk-grow">{t('looks.title')}</b>
        <span aria-hidden="true">›</span>
      </Link>
      {id === '' && <Empty icon="person" title={t('record.nobody')} />}
      {id !== '' && asked.isPending && <Skeleton lines={8} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.data && <Record record={asked.data} />}
    </main>
  );
}

function Allergies({ record }: { record: PersonRecord }): ReactNode {
  const { t } = useTranslation('me');
  const all = allergiesIn(record.resources);
  if (all.length === 0) return null;
  return (
    <p className="mr-allergy">
      <Severity level="high" />
      <span>
        <b>{t('record.allergy', { what: all.map((a) => a.text).join(t('record.comma')) })}</b> {t('record.allergyDo')}
      </span>
    </p>
  );
}

function Record({ record }: { record: PersonRecord }): ReactNode {
  const { t, i18n } = useTranslation('me');
  const [shown, setShown] = useState(kEvents);
  const measures = measuresIn(record.resources).slice(0, kMeasures);
  const medicines = medicinesIn(record.resources);
  const events = eventsIn(record.resources);
  if (events.length === 0 && measures.length === 0 && medicines.length === 0) {
    return (
      <Empty icon="person" title={t('record.empty')}>
        <p className="tk-sub">{t('record.emptyHint')}</p>
      </Empty>
    );
  }
  return (
    <>
      {(record.more || record.missing > 0) && <p className="tk-sub">{t('record.part')}</p>}
      {measures.length > 0 && (
        <section aria-labelledby="mr-results">
          <h2 id="mr-results">{t('record.results')}</h2>
          <ul>
            {measures.map((m) => (
              <Result key={m.key} measure={m} />
            ))}
          </ul>
        </section>
      )}
      {medicines.length > 0 && (
        <section aria-labelledby="mr-medicines">
          <h2 id="mr-medicines">{t('record.medicines')}</h2>
          <ul>
            {medicines.map((m) => (
              <li key={m.id}>
                <span className="tk-grow">
                  <b>{m.text}</b>
                  {m.dose && <span className="tk-sub">{m.dose}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <h2>{t('record.history')}</h2>
      {byDay(events.slice(0, shown), (e) => e.atMs, i18n.language).map(({ day, items }) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ul>
            {items.map((e) => (
              <li key={e.id}>
                <span className="tk-grow">
                  <b>{e.title || t(`kind.${e.kind}`, { ns: 'patient' })}</b>
                  <span className="tk-sub">{[t(`kind.${e.kind}`, { ns: 'patient' }), e.place].filter(Boolean).join('　')}</span>
                  {e.detail && <span className="tk-sub">{e.detail}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {events.length > shown && (
        <button type="button" className="tk-btn tk-big" onClick={() => setShown(shown + kEvents)}>
          {t('record.more', { count: events.length - shown })}
        </button>
      )}
      <p className="tk-sub">{t('record.asOf', { time: clockOf(record.atMs) })}</p>
    </>
  );
}

function Result({ measure }: { measure: Measure }): ReactNode {
  const { t, i18n } = useTranslation('me');
  const last = lastOf(measure);
  if (!last) return null;
  const day = new Intl.DateTimeFormat(i18n.language, { month: 'long', day: 'numeric' });
  return (
    <li>
      <span className="tk-grow">
        <span>
          {measure.text} <span className="tk-sub mr-in">{day.format(last.atMs)}</span>
        </span>
        <span>
          <b className="mr-value">{last.second === undefined ? last.value : `${last.value}/${last.second}`}</b> {measure.unit}
        </span>
      </span>
      {last.mark !== 'none' && (
        <span className="mr-mark">
          <Severity level="caution" />
          <b>{t(`mark.${last.mark}`, { ns: 'patient' })}</b>
        </span>
      )}
    </li>
  );
}
