// One question: its label, its field by type, its problem beside it.
import { useId, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Coding } from '../../fhir/types';
import { Icon } from '../icon';
import { type Attachment, type Item, limitsOf, type Problem, type Raw, rawOf, unitOf } from './model';

interface QuestionProps {
  item: Item;
  path: string;
  values: readonly Raw[];
  problem: Problem | undefined;
  onChange: (values: Raw[]) => void;
}

/** What every field carries. */
interface Aria {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
  'aria-required': boolean | undefined;
}

export function Question(p: QuestionProps): ReactNode {
  const { t } = useTranslation('parts');
  const id = useId();
  const { item, problem } = p;
  const label = [item.prefix, item.text ?? item.linkId].filter(Boolean).join(' ');
  const { least, most } = limitsOf(item);
  const hint = item.readOnly ? t('form.calculated') : p.problem ? t(`form.problem.${p.problem}`, { most: p.problem === 'long' ? item.maxLength : most, least }) : undefined;
  const aria: Aria = { id, 'aria-invalid': problem !== undefined, 'aria-describedby': hint ? id + 'd' : undefined, 'aria-required': item.required };
  const isSet = item.type === 'boolean' || (item.type === 'choice' && (item.answerOption ?? []).length <= kRadiosMax) || (item.repeats && item.type === 'choice');
  const body = (
    <>
      {item.readOnly ? <output id={id}>—</output> : <Field {...p} aria={aria} />}
      {hint && (
        <p id={id + 'd'} className={problem ? 'tk-problem' : 'tk-sub'}>
          {hint}
        </p>
      )}
    </>
  );
  const title = (
    <>
      {label}
      {item.required && !item.readOnly && <span className="qf-must">{t('form.required')}</span>}
    </>
  );
  return isSet && !item.readOnly ? (
    <fieldset className="qf-question" data-path={p.path} aria-describedby={aria['aria-describedby']}>
      <legend>{title}</legend>
      {body}
    </fieldset>
  ) : (
    <div className="qf-question" data-path={p.path}>
      <label htmlFor={id}>{title}</label>
      {body}
    </div>
  );
}

const kRadiosMax = 6;

function Field(p: QuestionProps & { aria: Aria }): ReactNode {
  const { item } = p;
  if (item.type === 'boolean') return <YesNo {...p} />;
  if (item.type === 'choice' || item.type === 'open-choice') return <Choice {...p} />;
  if (item.type === 'attachment') return <Photo {...p} />;
  const all = p.values.length > 0 ? p.values : [''];
  return (
    <>
      {all.map((raw, i) => (
        <Line key={i} {...p} raw={raw} at={i} />
      ))}
      {item.repeats && <More {...p} />}
    </>
  );
}

function More({ values, onChange }: QuestionProps): ReactNode {
  const { t } = useTranslation('parts');
  return (
    <button type="button" className="tk-btn tk-s" onClick={() => onChange([...(values.length > 0 ? values : ['']), ''])}>
      {t('form.more')}
    </button>
  );
}

const kInputs: Record<string, { type: string; inputMode?: 'decimal' | 'numeric' }> = {
  date: { type: 'date' }, dateTime: { type: 'datetime-local' }, time: { type: 'time' }, decimal: { type: 'text', inputMode: 'decimal' }, quantity: { type: 'text', inputMode: 'decimal' }, integer: { type: 'text', inputMode: 'numeric' }, url: { type: 'url' },
};

function Line({ item, values, onChange, aria, raw, at }: QuestionProps & { aria: Aria; raw: Raw; at: number }): ReactNode {
  const text = typeof raw === 'string' ? raw : '';
  const set = (next: string): void => onChange(values.length === 0 ? [next] : values.map((one, i) => (i === at ? next : one)));
  const own = { ...aria, id: at === 0 ? aria.id : `${aria.id}${at}`, className: 'tk-input', value: text, 'aria-label': at === 0 ? undefined : `${item.text ?? item.linkId} ${at + 1}` };
  const unit = unitOf(item);
  if (item.type === 'text') return <textarea {...own} rows={3} onChange={(e) => set(e.target.value)} />;
  return (
    <span className="qf-line">
      <input {...own} {...(kInputs[item.type] ?? { type: 'text' })} autoComplete="off" onChange={(e) => set(e.target.value)} />
      {unit && <span>{unit.display ?? unit.code}</span>}
    </span>
  );
}

