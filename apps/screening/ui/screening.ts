// What the screening pages know about a reading: its codes, its verdict, its Observation.
// The fever limit is not here: it is a setting of the app on the server (GET /app/screening/settings) and of its rule.
// Source: LOINC 8310-5 "Body temperature"; UCUM Cel; HL7 observation-category vital-signs.
import type { CodeableConcept, Observation, Patient } from '@tk/fhir/types';
import { fhirDateTime } from '@tk/fhir/time';

export const kLoinc = 'http://loinc.org';
export const kTemperatureCode = '8310-5';
export const kSymptomSystem = 'http://tongkang.dev/fhir/CodeSystem/screening-symptom';

/** Answers to the one question at the gate. 'none' is the answer "none of these". */
export const kSymptoms = ['cough', 'sore-throat', 'fatigue', 'dyspnea', 'diarrhea', 'anosmia', 'travel'] as const;
export type Symptom = (typeof kSymptoms)[number];

/** A guard against slips of the finger, not a clinical limit: what a thermometer for people can show. In 0.1 °C. */
export const kLowestTenths = 340;
export const kHighestTenths = 430;

export interface Settings {
  fever_limit_cel: number;
  source: string;
  edition: string;
  date: string;
}

export function isSettings(v: unknown): v is Settings {
  const s = v as Partial<Settings> | null;
  return typeof s?.fever_limit_cel === 'number' && s.fever_limit_cel > 30 && s.fever_limit_cel < 45;
}

/** Three digits without a point: "376" is 37.6. Null while fewer than three are there. */
export function tenthsOf(digits: string): number | null {
  return /^\d{3}$/.test(digits) ? Number(digits) : null;
}

export function celsius(tenths: number): string {
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

export type Verdict =
  | 'none' /* not three digits yet */
  | 'bad' /* no thermometer shows this */
  | 'fever' /* at or above the limit: the rule raises a follow-up */
  | 'symptom' /* below the limit, but something was answered yes */
  | 'fine'
  | 'unjudged'; /* the limit is not known here; the server judges */

export function judge(tenths: number | null, limitCel: number | null, symptoms: readonly string[]): Verdict {
  if (tenths === null) return 'none';
  if (tenths < kLowestTenths || tenths > kHighestTenths) return 'bad';
  if (limitCel === null) return 'unjudged';
  if (tenths >= Math.round(limitCel * 10)) return 'fever';
  return symptoms.length > 0 ? 'symptom' : 'fine';
}

const kSymptomDisplay: Record<Symptom | 'none', string> = {
  none: '都没有',
  cough: '咳嗽',
  'sore-throat': '嗓子疼',
  fatigue: '没力气',
  dyspnea: '喘不上气',
  diarrhea: '拉肚子',
  anosmia: '闻不到味',
  travel: '去过外地',
};

function symptomCode(code: Symptom | 'none'): CodeableConcept {
  return { coding: [{ system: kSymptomSystem, code, display: kSymptomDisplay[code] }] };
}

/** The reading as FHIR: value, time and the answers as components. */
export function readingOf(patient: Patient, tenths: number, symptoms: readonly Symptom[], atMs: number): Observation {
  const answers: (Symptom | 'none')[] = symptoms.length > 0 ? [...symptoms] : ['none'];
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs', display: 'Vital Signs' }] }],
    code: { coding: [{ system: kLoinc, code: kTemperatureCode, display: 'Body temperature' }], text: '体温' },
    subject: { reference: `Patient/${patient.id ?? ''}` },
    effectiveDateTime: fhirDateTime(atMs),
    valueQuantity: { value: tenths / 10, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' },
    component: answers.map((code) => ({ code: symptomCode(code), valueBoolean: true })),
  };
}

/** The symptoms a reading says yes to; null if it was not asked. */
export function symptomsIn(reading: Observation | undefined): Symptom[] | null {
  const codes = (reading?.component ?? [])
    .filter((c) => c.valueBoolean === true)
    .flatMap((c) => c.code.coding ?? [])
    .filter((c) => c.system === kSymptomSystem)
    .map((c) => c.code ?? '');
  if (codes.length === 0) return null;
  return kSymptoms.filter((s) => codes.includes(s));
}

/** The value of a temperature in °C, also where another source sent Fahrenheit; null for anything that is not one. */
export function temperatureIn(reading: Observation | undefined): number | null {
  const q = reading?.valueQuantity;
  if (typeof q?.value !== 'number') return null;
  if (q.code === 'Cel') return q.value;
  return q.code === '[degF]' ? ((q.value - 32) * 5) / 9 : null;
}
