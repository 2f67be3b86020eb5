// Registration: find the person, register the visit; the alert of who is on a list stands here in the same answer, with what to do and one key that says it has been seen.
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import '@tk/components/case/case.css';
import { useMoment } from '@tk/components/case/case';
import { NotForPost } from '@tk/components/case/one';
import { Icon, Severity } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import { newKey } from '@tk/fhir/key';
import { maskName, nameOf } from '@tk/fhir/person';
import type { Patient } from '@tk/fhir/types';
import { PersonCard } from '@tk/person/person_card';
import { PersonPicker } from '@tk/person/picker';
import { Field } from '@tk/shell/field';
import { RecordLink } from '@tk/shell/record_link';
import { http, may, useSession } from '@tk/shell/session';
import '../banner/banner.css';
import '../words';
import { acknowledge, kClasses, register, type Registered, type Told, type VisitClass } from './register';
import './desk.css';

const kSeverity = { critical: 'high', warning: 'caution', info: 'notice' } as const;
const kRemembered = 12;

interface Done {
  key: string;
  patient: Patient;
  atMs: number;
  told: Registered;
}

export default function RegistrationDesk(): ReactNode {
  return may(useSession(), 'write', 'Encounter') ? <Desk /> : <NotForPost />;
}

function Desk(): ReactNode {
  const { t } = useTranslation('point-of-care');
  const [patient, setPatient] = useState<Patient | null>(null);
  const [done, setDone] = useState<Done[]>([]);
  const [last, setLast] = useState<Done | null>(null);
  const next = (): void => {
    setLast(null);
    setPatient(null);
  };
  return (
    <main id="main" className="rg" tabIndex={-1}>
      <section className="rg-work" aria-labelledby="rg-title">
        <h1 id="rg-title">{t('desk.title')}</h1>
        {!patient && !last && <p className="tk-sub">{t('desk.lead')}</p>}
        {!patient && !last && <PersonPicker label={t('desk.who')} onPick={setPatient} nobody={<p className="tk-sub">{t('desk.nobody')}</p>} />}
        {patient && !last && <Visit key={patient.id} patient={patient} onBack={next} onDone={(one) => { setLast(one); setPatient(null); setDone((all) => [one, ...all].slice(0, kRemembered)); }} />}
        {last && <Answered done={last} onNext={next} />}
      </section>
      <section className="rg-list" aria-labelledby="rg-list">
        <h2 id="rg-list">
          {t('desk.today')} <span className="tk-sub">{done.length || ''}</span>
        </h2>
        <Registrations done={done} />
      </section>
    </main>
  );
}

function Visit({ patient, onBack, onDone }: { patient: Patient; onBack: () => void; onDone: (done: Done) => void }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const failureText = useFailureText();
  const [kind, setKind] = useState<VisitClass>('AMB');
  const [department, setDepartment] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  // One key a visit, however often the button is pressed.
  const key = useRef(newKey());
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      const atMs = Date.now();
      onDone({ key: key.current, patient, atMs, told: await register(http, patient.id ?? '', kind, department.trim(), atMs, key.current) });
    } catch (error) {
      setFailure(asFailure(error));
      setBusy(false);
    }
  };
  return (
    <form className="rg-visit" noValidate onSubmit={(e) => void submit(e)}>
      <PersonCard patient={patient} heading="h2" />
      <fieldset className="rg-kind">
        <legend>{t('desk.kind')}</legend>
        {kClasses.map((one) => (
          <label key={one}>
            <input type="radio" name="rg-kind" checked={kind === one} onChange={() => setKind(one)} />
            {t(`desk.class.${one}`)}
          </label>
        ))}
      </fieldset>
      <Field id="rg-department" label={t('desk.department')}>
        {(aria) => <input {...aria} value={department} maxLength={60} autoComplete="off" onChange={(e) => setDepartment(e.target.value)} />}
      </Field>
      <div role="alert">{failure && <p className="tk-note-ink">{failureText(failure)}</p>}</div>
      <div className="rg-go">
        <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
          {t(busy ? 'desk.registering' : 'desk.register')}
        </button>
        <button type="button" className="tk-btn" onClick={onBack}>
          {t('lists.another')}
        </button>
      </div>
    </form>
  );
}

function Answered({ done, onNext }: { done: Done; onNext: () => void }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const { alerts } = done.told;
  return (
    <div className="rg-answer">
      <p role="status" className="rg-said">
        <Icon name="check" size={18} />
        <b>
          {maskName(nameOf(done.patient))} {t('desk.registered')}
        </b>
        <span>{alerts.length === 0 ? t('desk.noAlert') : t('desk.alerts', { count: alerts.length })}</span>
        <span className="tk-grow" />
        <RecordLink to={`Patient/${done.patient.id}`}>{t('desk.open')}</RecordLink>
      </p>
      {alerts.map((told) => (
        <AlertCard key={told.flag} told={told} />
      ))}
      <button type="button" className="tk-btn tk-pri" onClick={onNext}>
        {t('desk.another')}
      </button>
    </div>
  );
}

/** The alert as it came with the answer. */
function AlertCard({ told }: { told: Told }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const failureText = useFailureText();
  const offers = may(useSession(), 'write', 'AlertReceipt');
  const [state, setState] = useState<'open' | 'saving' | 'seen'>('open');
  const [failure, setFailure] = useState<Failure | null>(null);
  const say = async (): Promise<void> => {
    if (state !== 'open') return;
    setState('saving');
    setFailure(null);
    try {
      await acknowledge(http, told.flag);
      setState('seen');
    } catch (e) {
      setFailure(asFailure(e));
      setState('open');
    }
  };
  return (
    <section className="pb rg-alert" data-level={told.level} aria-label={t('banner.label')} role="alert">
      <p className="pb-level">
        <Severity level={kSeverity[told.level]} size={32} />
        <b>{t(`level.${told.level}`)}</b>
      </p>
      <div className="pb-said">
        <p className="pb-text">{told.text || t('title')}</p>
      </div>
      <p className="pb-do">{told.instruction}</p>
      <div className="pb-act">
        {state === 'seen' ? (
          <p className="rg-seen">
            <Icon name="check" size={18} />
            {t('seen')}
          </p>
        ) : offers ? (
          <button type="button" className="tk-btn pb-seen" aria-disabled={state === 'saving'} onClick={() => void say()}>
            <Icon name="check" size={20} />
            {t(state === 'saving' ? 'saving' : 'seen')}
          </button>
        ) : (
          <p className="tk-sub">{t('desk.unconfirmed')}</p>
        )}
        {failure && <p className="tk-problem">{failureText(failure)}</p>}
      </div>
    </section>
  );
}

function Registrations({ done }: { done: readonly Done[] }): ReactNode {
  const { t } = useTranslation('point-of-care');
  const moment = useMoment();
  return (
    <ol>
      {done.map((one) => (
        <li key={one.key}>
          <span className="tk-sub">{moment(one.atMs)}</span>
          <RecordLink to={`Patient/${one.patient.id}`}>{maskName(nameOf(one.patient))}</RecordLink>
          {one.told.alerts.length > 0 && (
            <span className="cs-tag" data-severe={one.told.alerts.some((alert) => alert.level === 'critical')}>
              {t('desk.alerts', { count: one.told.alerts.length })}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
