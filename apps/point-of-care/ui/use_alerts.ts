// The alerts of who is signed in, once for the whole page: the desk's list, the strip below its head and the banner above a person's record show the same.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { ring } from '@tk/live/sound';
import { useLive } from '@tk/live/use_live';
import { fhir, http, useSession } from '@tk/shell/session';
import { Alerts, type AlertsView } from './work/alerts';

const kLiveTypes = ['AlertReceipt'] as const;
let shared: { account: string; alerts: Alerts } | null = null;

function alertsOf(account: string): Alerts {
  if (shared?.account !== account) shared = { account, alerts: new Alerts(fhir, http, ring) };
  return shared.alerts;
}

export function useAlerts(): { alerts: Alerts; view: AlertsView } {
  const alerts = alertsOf(useSession().account);
  return { alerts, view: useSyncExternalStore(alerts.subscribe, alerts.getView) };
}

/** Keeps them of now. Once a page: the strip does it, which stands behind every page of the desk (manifest, parts). */
export function useAlertsLive(alerts: Alerts): { nowMs: number } {
  const live = useLive(kLiveTypes, {
    onChange: (c) => (c.op === 'delete' ? alerts.drop(c.id) : void alerts.touch(c.id)),
    onSync: () => void alerts.load(),
  });
  useEffect(() => {
    if (live.state === 'lost' && !alerts.getView().loaded) void alerts.load();
  }, [live.state, alerts]);
  return { nowMs: useNow() + live.skewMs };
}

/** Ticks often enough for minutes to be right. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
