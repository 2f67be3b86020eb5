// Who it is: name, sex, age, number, telephone and area, masked; shown on purpose by one button (reveal.tsx).
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ageOn, areaOf, maskId, maskName, nameOf, residentIdOf } from '../fhir/person';
import { dayOf } from '../fhir/time';
import type { Patient } from '../fhir/types';
import { maskPhone, phoneOf } from './asked';
import './person.css';
import { useReveal } from './reveal';

export function PersonCard({ patient, heading = 'h1' }: { patient: Patient; heading?: 'h1' | 'h2' }): ReactNode {
  const { t } = useTranslation('shell');
  const { shown, button } = useReveal(patient.id ?? '');
  const whole = shown ?? patient;
  const name = nameOf(whole);
  const number = residentIdOf(whole);
  const phone = phoneOf(whole);
  const age = ageOn(whole.birthDate, dayOf(Date.now()));
  const Heading = heading;
  return (
    <div className="pcard" data-shown={shown !== null}>
      <p className="pcard-who">
        <Heading>{(shown ? name : maskName(name)) || t('person.noName')}</Heading>
        <span>{t(`person.sex.${whole.gender ?? 'unknown'}`)}</span>
        <span>{age === null ? '' : t('person.age', { count: age })}</span>
        {shown && <span>{whole.birthDate}</span>}
      </p>
      <p>
        <span>{number === '' ? t('person.noNumber') : shown || number.includes('*') ? number : maskId(number)}</span>
        {button}
      </p>
      {phone !== '' && <p className="tk-sub">{t('person.phone', { phone: shown ? phone : maskPhone(phone) })}</p>}
      <p className="tk-sub">{areaOf(whole)?.name ?? t('person.noArea')}</p>
    </div>
  );
}
