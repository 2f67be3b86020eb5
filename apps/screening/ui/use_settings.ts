// The app's settings from the program; the last ones known are used while it cannot be reached, and said to be so.
import { asFailure, type Failure } from '@tk/fhir/http';
import { http } from '@tk/shell/session';
import { useQuery } from '@tanstack/react-query';
import { isSettings, type Settings } from './screening';

const kKey = 'tk.screening.settings';

function remembered(): Settings | null {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(kKey) ?? 'null');
    return isSettings(v) ? v : null;
  } catch {
    return null;
  }
}

export function useSettings(): { settings: Settings | null; failure: Failure | null } {
  const q = useQuery({
    queryKey: ['screening', 'settings'],
    staleTime: 300_000,
    refetchOnReconnect: true,
    queryFn: async ({ signal }) => {
      const a = await http.send<unknown>('GET', '/app/screening/settings', { signal });
      if (!isSettings(a.body)) throw new Error('settings');
      try {
        localStorage.setItem(kKey, JSON.stringify(a.body));
      } catch {
        // Without storage the settings are simply asked again next time.
      }
      return a.body;
    },
  });
  return { settings: q.data ?? remembered(), failure: q.error ? asFailure(q.error) : null };
}
