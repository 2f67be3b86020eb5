// Beside the counters of a list: views that were kept, and which columns stand there.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../icon';
import type { Column, ListQuery } from './model';
import { isAt, type Kept, kViewsMax, type View, withoutView, withView } from './views';

/** A box that opens below its button; Esc, or a press beside it, closes it. */
function Menu({ label, children }: { label: ReactNode; children: ReactNode }): ReactNode {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (e: Event): void => {
      const at = box.current;
      if (!at?.open) return;
      if (e instanceof KeyboardEvent) {
        if (e.key !== 'Escape') return;
        e.stopPropagation();
        at.querySelector('summary')?.focus();
      } else if (at.contains(e.target as Node)) return;
      at.open = false;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close, true);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close, true);
    };
  }, []);
  return (
    <details ref={box} className="ls-menu">
      <summary className="tk-btn tk-quiet tk-s">
        {label}
        <Icon name="down" size={14} />
      </summary>
      <div className="ls-menu-in">{children}</div>
    </details>
  );
}

interface ViewsProps {
  kept: Kept;
  query: ListQuery;
  onKeep: (kept: Kept) => void;
  onOpen: (view: View) => void;
}

export function Views({ kept, query, onKeep, onOpen }: ViewsProps): ReactNode {
  const { t } = useTranslation('parts');
  const [name, setName] = useState('');
  const id = useId();
  const save = (e: FormEvent): void => {
    e.preventDefault();
    onKeep(withView(kept, name, query));
    setName('');
  };
  return (
    <Menu label={t('list.views')}>
      {kept.views.length > 0 && (
        <ul className="ls-views">
          {kept.views.map((view) => (
            <li key={view.name}>
              <button type="button" className="tk-btn tk-quiet tk-s" aria-current={isAt(view, query) ? 'true' : undefined} onClick={() => onOpen(view)}>
                {view.name}
              </button>
              <button type="button" className="tk-ib" aria-label={t('list.dropView', { name: view.name })} onClick={() => onKeep(withoutView(kept, view.name))}>
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={save}>
        <label htmlFor={id}>{t('list.keepView')}</label>
        <input id={id} className="tk-input" maxLength={30} autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} />
        <button type="submit" className="tk-btn tk-s" disabled={name.trim() === '' || kept.views.length >= kViewsMax}>
          {t('list.keep')}
        </button>
      </form>
      <p className="tk-sub">{t('list.viewsHint')}</p>
    </Menu>
  );
}

interface ColumnsProps<Row> {
  columns: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  onChoose: (ids: string[] | null) => void;
}

export function Columns<Row>({ columns, shown, onChoose }: ColumnsProps<Row>): ReactNode {
  const { t } = useTranslation('parts');
  const ids = new Set(shown.map((c) => c.id));
  const turn = (id: string): void => onChoose(columns.filter((o) => (o.id === id ? !ids.has(o.id) : ids.has(o.id))).map((o) => o.id));
  return (
    <Menu label={t('list.columns')}>
      <fieldset className="ls-columns">
        <legend className="tk-vh">{t('list.columns')}</legend>
        {columns.map((c) => (
          <label key={c.id}>
            <input type="checkbox" checked={ids.has(c.id)} disabled={c.fixed} onChange={() => turn(c.id)} />
            {c.title}
          </label>
        ))}
      </fieldset>
      <button type="button" className="tk-btn tk-s" onClick={() => onChoose(null)}>
        {t('list.columnsAsCome')}
      </button>
    </Menu>
  );
}
