// Keys of a list at a desk: J and K (in the table the arrows too) move from row to row, X marks the one that has the focus, Esc closes what is open, "/" goes to the
// search field. Nothing while somebody types.
import { useLayoutEffect, useRef } from 'react';

export interface ListKeys {
  rows: string; // selector of what opens a row: a button in each
  table: string;
  search?: string;
  onClose: () => void;
  onMark?: (id: string) => void; // data-id of the row's button
}

export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
      const { rows, table, search, onClose, onMark } = latest.current;
      const at = e.target as HTMLElement;
      if (at.closest('input:not([type="checkbox"]), textarea, select, dialog')) return;
      if (e.key === 'Escape') return onClose();
      if (e.key === '/' && search) {
        e.preventDefault();
        return document.querySelector<HTMLElement>(search)?.focus();
      }
      if (e.key === 'x' && onMark) {
        const row = at.closest('tr') ?? document.querySelector(`${rows}[aria-current="true"]`)?.closest('tr');
        const id = row?.querySelector<HTMLElement>(rows)?.dataset['id'];
        return id === undefined ? undefined : onMark(id);
      }
      const inTable = at.closest(table) !== null;
      const step = e.key === 'j' || (inTable && e.key === 'ArrowDown') ? 1 : e.key === 'k' || (inTable && e.key === 'ArrowUp') ? -1 : 0;
      if (step === 0) return;
      e.preventDefault();
      const all = [...document.querySelectorAll<HTMLElement>(rows)];
      const here = all.findIndex((b) => b === document.activeElement);
      const start = here >= 0 ? here : all.findIndex((b) => b.getAttribute('aria-current') === 'true');
      const next = all[Math.min(Math.max(start + step, 0), all.length - 1)];
      next?.focus();
      next?.scrollIntoView({ block: 'nearest' });
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
