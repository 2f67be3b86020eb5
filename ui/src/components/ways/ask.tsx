// What a way asks for before it goes: its inputs by their types, and the reason. What was written stays while a refusal is read.
import { useQuery } from '@tanstack/react-query';
import { useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HumanName, Resource } from '../../fhir/types';
import { fhir, may, useSession } from '../../shell/session';
import { Dialog } from '../dialog';
import { type InputProblem, type Part, problemIn, saidIn, valuesOf, type Way, type WayInput } from './ways';

const kReasonMaxChars = 300;

interface AskProps {
  way: Way;
  count?: number; // of how many records; left out: of one
  busy: boolean;
  problem: string; // what the program said
  codeWords?: (input: string, code: string) => string;
  onGo: (reason: string, inputs: Record<string, Part & Record<string, unknown>>) => void;
  onClose: () => void;
}

export function AskWay({ way, count, busy, problem, codeWords, onGo, onClose }: AskProps): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const [filled, setFilled] = useState<Record<string, string>>({});
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const problems = new Map<string, InputProblem>();
  for (const input of way.inputs) {
    const found = problemIn(input, filled[input.name] ?? '');
    if (found) problems.set(input.name, found);
  }
  const lacksReason = way.reason && reason.trim() === '';
  const submit = (e: FormEvent): void => {
    e.preventDefault();
    setTried(true);
    if (problems.size > 0 || lacksReason) return form.current?.querySelector<HTMLElement>('[data-wrong] :is(input, textarea, select)')?.focus();
    if (!busy) onGo(reason.trim(), valuesOf(way.inputs, filled));
  };
  const title = saidIn(way.title, i18n.language);
  return (
    <Dialog title={count === undefined ? title : t('ways.several', { title, count })} onClose={onClose}>
      <form ref={form} className="wy-ask" noValidate onSubmit={submit}>
        {way.inputs.map((input) => (
          <InputField key={input.name} input={input} text={filled[input.name] ?? ''} problem={tried ? problems.get(input.name) : undefined} words={(code) => codeWords?.(input.name, code) ?? code} onChange={(text) => setFilled({ ...filled, [input.name]: text })} />
        ))}
        {way.reason && (
          <div className="tk-field" data-wrong={tried && lacksReason ? '' : undefined}>
            <label htmlFor={id}>{t('ways.reason')}</label>
            <textarea id={id} className="tk-input" rows={3} maxLength={kReasonMaxChars} value={reason} aria-invalid={tried && lacksReason} aria-describedby={id + 'h'} onChange={(e) => setReason(e.target.value)} />
            <p id={id + 'h'} className={tried && lacksReason ? 'tk-problem' : 'tk-sub'}>
              {t(tried && lacksReason ? 'ways.needReason' : 'ways.reasonKept')}
            </p>
          </div>
        )}
        <div role="alert">{problem !== '' && <p className="tk-note-ink">{problem}</p>}</div>
        <div className="wy-go">
          <button type="button" className="tk-btn" onClick={onClose}>
            {t('cancel', { ns: 'shell' })}
          </button>
          <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
            {busy ? t('form.sending') : title}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  input: WayInput;
  text: string;
  problem: InputProblem | undefined;
  words: (code: string) => string;
  onChange: (text: string) => void;
}

const kColleagues = 200;
interface Colleague extends Resource {
  resourceType: 'Practitioner';
  name?: HumanName[];
}

/** To whom: of those whom the post reads one is chosen; a post that reads nobody writes the reference. */
function ToWhom({ id, text, problem, onChange }: { id: string; text: string; problem: boolean; onChange: (text: string) => void }): ReactNode {
  const { t } = useTranslation('parts');
  const reads = may(useSession(), 'read', 'Practitioner');
  const asked = useQuery({ queryKey: ['colleagues'], enabled: reads, queryFn: ({ signal }) => fhir.search<Colleague>('Practitioner', [['active', 'true'], ['_count', String(kColleagues)]], signal) });
  const people = asked.data?.items ?? [];
  const aria = { id, className: 'tk-input', 'aria-invalid': problem, 'aria-describedby': problem ? id + 'p' : id + 'h' };
  if (people.length === 0) {
    return (
      <>
        <input {...aria} autoComplete="off" maxLength={100} value={text} onChange={(e) => onChange(e.target.value)} />
        <p id={id + 'h'} className="tk-sub">
          {t('ways.toWhom')}
        </p>
      </>
    );
  }
  return (
    <select {...aria} value={text} onChange={(e) => onChange(e.target.value)}>
      <option value="">{t('form.choose')}</option>
      {people.map((one) => (
        <option key={one.id} value={`Practitioner/${one.id}`}>
          {one.name?.[0]?.text ?? ([one.name?.[0]?.family, ...(one.name?.[0]?.given ?? [])].filter(Boolean).join('') || one.id)}
        </option>
      ))}
    </select>
  );
}

const kTypes: Record<string, string> = { date: 'date', dateTime: 'datetime-local' };

function InputField({ input, text, problem, words, onChange }: FieldProps): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const id = useId();
  const label = (
    <>
      {saidIn(input.title, i18n.language)}
      {input.required && <span className="wy-must">{t('form.required')}</span>}
    </>
  );
  const told = problem && (
    <p id={id + 'p'} className="tk-problem">
      {t(`form.problem.${problem}`)}
    </p>
  );
  const options = input.type === 'boolean' ? [['true', t('form.yes')], ['false', t('form.no')]] : input.codes.map((code) => [code, words(code)]);
  if (options.length > 0) {
    return (
      <fieldset className="wy-choice" aria-describedby={problem ? id + 'p' : undefined} data-wrong={problem ? '' : undefined}>
        <legend>{label}</legend>
        {options.map(([value = '', said]) => (
          <label key={value}>
            <input type="radio" name={id} checked={text === value} onChange={() => onChange(value)} />
            {said}
          </label>
        ))}
        {told}
      </fieldset>
    );
  }
  return (
    <div className="tk-field" data-wrong={problem ? '' : undefined}>
      <label htmlFor={id}>{label}</label>
      {input.type === 'Reference' ? <ToWhom id={id} text={text} problem={problem !== undefined} onChange={onChange} /> : <input
        id={id} className="tk-input" type={kTypes[input.type] ?? 'text'} inputMode={input.type === 'decimal' || input.type === 'integer' ? 'decimal' : undefined} autoComplete="off" maxLength={300}
        value={text} aria-invalid={problem !== undefined} aria-describedby={problem ? id + 'p' : undefined} aria-required={input.required} onChange={(e) => onChange(e.target.value)}
      />}
      {told}
    </div>
  );
}
