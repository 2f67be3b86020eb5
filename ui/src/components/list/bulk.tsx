// What is done with several rows at once: one after another, with how far it is, and in the end what did not go and why.
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure, type Failure } from '../../fhir/http';
import { Icon } from '../icon';
import { useFailureText } from '../states';
import type { BulkDeed } from './model';

export interface BulkOutcome {
  done: number;
  bad: { label: string; failure: Failure }[];
}

interface Run<Row> {
  deed: BulkDeed<Row>;
  rows: readonly Row[];
  label: (row: Row) => string;
  onStep: (n: number) => void; // how many are over
  stopped: () => boolean;
  answer?: unknown; // to what the deed asked
}

export async function runBulk<Row>({ deed, rows, label, onStep, stopped, answer }: Run<Row>): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { done: 0, bad: [] };
  for (const [i, row] of rows.entries()) {
    if (stopped()) break;
    try {
      await deed.run(row, answer);
      outcome.done += 1;
    } catch (e) {
      outcome.bad.push({ label: label(row), failure: asFailure(e) });
    }
    onStep(i + 1);
  }
  return outcome;
}

interface BulkProps<Row> {
  deeds: readonly BulkDeed<Row>[];
  rows: Row[]; // that are marked
  label: (row: Row) => string;
  onClear: () => void;
  onDone: () => void;
}

export function BulkBar<Row>({ deeds, rows, label, onClear, onDone }: BulkProps<Row>): ReactNode {
  const { t } = useTranslation('parts');
  const [step, setStep] = useState<{ at: number; of: number } | null>(null);
  const [outcome, setOutcome] = useState<BulkOutcome | null>(null);
  const [asking, setAsking] = useState<BulkDeed<Row> | null>(null);
  const stop = useRef(false);
  if (rows.length === 0 && !outcome && !step) return null;
  const ableFor = (deed: BulkDeed<Row>): Row[] => rows.filter((row) => deed.hinders(row) === '');
  const go = async (deed: BulkDeed<Row>, answer?: unknown): Promise<void> => {
    const able = ableFor(deed);
    stop.current = false;
    setAsking(null);
    setOutcome(null);
    setStep({ at: 0, of: able.length });
    const told = await runBulk({ deed, rows: able, label, onStep: (at) => setStep({ at, of: able.length }), stopped: () => stop.current, answer });
    setStep(null);
    setOutcome(told);
    onClear();
    onDone();
  };
  const close = (): void => {
    setOutcome(null);
    onClear();
  };
  const words = step ? t('list.bulkAt', step) : outcome ? t('list.bulkDone', { done: outcome.done, bad: outcome.bad.length }) : t('list.marked', { count: rows.length });
  return (
    <div className="ls-bulk" role="region" aria-label={t('list.bulk')}>
      <b role="status">{words}</b>
      {step && (
        <button type="button" className="tk-btn tk-s" onClick={() => (stop.current = true)}>
          {t('list.stop')}
        </button>
      )}
      {!step && rows.length > 0 && deeds.map((deed) => <Deed key={deed.id} deed={deed} rows={rows} onGo={() => (deed.ask ? setAsking(deed) : void go(deed))} />)}
      {asking?.ask?.({ count: ableFor(asking).length, onGo: (answer) => void go(asking, answer), onClose: () => setAsking(null) })}
      {outcome && <Bad outcome={outcome} />}
      <span className="tk-grow" />
      {!step && (
        <button type="button" className="tk-ib" aria-label={t('list.unmark')} onClick={close}>
          <Icon name="close" size={18} />
        </button>
      )}
    </div>
  );
}

function Bad({ outcome }: { outcome: BulkOutcome }): ReactNode {
  const text = useFailureText();
  if (outcome.bad.length === 0) return null;
  return (
    <ul>
      {outcome.bad.map((one) => (
        <li key={one.label}>
          {one.label}　{text(one.failure)}
        </li>
      ))}
    </ul>
  );
}

/** One deed; who is left out, and why, stands beside it. */
function Deed<Row>({ deed, rows, onGo }: { deed: BulkDeed<Row>; rows: Row[]; onGo: () => void }): ReactNode {
  const { t } = useTranslation('parts');
  const hindered = rows.map(deed.hinders).filter((why) => why !== '');
  return (
    <>
      <button type="button" className="tk-btn tk-s" disabled={hindered.length === rows.length} onClick={onGo}>
        {deed.label}
      </button>
      {hindered.length > 0 && <span className="ls-bulk-no">{t('list.hindered', { count: hindered.length, why: [...new Set(hindered)].join(t('list.and')) })}</span>}
    </>
  );
}
