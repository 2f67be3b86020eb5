// A person in a list: masked name, sex and age; a word where he may not be seen.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ageOn, maskName, nameOf } from '../fhir/person';
import { dayOf } from '../fhir/time';
import type { Patient } from '../fhir/types';

export function PersonCell({ patient }: { patient: Patient | null }): ReactNode {
  const { t } = useTranslation('shell');
  if (!patient) return <span className="tk-sub">{t('person.unseen')}</span>;
  const age = ageOn(patient.birthDate, dayOf(Date.now()));
  return (
    <>
      <b className="tk-cut" data-person="">
        {maskName(nameOf(patient)) || t('person.noName')}
      </b>
      <span className="tk-sub ps-sex">
        {t(`person.sex.${patient.gender ?? 'unknown'}`)} {age ?? ''}
      </span>
    </>
  );
}

/** The same as a text: for a table that leaves, or to be heard. */
export const usePersonText = (): ((patient: Patient | null) => string) => {
  const { t } = useTranslation('shell');
  return (patient) => (patient ? maskName(nameOf(patient)) || t('person.noName') : t('person.unseen'));
};
