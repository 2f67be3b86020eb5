// One check, whichever way it goes: online when the program answers, else with what this device has kept.
// The list is asked for when the page opens and again before it is old; it lies in localStorage, so that a device that is started without network can check.
import { asFailure } from '@tk/fhir/http';
import { askBundle, check, type Checked, type Purpose } from '../ask';
import { type Bundle, OfflineVerifier, type Verdict } from '../verify/code';

export type Outcome =
  | { how: 'online'; checked: Checked }
  | { how: 'offline'; verdict: Verdict; listed: string }
  | { how: 'none' }; // no network and no list

const kKey = 'tk.health-card.list';

export interface Kept {
  bundle: Bundle;
  verifier: OfflineVerifier;
}

function opened(bundle: Bundle | null): Kept | null {
  const verifier = bundle ? OfflineVerifier.open(bundle) : null;
  return bundle && verifier ? { bundle, verifier } : null;
}

export function remembered(): Kept | null {
  try {
    return opened(JSON.parse(localStorage.getItem(kKey) ?? 'null') as Bundle | null);
  } catch {
    return null; // no storage, or what lies there is no list
  }
}

export async function fetchList(): Promise<Kept | null> {
  const bundle = await askBundle();
  try {
    localStorage.setItem(kKey, JSON.stringify(bundle));
  } catch {
    // Without room it is kept while the page is open.
  }
  return opened(bundle);
}

/** Throws Failure for what is neither an answer nor the want of one. */
export async function checkCode(text: string, purpose: Purpose, kept: Kept | null): Promise<Outcome> {
  try {
    return { how: 'online', checked: await check(text, purpose.code) };
  } catch (e) {
    const f = asFailure(e);
    if (f.kind !== 'network') throw f;
  }
  if (!kept) return { how: 'none' };
  // Judged first, so that a forged code is called forged whatever the purpose.
  const verdict = kept.verifier.check(text, purpose.static === true, Date.now() / 1000);
  return { how: 'offline', verdict: verdict === 'valid' && !purpose.offline ? 'not-allowed' : verdict, listed: kept.bundle.issued };
}
