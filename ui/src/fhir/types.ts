// The parts of FHIR R4 that the pages read and write. A resource may carry more; unknown content is kept as it came.
// Source: https://hl7.org/fhir/R4/

export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}

export interface Identifier {
  system?: string;
  value?: string;
}

export interface Reference {
  reference?: string;
  identifier?: Identifier;
  display?: string;
}

export interface Period {
  start?: string;
  end?: string;
}

export interface Quantity {
  value?: number;
  unit?: string;
  system?: string;
  code?: string;
}

export interface Extension {
  url: string;
  valueString?: string;
}

export interface Meta {
  versionId?: string;
  lastUpdated?: string;
  tag?: Coding[];
}

export interface Resource {
  resourceType: string;
  id?: string;
  meta?: Meta;
  extension?: Extension[];
}

export interface HumanName {
  text?: string;
  family?: string;
  given?: string[];
}

export interface Patient extends Resource {
  resourceType: 'Patient';
  identifier?: Identifier[];
  name?: HumanName[];
  gender?: 'male' | 'female' | 'other' | 'unknown';
  birthDate?: string;
}

export interface ObservationComponent {
  code: CodeableConcept;
  valueBoolean?: boolean;
}

export interface Observation extends Resource {
  resourceType: 'Observation';
  status: string;
  category?: CodeableConcept[];
  code: CodeableConcept;
  subject?: Reference;
  effectiveDateTime?: string;
  issued?: string;
  valueQuantity?: Quantity;
  component?: ObservationComponent[];
}

export interface Task extends Resource {
  resourceType: 'Task';
  status: string;
  statusReason?: CodeableConcept;
  intent: string;
  priority?: string;
  code?: CodeableConcept;
  description?: string;
  focus?: Reference;
  for?: Reference;
  authoredOn?: string;
  lastModified?: string;
  owner?: Reference;
  reasonCode?: CodeableConcept;
  reasonReference?: Reference;
  restriction?: { period?: Period };
}

export interface Bundle<T extends Resource = Resource> extends Resource {
  resourceType: 'Bundle';
  type: string;
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: { fullUrl?: string; resource?: T; search?: { mode?: string } }[];
}

export interface OperationOutcome extends Resource {
  resourceType: 'OperationOutcome';
  issue: {
    severity: string;
    code: string;
    diagnostics?: string;
    details?: CodeableConcept;
    expression?: string[];
  }[];
}

/** One JSON Patch step (RFC 6902). */
export interface PatchStep {
  op: 'add' | 'replace' | 'remove' | 'test';
  path: string;
  value?: unknown;
}

export const kResidentIdSystem = 'http://tongkang.dev/fhir/sid/cn-resident-id';
export const kAreaSystem = 'http://tongkang.dev/fhir/sid/area';
export const kAccountSystem = 'http://tongkang.dev/fhir/sid/account';
export const kRuleUrl = 'http://tongkang.dev/fhir/StructureDefinition/rule';
