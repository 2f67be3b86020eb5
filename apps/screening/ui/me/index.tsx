// A resident's own report: what is wrong, how warm, one button that says beforehand what it will do. It is kept on the phone first and sent once.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '@tk/components/icon';
import { newKey } from '@tk/fhir/key';
import type { OutboxView } from '@tk/outbox/outbox';
import { useOutbox } from '@tk/outbox/use_outbox';
import { useSession } from '@tk/shell/session';
import { OutboxSheet } from '../m/outbox_sheet';
import { celsius, judge, kHighestTenths, kLowestTenths, kSymptoms, type Symptom, type Verdict } from '../screening';
import { useSettings } from '../use_settings';
import '../words';
import '../m/m.css';
import './me.css';
import { FollowUps } from './follow_ups';
import { bodyOf, tenthsIn } from './report';

export default function ReportPage(): ReactNode {
  const session = useSession();
  const { outbox, view } = useOutbox(session.account);
  const [last, setLast] = useState('');
  const [sheet, setSheet] = useState(false);
  const queries = useQueryClient();
  const waits = view.entries.length;
  // What was sent may have become a follow-up, or another colour.
  useEffect(() => {
    if (last !== '' && waits === 0) void queries.invalidateQueries();
  }, [last, waits, queries]);
  const save = async (tenths: number | null, symptoms: Symptom[]): Promise<void> => {
    if (!outbox) return;
    const key = newKey();
    const atMs = Date.now();
    const label = [tenths === null ? '' : `${celsius(tenths)} ℃`].filter(Boolean).join(' ') || '–';
    await outbox.add({ key, createdMs: atMs, label, told: { path: '/app/screening/self', body: bodyOf(key, tenths, symptoms, atMs) } });
    setLast(key);
  };
  return (
    <main id="main" className="se" tabIndex={-1}>
      {(last !== '' || waits > 0) && <Sent view={view} last={last} onOpen={() => setSheet(true)} />}
      <Form ready={outbox !== null} onSave={save} />
      <FollowUps />
      {sheet && outbox && <OutboxSheet outbox={outbox} view={view} onClose={() => setSheet(false)} />}
    </main>
  );
}

function Form({ ready, onSave }: { ready: boolean; onSave: (tenths: number | null, symptoms: Symptom[]) => Promise<void> }): ReactNode {
  const { t } = useTranslation('screening');
  const { settings } = useSettings();
  const [symptoms, setSymptoms] = useState<Symptom[]>([]);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const tenths = tenthsIn(text);
  const verdict: Verdict = text.trim() === '' ? (symptoms.length > 0 ? 'symptom' : 'none') : tenths === null ? 'bad' : judge(tenths, settings?.fever_limit_cel ?? null, symptoms);
  const say = async (): Promise<void> => {
    if (verdict === 'bad') return setProblem(t('me.bad', { low: celsius(kLowestTenths), high: celsius(kHighestTenths) }));
    if (verdict === 'none') return setProblem(t('me.need'));
    setProblem('');
    await onSave(tenths, symptoms);
    setText('');
    setSymptoms([]);
  };
  return (
    <form
      className="se-form"
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        if (ready) void say();
      }}
    >
      <fieldset>
        <legend>
          <h1>{t('me.ask')}</h1>
        </legend>
        <div className="se-chips">
          <button type="button" aria-pressed={symptoms.length === 0} onClick={() => setSymptoms([])}>
            {t('symptom.none')}
          </button>
          {kSymptoms.map((s) => (
            <button key={s} type="button" aria-pressed={symptoms.includes(s)} onClick={() => setSymptoms((all) => (all.includes(s) ? all.filter((x) => x !== s) : [...all, s]))}>
              {t(`symptom.${s}`)}
            </button>
          ))}
        </div>
      </fieldset>
      <div className="tk-field">
        <label htmlFor="se-t">{t('me.temperature')}</label>
        <input id="se-t" className="tk-input" inputMode="decimal" autoComplete="off" value={text} aria-invalid={problem !== ''} aria-describedby="se-hint se-problem" onChange={(e) => setText(e.target.value)} />
        <p id="se-hint" className="tk-sub">
          {t('me.hint')}
        </p>
        <p id="se-problem" className="tk-problem" role="alert">
          {problem}
        </p>
      </div>
      <p className="se-then" data-verdict={verdict} role="status">
        {verdict === 'fever' && <Severity level="high" />}
        {verdict === 'symptom' && <Severity level="caution" />}
        {t(`me.then.${verdict}`)}
      </p>
      <button type="submit" className="tk-btn tk-pri tk-big" aria-disabled={!ready}>
        {ready ? t('me.send') : t('me.notYet')}
      </button>
    </form>
  );
}

/** What became of it; "saved" is no colour of severity. */
function Sent({ view, last, onOpen }: { view: OutboxView; last: string; onOpen: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const waits = view.entries.length;
  const refused = view.entries.some((e) => e.problem !== null);
  const word = refused ? 'refused' : waits === 0 ? 'sent' : view.sending && !view.failure ? 'sending' : 'kept';
  return (
    <div className="se-sent" data-last={last !== ''}>
      <Icon name={waits === 0 ? 'check' : 'outbox'} />
      <span className="tk-grow" role="status">
        {t(`me.${word}`)}
      </span>
      {waits > 0 && (
        <button type="button" className="tk-btn" onClick={onOpen}>
          {t('me.waiting', { count: waits })}
        </button>
      )}
    </div>
  );
}
