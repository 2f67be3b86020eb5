// Phone page of the gate: find the person, ask, measure, save, next. Three digits and one tap for a known, well person.
// Flow:   Find -> (Register) -> Measure -> outbox -> Find, with the last record on top.
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import type { ResidentId } from '@tk/fhir/resident_id';
import { dayOf } from '@tk/fhir/time';
import type { Patient } from '@tk/fhir/types';
import { useOutbox } from '@tk/outbox/use_outbox';
import { useSession } from '@tk/shell/session';
import '../words';
import { Find } from './find';
import './m.css';
import { Measure, type Reading } from './measure';
import { OutboxSheet } from './outbox_sheet';
import { Register } from './register';
import { type LastSaved, Saved } from './saved';

type Step = { kind: 'find' } | { kind: 'register'; id: ResidentId } | { kind: 'measure'; patient: Patient };

export default function ScreeningPhone(): ReactNode {
  const { t } = useTranslation('screening');
  const session = useSession();
  const { outbox, view, store } = useOutbox(session.account);
  const [step, setStep] = useState<Step>({ kind: 'find' });
  const [typed, setTyped] = useState('');
  const [last, setLast] = useState<LastSaved | null>(null);
  const [sheet, setSheet] = useState(false);
  const [today, setToday] = useState<number | null>(null);
  const countName = `screening|${session.account}|${dayOf(Date.now())}`;

  useEffect(() => {
    void store?.count(countName, 0).then(setToday);
  }, [store, countName]);

  const toFind = useCallback((keep: boolean) => {
    if (!keep) setTyped('');
    setStep({ kind: 'find' });
  }, []);

  const save = async (reading: Reading): Promise<void> => {
    if (!outbox || !store) return;
    const key = crypto.randomUUID();
    await outbox.add({ key, createdMs: Date.now(), label: `${reading.who} ${reading.celsius} ℃`, resource: reading.resource });
    setToday(await store.count(countName, 1));
    setLast({ key, who: reading.who, celsius: reading.celsius, verdict: reading.verdict });
    toFind(false);
  };

  return (
    <div className="sm">
      <header className="sm-bar">
        {step.kind === 'find' ? (
          <a className="tk-ib" href="/" aria-label={t('m.leave')}>
            <Icon name="back" />
          </a>
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
      {step.kind === 'find' && (
        <Find
          typed={typed}
          onTyped={setTyped}
          onPatient={(patient) => setStep({ kind: 'measure', patient })}
          onUnknown={(id) => setStep({ kind: 'register', id })}
          above={last && outbox && <Saved last={last} outbox={outbox} view={view} onGone={() => setLast(null)} />}
        />
      )}
      {step.kind === 'register' && <Register id={step.id} onPatient={(patient) => setStep({ kind: 'measure', patient })} onBack={() => toFind(true)} />}
      {step.kind === 'measure' && <Measure patient={step.patient} onSave={save} onOther={() => toFind(false)} ready={outbox !== null} />}
      {sheet && outbox && <OutboxSheet outbox={outbox} view={view} onClose={() => setSheet(false)} />}
    </div>
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
