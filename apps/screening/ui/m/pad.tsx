// Keys of 56 px for the thumb. The keyboard of a computer or a card reader types into the same place.
import { useLayoutEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@tk/components/icon';

export interface PadProps {
  left: { key: string; label: string } | 'X';
  onKey: (key: string) => void; // '0'..'9', 'X', 'clear', 'erase'
}

export function Pad({ left, onKey }: PadProps): ReactNode {
  const { t } = useTranslation('screening');
  const key = (k: string): ReactNode => (
    <button key={k} type="button" onClick={() => onKey(k)}>
      {k}
    </button>
  );
  return (
    <div className="sm-pad" role="group" aria-label={t('m.pad.label')}>
      {['1', '2', '3', '4', '5', '6', '7', '8', '9'].map(key)}
      {left === 'X' ? (
        key('X')
      ) : (
        <button type="button" className="fn" onClick={() => onKey(left.key)}>
          {left.label}
        </button>
      )}
      {key('0')}
      <button type="button" className="fn" aria-label={t('m.pad.erase')} onClick={() => onKey('erase')}>
        <Icon name="erase" />
      </button>
    </div>
  );
}

/** Keys pressed anywhere on the page but in a field or a dialog; Enter only when no button has the focus. */
export function useKeys(onKey: (key: string) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  // Before the page is seen: a card reader types at once.
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
      const at = e.target as HTMLElement;
      if (at.closest('input, textarea, select, dialog')) return;
      if (e.key === 'Enter' && at.closest('button, a')) return;
      if (latest.current(e.key)) e.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