function YesNo({ path, values, onChange }: QuestionProps): ReactNode {
  const { t } = useTranslation('parts');
  return (
    <span className="qf-options">
      {[true, false].map((value) => (
        <label key={String(value)}>
          <input type="radio" name={path} checked={values[0] === value} onChange={() => onChange([value])} />
          {t(value ? 'form.yes' : 'form.no')}
        </label>
      ))}
      {values.length > 0 && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => onChange([])}>
          {t('form.clear')}
        </button>
      )}
    </span>
  );
}

const isCoding = (raw: Raw): raw is Coding => typeof raw === 'object' && 'code' in raw;
const nameOf = (raw: Raw): string => (isCoding(raw) ? (raw.display ?? raw.code ?? '') : String(raw));
const keyOf = (raw: Raw): string => (isCoding(raw) ? `${raw.system ?? ''}|${raw.code ?? ''}` : String(raw));

function Choice({ item, path, values, onChange, aria }: QuestionProps & { aria: Aria }): ReactNode {
  const { t } = useTranslation('parts');
  const options = (item.answerOption ?? []).map(rawOf).filter((raw): raw is Raw => raw !== null);
  const chosen = new Set(values.map(keyOf));
  if (!item.repeats && options.length > kRadiosMax) {
    return (
      <select {...aria} className="tk-input" value={values[0] === undefined ? '' : keyOf(values[0])} onChange={(e) => onChange(options.filter((o) => keyOf(o) === e.target.value))}>
        <option value="">{t('form.choose')}</option>
        {options.map((o) => (
          <option key={keyOf(o)} value={keyOf(o)}>
            {nameOf(o)}
          </option>
        ))}
      </select>
    );
  }
  const turn = (option: Raw): void => {
    if (!item.repeats) return onChange([option]);
    onChange(chosen.has(keyOf(option)) ? values.filter((v) => keyOf(v) !== keyOf(option)) : [...values, option]);
  };
  return (
    <span className="qf-options">
      {options.map((o) => (
        <label key={keyOf(o)}>
          <input type={item.repeats ? 'checkbox' : 'radio'} name={path} checked={chosen.has(keyOf(o))} onChange={() => turn(o)} />
          {nameOf(o)}
        </label>
      ))}
      {item.type === 'open-choice' && <input {...aria} className="tk-input" aria-label={t('form.other')} placeholder={t('form.other')} value={typeof values[0] === 'string' ? values[0] : ''} onChange={(e) => onChange(e.target.value === '' ? [] : [e.target.value])} />}
    </span>
  );
}

const kBytesMax = 4 * 1024 * 1024;

/** A photo or a file, read here and sent with the answers. */
function Photo({ values, onChange, aria }: QuestionProps & { aria: Aria }): ReactNode {
  const { t } = useTranslation('parts');
  const [tooLarge, setTooLarge] = useState(false);
  const now = values[0];
  const kept = typeof now === 'object' && !isCoding(now) ? (now as Attachment) : null;
  const read = (file: File | undefined): void => {
    if (!file) return;
    setTooLarge(file.size > kBytesMax);
    if (file.size > kBytesMax) return onChange([]);
    const reader = new FileReader();
    reader.onload = () => onChange([{ contentType: file.type || 'application/octet-stream', title: file.name, size: file.size, data: String(reader.result).split(',')[1] ?? '' }]);
    reader.readAsDataURL(file);
  };
  return (
    <span className="qf-line">
      <input {...aria} type="file" accept="image/*,application/pdf" onChange={(e) => read(e.target.files?.[0])} />
      {kept && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => onChange([])}>
          <Icon name="close" size={14} />
          {kept.title}
        </button>
      )}
      <span className={tooLarge ? 'tk-problem' : 'tk-sub'} role="status">
        {t(tooLarge ? 'form.fileTooLarge' : 'form.fileMax', { mb: kBytesMax / 1024 / 1024 })}
      </span>
    </span>
  );
}
