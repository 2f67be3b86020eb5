// Large type on the resident's phone: one word at the top right, remembered on the device. The sizes stand in tokens.css.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

const kKey = 'tk.large';

function remembered(): boolean {
  try {
    return localStorage.getItem(kKey) === '1';
  } catch {
    return false;
  }
}

function show(large: boolean): void {
  if (large) document.documentElement.dataset['large'] = '';
  else delete document.documentElement.dataset['large'];
}
// Before anything is drawn in the other size.
if (typeof document !== 'undefined') show(remembered());

export function LargeSwitch(): ReactNode {
  const { t } = useTranslation('shell');
  const [large, setLarge] = useState(remembered);
  const turn = (): void => {
    try {
      localStorage.setItem(kKey, large ? '0' : '1');
    } catch {
      // Without storage the choice lasts for this page only.
    }
    show(!large);
    setLarge(!large);
  };
  return (
    <button type="button" className="tk-btn tk-quiet tp-large" aria-pressed={large} onClick={turn}>
      {t('phone.large')}
    </button>
  );
}
