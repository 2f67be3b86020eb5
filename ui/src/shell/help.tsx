// Help: what this page is for, and what the keyboard does on it. Opened by the button in the head, or by "?".
import { useLayoutEffect, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../components/dialog';
import { Icon } from '../components/icon';
import { titleIn } from './i18n';
import type { PageEntry, Words } from './pages';

/** Keys of the door itself, beside those of the page. */
export type Key = { key: string; does: Words };

const kHelpKey: Key = { key: '?', does: { 'zh-CN': '这个帮助', en: 'This help' } };

/** Does `act` at a press of `key`, unless somebody types or a dialog is open. */
export function useDoorKey(key: string, act: () => void): void {
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.key !== key || e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
      if ((e.target as HTMLElement).closest('input, textarea, select, dialog')) return;
      e.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [key, act]);
}

/** `pages`: at a desk the one that is open, on a phone all that there are. */
export function Help({ pages, keys = [], compact = true }: { pages: PageEntry[]; keys?: Key[]; compact?: boolean }): ReactNode {
  const { t } = useTranslation('shell');
  const [open, setOpen] = useState(false);
  useDoorKey('?', () => setOpen(true));
  return (
    <>
      <button type="button" className={compact ? 'tk-ib' : 'tk-btn tk-quiet'} aria-label={compact ? t('help.title') : undefined} title={compact ? t('help.title') + ' ?' : undefined} onClick={() => setOpen(true)}>
        <Icon name="help" size={20} />
        {!compact && t('help.title')}
      </button>
      {/* Not within the head: a dialog has a head of its own. */}
      {open &&
        createPortal(
          <Dialog title={t('help.title')} onClose={() => setOpen(false)}>
            <div className="tk-help">
              {pages.map((page) => (
                <section key={page.path}>
                  <h3>{titleIn(page.title)}</h3>
                  <p>{page.help ? titleIn(page.help) : t('help.none')}</p>
                  <Keys keys={page.keys ?? []} />
                </section>
              ))}
              {pages.length === 0 && <p>{t('help.none')}</p>}
              {compact && (
                <section>
                  <h3>{t('help.keys')}</h3>
                  <Keys keys={[...keys, kHelpKey]} />
                </section>
              )}
            </div>
          </Dialog>,
          document.body,
        )}
    </>
  );
}

function Keys({ keys }: { keys: Key[] }): ReactNode {
  if (keys.length === 0) return null;
  return (
    <dl className="tk-keys">
      {keys.map(({ key, does }) => (
        <div key={key}>
          <dt>
            {key.split(' ').map((k) => (
              <kbd key={k}>{k}</kbd>
            ))}
          </dt>
          <dd>{titleIn(does)}</dd>
        </div>
      ))}
    </dl>
  );
}
