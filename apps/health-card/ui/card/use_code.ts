// A dynamic code that renews itself: asked for while the page is seen, renewed before it ends, and gone when it has ended. The phone counts the
// seconds it was given; what its clock says does not matter.
import { useEffect, useState } from 'react';
import { asFailure, type Failure } from '@tk/fhir/http';
import { askCode, type ShownCode } from '../ask';

/** Renewed when so much is left: time enough for a slow network and for a scan that is under way. */
export const kRenewSeconds = 10;
const kAgainMs = 3000;

export interface CodeView {
  code: ShownCode | null; // null: none yet, or it has ended
  leftS: number;
  failure: Failure | null;
}

/** Until when a code may be shown, on performance.now's clock. It began at the latest when it was asked for. */
export function endOf(askedMs: number, seconds: number): number {
  return askedMs + seconds * 1000;
}

export function useCode(patient: string, active: boolean): CodeView & { renew: () => void } {
  const [shown, setShown] = useState<{ patient: string; code: ShownCode; endMs: number } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [nowMs, setNow] = useState(() => performance.now());
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    if (!active) return undefined;
    const end = new AbortController();
    let timer = 0;
    let endMs = 0;
    const later = (ms: number): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void renew(), ms);
    };
    const renew = async (): Promise<void> => {
      if (document.hidden) return; // seen again, it asks at once
      const askedMs = performance.now();
      try {
        const code = await askCode(patient, end.signal);
        endMs = endOf(askedMs, code.seconds);
        setShown({ patient, code, endMs });
        setFailure(null);
        later(Math.max(1000, endMs - performance.now() - kRenewSeconds * 1000));
      } catch (e) {
        if (end.signal.aborted) return;
        const f = asFailure(e);
        setFailure(f);
        if (f.retryable) later(kAgainMs);
      }
    };
    const onSeen = (): void => {
      if (!document.hidden && endMs - performance.now() < kRenewSeconds * 1000) void renew();
    };
    const tick = window.setInterval(() => setNow(performance.now()), 500);
    document.addEventListener('visibilitychange', onSeen);
    window.addEventListener('online', onSeen);
    void renew();
    return () => {
      end.abort();
      window.clearTimeout(timer);
      window.clearInterval(tick);
      document.removeEventListener('visibilitychange', onSeen);
      window.removeEventListener('online', onSeen);
    };
  }, [patient, active, turn]);

  const mine = active && shown?.patient === patient && shown.endMs > nowMs ? shown : null;
  const leftS = mine ? Math.max(0, Math.ceil((mine.endMs - nowMs) / 1000) - kRenewSeconds) : 0;
  return { code: mine?.code ?? null, leftS, failure, renew: () => setTurn((n) => n + 1) };
}
