// The search of the FHIR browser: one line for each criterion, the server's own words about the parameter beside it.
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/icon';
import type { Criterion, SearchParam } from './capabilities';

interface CriteriaProps {
  params: SearchParam[];
  criteria: Criterion[];
  onChange: (criteria: Criterion[]) => void;
}

export function Criteria({ params, criteria, onChange }: CriteriaProps): ReactNode {
  const { t } = useTranslation('ops');
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const id = useId();
  const param = params.find((p) => p.name === (name.split(/[:.]/)[0] ?? ''));
  const add = (e: FormEvent): void => {
    e.preventDefault();
    if (name.trim() === '' || value.trim() === '') return;
    onChange([...criteria, { name: name.trim(), value: value.trim() }]);
    setValue('');
  };
  return (
    <form className="fb-criteria" onSubmit={add} aria-label={t('fhir.search')}>
      {criteria.map((c, i) => (
        <span key={`${c.name} ${i}`} className="fb-criterion">
          {c.name}={c.value}
          <button type="button" className="tk-ib" aria-label={t('fhir.drop', { name: c.name })} onClick={() => onChange(criteria.filter((_, j) => j !== i))}>
            <Icon name="close" size={14} />
          </button>
        </span>
      ))}
      <label className="tk-vh" htmlFor={`${id}n`}>
        {t('fhir.param')}
      </label>
      <input id={`${id}n`} className="tk-input" list={`${id}l`} placeholder={t('fhir.param')} autoComplete="off" value={name} aria-describedby={`${id}d`} onChange={(e) => setName(e.target.value)} />
      <datalist id={`${id}l`}>
        {params.map((p) => (
          <option key={p.name} value={p.name}>
            {p.type}
          </option>
        ))}
      </datalist>
      <label className="tk-vh" htmlFor={`${id}v`}>
        {t('fhir.value')}
      </label>
      <input id={`${id}v`} className="tk-input" placeholder={t(`fhir.example.${param?.type ?? 'none'}`, { defaultValue: t('fhir.value') })} autoComplete="off" value={value} onChange={(e) => setValue(e.target.value)} />
      <button type="submit" className="tk-btn">
        {t('fhir.add')}
      </button>
      <p id={`${id}d`} className="tk-sub">
        {param ? `${param.type}　${param.documentation ?? ''}` : t('fhir.paramHint')}
      </p>
    </form>
  );
}
