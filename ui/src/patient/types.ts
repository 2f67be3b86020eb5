// The parts of R4's clinical resources that the patient's page reads. Source: https://hl7.org/fhir/R4/
import type { CodeableConcept, Coding, Period, Quantity, Reference, Resource } from '../fhir/types';

export interface Range {
  low?: Quantity;
  high?: Quantity;
  text?: string;
}

/** Of all clinical types, what any of them may carry: each page part looks only at what its type has. */
export interface Clinical extends Resource {
  status?: string;
  clinicalStatus?: CodeableConcept;
  verificationStatus?: CodeableConcept;
  criticality?: string;
  category?: CodeableConcept[] | CodeableConcept;
  code?: CodeableConcept;
  type?: CodeableConcept[];
  class?: Coding;
  vaccineCode?: CodeableConcept;
  medicationCodeableConcept?: CodeableConcept;
  medicationReference?: Reference;
  reaction?: { manifestation?: CodeableConcept[] }[];
  subject?: Reference;
  patient?: Reference;
  encounter?: Reference;
  serviceProvider?: Reference;
  performer?: (Reference & { actor?: Reference; organization?: Reference })[];
  requester?: Reference;
  informationSource?: Reference;
  location?: { location?: Reference }[] | Reference;
  period?: Period;
  effectiveDateTime?: string;
  effectivePeriod?: Period;
  occurrenceDateTime?: string;
  performedDateTime?: string;
  performedPeriod?: Period;
  onsetDateTime?: string;
  onsetPeriod?: Period;
  recordedDate?: string;
  authoredOn?: string;
  issued?: string;
  dosageInstruction?: { text?: string }[];
  dosage?: { text?: string }[];
  valueQuantity?: Quantity;
  valueString?: string;
  valueCodeableConcept?: CodeableConcept;
  component?: { code: CodeableConcept; valueQuantity?: Quantity }[];
  interpretation?: CodeableConcept[];
  referenceRange?: Range[];
  conclusion?: string;
  result?: Reference[];
  reasonCode?: CodeableConcept[] | CodeableConcept;
  name?: string;
}

export const textOf = (c: CodeableConcept | undefined): string => c?.text ?? c?.coding?.find((one) => one.display)?.display ?? c?.coding?.[0]?.code ?? '';
export const codesOf = (c: CodeableConcept | undefined): string[] => (c?.coding ?? []).map((one) => one.code ?? '');
export const listOf = <T>(value: T[] | T | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
