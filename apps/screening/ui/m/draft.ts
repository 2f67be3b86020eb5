// What has been entered for a person and not saved yet: it outlives a reload of the page (an unlucky pull on the screen), not the tab.
// Holds the person's technical id, digits and answers; no name and no number.
import { kSymptoms, type Symptom } from '../screening';

const kKey = 'tk.screening.draft';

export interface Draft {
  person: string;
  digits: string;
  symptoms: Symptom[];
}

export function readDraft(person: string): Draft {
  const none: Draft = { person, digits: '', symptoms: [] };
  try {
    const d = JSON.parse(sessionStorage.getItem(kKey) ?? 'null') as Partial<Draft> | null;
    if (d?.person !== person) return none;
    return { person, digits: /^\d{0,3}$/.test(d.digits ?? '') ? (d.digits ?? '') : '', symptoms: kSymptoms.filter((s) => d.symptoms?.includes(s)) };
  } catch {
    return none;
  }
}

/** null forgets it. */
export function keepDraft(draft: Draft | null): void {
  try {
    if (draft && (draft.digits !== '' || draft.symptoms.length > 0)) sessionStorage.setItem(kKey, JSON.stringify(draft));
    else sessionStorage.removeItem(kKey);
  } catch {
    // Without storage the draft lives in the page only.
  }
}
