// Choosing a person for something that is to be done: typed or scanned into one field, found by the program, one button each. What is typed stands in no URL.
import { useId, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFailureText } from '../components/states';
import { ageOn, areaOf, maskId, maskName, nameOf, residentIdOf } from '../fhir/person';
import { dayOf } from '../fhir/time';
import type { Patient } from '../fhir/types';
import './person.css';
import { usePersonSearch } from './use_person_search';

interface PickerProps {
  label: string;
  onPick: (patient: Patient) => void;
  nobody?: ReactNode; // what can be done where nobody is found
}

export function PersonPicker({ label, onPick, nobody }: PickerProps): ReactNode {
  const { t } = useTranslation('shell');
  const failureText = useFailureText();
  const [typed, setTyped] = useState('');
  const search = usePersonSearch(typed);
  const { asked, hits, failure } = search;
  const id = useId();
  const told = asked.by === 'wrong' ? t(`person.wrong.${asked.why}`) : failure ? failureText(failure) : asked.by !== 'nothing' && hits === null ? t('person.looking') : hits?.length === 0 ? t('person.nobody') : search.more ? t('person.more') : '';
  return (
    <div className="ps-pick">
      <label htmlFor={id}>{label}</label>
      <input
        id={id} type="search" className="tk-input" autoComplete="off" maxLength={64} placeholder={t('person.findBy')} aria-describedby={id + 't'} value={typed} onChange={(e) => setTyped(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== 'Enter') return;
          e.preventDefault();
          const [only] = hits ?? [];
          if (only && hits?.length === 1) onPick(only.patient);
          else search.now();
        }}
      />
      <p id={id + 't'} role="status" className="tk-sub">
        {told}
      </p>
      {hits?.length === 0 && nobody}
      <ul>
        {(hits ?? []).map(({ patient, records }) => (
          <li key={patient.id}>
            <button type="button" onClick={() => onPick(patient)}>
              <b>{maskName(nameOf(patient)) || t('person.noName')}</b>
              <span>
                {t(`person.sex.${patient.gender ?? 'unknown'}`)} {ageOn(patient.birthDate, dayOf(Date.now())) ?? ''}
              </span>
              <span>{residentIdOf(patient).includes('*') ? residentIdOf(patient) : maskId(residentIdOf(patient))}</span>
              <span className="tk-sub tk-cut">{areaOf(patient)?.name ?? t('person.noArea')}</span>
              {records > 1 && <span className="tk-sub">{t('person.records', { count: records })}</span>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
