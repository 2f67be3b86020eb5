// Find a person by card number. The number is checked here before anything is asked of the program, and it travels in
// the body of a search, never in a URL.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';
import { useFailureText } from '@tk/components/states';
import { escapeValue } from '@tk/fhir/client';
import { asFailure, type Failure } from '@tk/fhir/http';
import { ageOn, maskId, maskNameAtGate, nameOf } from '@tk/fhir/person';
import { groupId, kIdLength, normalizeId, parseResidentId, type ResidentId } from '@tk/fhir/resident_id';
import { dayOf } from '@tk/fhir/time';
import { kResidentIdSystem, type Patient } from '@tk/fhir/types';
import { fhir } from '@tk/shell/session';
import { Pad, useKeys } from './pad';

export async function findPatients(number: string, signal?: AbortSignal): Promise<Patient[]> {
  const page = await fhir.search<Patient>('Patient', [['identifier', `${kResidentIdSystem}|${escapeValue(number)}`]], signal);
  return page.items.filter((p) => p.resourceType === 'Patient');
}

type Search = { kind: 'idle' } | { kind: 'busy' } | { kind: 'failed'; failure: Failure } | { kind: 'several'; patients: Patient[] };

interface FindProps {
  typed: string;
  onTyped: (number: string) => void;
  onPatient: (patient: Patient) => void;
  onUnknown: (id: ResidentId) => void;
  above: ReactNode;
}

export function Find({ typed, onTyped, onPatient, onUnknown, above }: FindProps): ReactNode {
  const { t } = useTranslation('screening');
  const failureText = useFailureText();
  const [search, setSearch] = useState<Search>({ kind: 'idle' });
  const field = useRef<HTMLInputElement>(null);
  const running = useRef<AbortController | null>(null);
  const parsed = parseResidentId(typed, dayOf(Date.now()));
  const wrong = typeof parsed === 'string' && parsed !== 'short' ? parsed : null;

  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    return () => running.current?.abort();
  }, []);

  const look = async (id: ResidentId): Promise<void> => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    setSearch({ kind: 'busy' });
    try {
      const found = await findPatients(id.number, own.signal);
      if (own.signal.aborted) return;
      if (found.length === 0) onUnknown(id);
      else if (found.length === 1 && found[0]) onPatient(found[0]);
      else setSearch({ kind: 'several', patients: found });
    } catch (e) {
      if (!own.signal.aborted) setSearch({ kind: 'failed', failure: asFailure(e) });
    }
  };

  /** The last character of a right number looks the person up by itself; a character after it begins the next number. */
  const type = (text: string): void => {
    const all = normalizeId(text).replace(/[^\dX]/g, '');
    const next = (typeof parsed !== 'string' && all.length > kIdLength && all.startsWith(typed) ? all.slice(kIdLength) : all).slice(0, kIdLength + 2);
    if (next === typed) return;
    running.current?.abort();
    setSearch({ kind: 'idle' });
    onTyped(next);
    const id = parseResidentId(next, dayOf(Date.now()));
    if (typeof id !== 'string') void look(id);
  };

  const onKey = (k: string): void => {
    if (k === 'erase') type(typed.slice(0, -1));
    else if (typed.length < kIdLength || typeof parsed !== 'string') type(typed + k);
  };

  const submit = (): void => {
    if (typeof parsed !== 'string') void look(parsed);
  };

  useKeys((k) => {
    if (/^[\dxX]$/.test(k)) onKey(k.toUpperCase());
    else if (k === 'Backspace') onKey('erase');
    else if (k === 'Enter') submit();
    else return false;
    return true;
  });

  const busy = search.kind === 'busy';
  return (
    <main id="main" className="sm-main">
      <div className="sm-top">
        {above}
        {search.kind === 'several' ? <Several patients={search.patients} onPatient={onPatient} /> : <Card typed={typed} />}
      </div>
      <section className="sm-desk" aria-label={t('m.find.label')}>
        <label className="sm-number">
          <span className="sm-q">{t('m.find.label')}</span>
          <input
            ref={field}
            value={groupId(typed)}
            inputMode="none"
            autoComplete="off"
            autoCorrect="off"
            spellCheck={false}
            placeholder={t('m.find.placeholder')}
            aria-invalid={wrong !== null}
            aria-describedby="sm-find-say"
            onChange={(e) => type(e.target.value)}
            onKeyDown={(e) => e.key === 'Enter' && submit()}
          />
        </label>
        <p id="sm-find-say" className="sm-then" data-v={wrong || search.kind === 'failed' ? 'bad' : 'quiet'} role="status">
          {search.kind === 'failed' ? (
            <>
              <Icon name={search.failure.kind === 'network' ? 'offline' : 'info'} size={20} />
              <b>{search.failure.kind === 'network' ? t('m.find.offline') : failureText(search.failure)}</b>
            </>
          ) : wrong ? (
            <b>{t(`m.find.wrong.${wrong}`, { count: typed.length - kIdLength })}</b>
          ) : busy ? (
            t('m.find.busy')
          ) : typed === '' ? (
            t('m.find.start')
          ) : typed.length < kIdLength ? (
            t('m.find.left', { count: kIdLength - typed.length })
          ) : (
            t('m.find.right')
          )}
        </p>
        <Pad left="X" onKey={onKey} />
        <button type="button" className="tk-btn tk-pri sm-go" disabled={typeof parsed === 'string' || busy} onClick={submit}>
          {busy ? t('m.find.busy') : wrong ? t('m.find.goWrong') : typeof parsed === 'string' ? t('m.find.goLeft') : search.kind === 'failed' ? t('m.find.goAgain') : t('m.find.go')}
        </button>
      </section>
    </main>
  );
}

