// The URL holds the state: which page, which filter, which item. Back and forward work, a link can be sent on.
import { useCallback, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

const kMoved = 'tk:moved';

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  window.addEventListener(kMoved, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(kMoved, listener);
  };
}

export function go(url: string, how: 'push' | 'replace' = 'push'): void {
  if (url === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  window.dispatchEvent(new Event(kMoved));
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** One parameter of the URL; setting it to its default removes it. Never for anything personal. */
export function useParam(name: string, fallback: string): [string, (value: string, how?: 'push' | 'replace') => void] {
  const value = useSyncExternalStore(subscribe, () => new URLSearchParams(location.search).get(name) ?? fallback);
  const set = useCallback(
    (next: string, how: 'push' | 'replace' = 'push') => {
      const q = new URLSearchParams(location.search);
      if (next === fallback) q.delete(name);
      else q.set(name, next);
      const text = q.toString();
      go(location.pathname + (text ? '?' + text : ''), how);
    },
    [name, fallback],
  );
  return [value, set];
}

export function Link(props: { to: string; className?: string; current?: boolean; label?: string; children: ReactNode }): ReactNode {
  const onClick = (e: MouseEvent): void => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(props.to);
  };
  return (
    <a href={props.to} className={props.className} aria-current={props.current ? 'page' : undefined} aria-label={props.label} onClick={onClick}>
      {props.children}
    </a>
  );
}
