// A dialog on the browser's own <dialog>: it keeps the focus inside, closes with Esc, and makes the rest inert.
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './icon';

export function Dialog(props: { title: string; onClose: () => void; children: ReactNode; sheet?: boolean }): ReactNode {
  const { t } = useTranslation('shell');
  const ref = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const d = ref.current;
    if (d && !d.open) d.showModal();
    return () => d?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={props.sheet ? 'tk-dialog tk-sheet' : 'tk-dialog'}
      aria-labelledby={title}
      onCancel={(e) => {
        e.preventDefault();
        props.onClose();
      }}
      onClick={(e) => {
        if (e.target === ref.current) props.onClose();
      }}
    >
      <div className="tk-dialog-in">
        <header>
          <h2 id={title}>{props.title}</h2>
          <button type="button" className="tk-ib" aria-label={t('close')} onClick={props.onClose}>
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
