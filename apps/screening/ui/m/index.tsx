// Phone page of the gate: find the person, ask, measure, save, next. Three digits and one tap for a known, well person.
// Flow:   Find -> (Register) -> Measure -> outbox -> Find, with the last record on top.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { Empty, Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { newKey } from '@tk/fhir/key';
import type { ResidentId } from '@tk/fhir/resident_id';
import { dayOf } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { useOutbox } from '@tk/outbox/use_outbox';
import { go, Link, useParam } from '@tk/shell/router';
import { fhir, may, postOf, useSession } from '@tk/shell/session';
import { SignOut } from '@tk/shell/sign_out';
import '../words';
import { Find } from './find';
import './m.css';
import { Measure, type Reading } from './measure';
import { OutboxSheet } from './outbox_sheet';
import { Register } from './register';
import { type LastSaved, Saved } from './saved';

/** The step stands in the URL, so the phone's own back key works: ?step=new registers, ?person=ID measures. */
export default function ScreeningPhone(): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const { outbox, view, store } = useOutbox(session.account);
  const [step] = useParam('step', '');
  const [personId] = useParam('person', '');
  const [met, setMet] = useState<Patient | null>(null);
  const [unknown, setUnknown] = useState<ResidentId | null>(null);
  const [typed, setTyped] = useState('');
  const [last, setLast] = useState<LastSaved | null>(null);
  const [sheet, setSheet] = useState(false);
  const [today, setToday] = useState<number | null>(null);
  const pushed = useRef(false);
  const countName = `screening|${session.account}|${dayOf(Date.now())}`;
  const allowed = may(session, 'write', 'Observation') && may(session, 'read', 'Patient');
  const finding = personId === '' && !(step === 'new' && unknown);

  useEffect(() => {
    void store?.count(countName, 0).then(setToday);
  }, [store, countName]);

  const onward = (query: string): void => {
    go(location.pathname + query, finding ? 'push' : 'replace');
    pushed.current ||= finding;
  };
  const toPatient = (patient: Patient): void => {
    setMet(patient);
    onward('?person=' + encodeURIComponent(patient.id ?? ''));
  };
  const toFind = (keepNumber: boolean): void => {
    if (!keepNumber) setTyped('');
    if (pushed.current) history.back();
    else go(location.pathname, 'replace');
    pushed.current = false;
  };
  // The back key left the person: what is typed next is a way forward again.
  useEffect(() => {
    if (finding) pushed.current = false;
  }, [finding]);

  const save = async (reading: Reading): Promise<void> => {
    if (!outbox || !store) return;
    const key = newKey();
    await outbox.add({ key, createdMs: Date.now(), label: `${reading.who} ${reading.celsius} ℃`, resource: reading.resource });
    setToday(await store.count(countName, 1));
    setLast({ key, who: reading.who, celsius: reading.celsius, verdict: reading.verdict });
    toFind(false);
  };

  return (
    <div className="sm">
      <header className="sm-bar">
        {finding ? (
          <Link to="/m/home" className="tk-ib" label={t('m.leave')}>
            <Icon name="back" />
          </Link>
        ) : (
          <button type="button" className="tk-ib" aria-label={t('m.backToFind')} onClick={() => toFind(true)}>
            <Icon name="back" />
          </button>
        )}
        <div className="tk-grow">
          <h1 className="tk-cut">{t('m.title')}</h1>
          <p className="sm-q tk-cut">{today === null ? session.display : t('m.today', { count: today })}</p>
        </div>
        <OutboxChip waiting={view.entries.length} sending={view.sending} offline={view.failure?.kind === 'network'} lasting={view.lasting} onOpen={() => setSheet(true)} />
      </header>
      {!allowed ? (
        <MayNot />
      ) : finding ? (
        <Find
          typed={typed}
          onTyped={setTyped}
          onPatient={toPatient}
          onUnknown={(id) => {
            setUnknown(id);
            onward('?step=new');
          }}
          above={last && outbox && <Saved last={last} outbox={outbox} view={view} onGone={() => setLast(null)} />}
        />
      ) : personId === '' ? (
        unknown && <Register id={unknown} onPatient={toPatient} onBack={() => toFind(true)} />
      ) : (
        <MeasureById key={personId} id={personId} met={met?.id === personId ? met : null} onSave={save} onOther={() => toFind(false)} ready={outbox !== null} />
      )}
      {sheet && outbox && <OutboxSheet outbox={outbox} view={view} onClose={() => setSheet(false)} />}
    </div>
  );
}

/** A post that may not write readings is told so before it has typed a number. What it entered as another stays in the outbox. */
function MayNot(): ReactNode {
  const { t, i18n } = useTranslation('screening');
  const session = useSession();
  return (
    <main id="main" className="sm-main">
      <Empty icon="lock" title={t('m.mayNot.title')}>
        <p className="tk-sub">{t('m.mayNot.hint', { post: postOf(session, i18n.language) })}</p>
        <SignOut />
      </Empty>
    </main>
  );
}

/** A page that is opened again at a person reads the person first. */
function MeasureById(props: { id: string; met: Patient | null; ready: boolean; onSave: (r: Reading) => Promise<void>; onOther: () => void }): ReactNode {
  const q = useQuery({
    queryKey: ['screening', 'patient', props.id],
    enabled: props.met === null,
    queryFn: ({ signal }) => fhir.read<Patient>('Patient', props.id, signal),
  });
  const patient = props.met ?? q.data;
  if (patient) return <Measure patient={patient} onSave={props.onSave} onOther={props.onOther} ready={props.ready} />;
  return (
    <main id="main" className="sm-main">
      {q.error ? <Failed failure={asFailure(q.error)} onRetry={() => void q.refetch()} /> : <Skeleton lines={6} />}
    </main>
  );
}

/** Always in this corner, a fact and not an alarm. */
function OutboxChip(props: { waiting: number; sending: boolean; offline: boolean; lasting: boolean; onOpen: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const words =
    props.waiting === 0 ? t('m.chip.empty') : props.offline ? t('m.chip.offline', { count: props.waiting }) : props.sending ? t('m.chip.sending', { count: props.waiting }) : t('m.chip.waiting', { count: props.waiting });
  return (
    <button type="button" className="sm-chipbtn" data-empty={props.waiting === 0} onClick={props.onOpen}>
      <span aria-live="polite">
        <Icon name={props.offline && props.waiting > 0 ? 'offline' : props.waiting === 0 ? 'check' : 'outbox'} size={20} />
        {words}
      </span>
    </button>
  );
}
