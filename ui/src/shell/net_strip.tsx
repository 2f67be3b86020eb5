// Without network: a fact, told once below the head, with what still holds.
import { useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';

function subscribe(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => navigator.onLine !== false, () => true);
}

export function NetStrip(): ReactNode {
  const { t } = useTranslation('shell');
  const online = useOnline();
  return (
    <div role="status" className="tk-net">
      {!online && (
        <p>
          <Icon name="offline" size={18} />
          {t('offline')}
        </p>
      )}
    </div>
  );
}
