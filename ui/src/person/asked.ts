// What somebody typed, or a scanner, to find a person by: a resident's number, a mobile number, another system's number, or a name. Pure.
// Errors: what cannot be searched says why, before anything is asked: a try by a wrong number counts against masked posts.
import type { SearchParams } from '../fhir/client';
import { escapeValue } from '../fhir/client';
import { nameOf, residentIdOf } from '../fhir/person';
import { kIdLength, normalizeId, parseResidentId } from '../fhir/resident_id';
import { kResidentIdSystem, type Patient } from '../fhir/types';

export type Asked = { by: 'nothing' } | { by: 'wrong'; why: 'short' | 'check' | 'name' } | { by: 'resident-id' | 'phone' | 'number' | 'name'; params: SearchParams };

const kNameMin = 2;
const kNumberMin = 4;

export function askedOf(typed: string, today: string): Asked {
  const text = typed.trim();
  if (text === '') return { by: 'nothing' };
  const number = normalizeId(text).replace(/^\+?86(?=1\d{10}$)/, '');
  if (/^1\d{10}$/.test(number)) return { by: 'phone', params: [['phone', number]] };
  if (/^\d{17}[\dX]$/.test(number)) {
    if (typeof parseResidentId(number, today) === 'string') return { by: 'wrong', why: 'check' };
    return { by: 'resident-id', params: [['identifier', `${kResidentIdSystem}|${number}`]] };
  }
  if (/\d/.test(text) && !/\p{Script=Han}/u.test(text)) {
    // Half a number of a card finds nobody, and is not sent.
    if (/^\d+$/.test(number) && number.length > 11 && number.length < kIdLength && number.length !== 15) return { by: 'wrong', why: 'short' };
    if (number.length < kNumberMin) return { by: 'wrong', why: 'short' };
    return { by: 'number', params: [['identifier', escapeValue(text)]] };
  }
  if ([...text].length < kNameMin) return { by: 'wrong', why: 'name' };
  return { by: 'name', params: [['name', escapeValue(text)]] };
}

export interface Hit {
  patient: Patient; // the one that was changed last
  records: number; // how many of those found have the same number
}

/** Several records of one number are one line; without a number, or with it masked alike, each stands by itself. */
export function hitsOf(found: Patient[]): Hit[] {
  const hits = new Map<string, Hit>();
  for (const patient of found) {
    const number = residentIdOf(patient);
    const key = /^\d{15}$|^\d{17}[\dX]$/.test(number) ? `${number}|${nameOf(patient)}` : (patient.id ?? '');
    const hit = hits.get(key);
    if (hit) hit.records += 1;
    else hits.set(key, { patient, records: 1 });
  }
  return [...hits.values()];
}

/** The telephone number in use, as it came. */
export function phoneOf(patient: Patient): string {
  const telecom = (patient as Patient & { telecom?: { system?: string; value?: string; use?: string; period?: { end?: string } }[] }).telecom ?? [];
  const inUse = telecom.filter((t) => t.system === 'phone' && t.use !== 'old' && t.period?.end === undefined);
  return (inUse.find((t) => t.use === 'mobile') ?? inUse[0])?.value ?? '';
}

/** 199****9011; what is masked already, or short, stays as it is. */
export function maskPhone(phone: string): string {
  return /^\d{11}$/.test(phone) ? `${phone.slice(0, 3)}****${phone.slice(-4)}` : phone.includes('*') ? phone : phone && '****' + phone.slice(-2);
}