/** What the number itself says, as it is typed: a wrong birth date is seen before the last digit. */
function Card({ typed }: { typed: string }): ReactNode {
  const { t } = useTranslation('screening');
  const date = /^\d{14}/.test(typed) ? `${typed.slice(6, 10)}-${typed.slice(10, 12)}-${typed.slice(12, 14)}` : null;
  const sex = /^\d{17}/.test(typed) ? (Number(typed[16]) % 2 === 1 ? 'male' : 'female') : null;
  return (
    <div className="sm-card">
      <h2>{t('m.find.title')}</h2>
      <p className="sm-q">{t('m.find.hint')}</p>
      <dl>
        <div>
          <dt>{t('m.find.birth')}</dt>
          <dd data-empty={!date}>{date ?? '—'}</dd>
        </div>
        <div>
          <dt>{t('m.find.sex')}</dt>
          <dd data-empty={!sex}>{sex ? t(`sex.${sex}`) : '—'}</dd>
        </div>
      </dl>
    </div>
  );
}

/** One number, more than one record: a person chooses; the records themselves are for the data stewards. */
function Several({ patients, onPatient }: { patients: Patient[]; onPatient: (p: Patient) => void }): ReactNode {
  const { t } = useTranslation('screening');
  const today = dayOf(Date.now());
  return (
    <div className="sm-card">
      <h2>{t('m.find.several', { count: patients.length })}</h2>
      <p className="sm-q">{t('m.find.severalHint')}</p>
      <ul className="sm-several">
        {patients.map((p) => (
          <li key={p.id}>
            <button type="button" className="tk-btn" onClick={() => onPatient(p)}>
              <b>{maskNameAtGate(nameOf(p)) || t('m.noName')}</b>
              <span>{t(`sex.${p.gender ?? 'unknown'}`)}</span>
              <span>{ageOn(p.birthDate, today) === null ? '' : t('age', { count: ageOn(p.birthDate, today) ?? 0 })}</span>
              <span className="sm-q">{maskId(p.id ?? '')}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
