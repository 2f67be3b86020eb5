// Saying that an alert has been seen: once however often it is pressed, with what went wrong if it could not be said.
import { useRef, useState } from 'react';
import { asFailure, type Failure } from '@tk/fhir/http';
import type { Alerts } from './work/alerts';
import type { Card } from './work/model';

export function useAcknowledge(alerts: Alerts, card: Card | undefined): { say: () => Promise<void>; saving: boolean; failure: Failure | null } {
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const busy = useRef(false);
  const say = async (): Promise<void> => {
    if (!card || busy.current) return;
    busy.current = true;
    setSaving(true);
    setFailure(null);
    try {
      await alerts.acknowledge(card.receipt);
    } catch (e) {
      setFailure(asFailure(e));
    } finally {
      busy.current = false;
      setSaving(false);
    }
  };
  return { say, saving, failure };
}
