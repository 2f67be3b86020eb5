// What every door shares: the languages, the session, the one query cache, the page behind the path.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Component, lazy, StrictMode, Suspense, useEffect, type ComponentType, type ReactNode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { useTranslation } from 'react-i18next';
import { Empty, Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { LiveKeeper } from '../live/use_live';
import './i18n';
import { titleIn } from './i18n';
import { entryAt, type PageEntry, usable } from './pages';
import { go, usePath } from './router';
import { askSession, useSession, useSessionState, wasKnown } from './session';
import { SignIn } from './sign_in';
import '../tokens.css';
import '../base.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (n, e) => n < 2 && asFailure(e).kind === 'network',
      refetchOnWindowFocus: false,
      staleTime: 30_000,
    },
  },
});

/** Signs in first, then shows `children`. After an expired session the page stays mounted below the sign-in. */
function Gate({ children, form }: { children: ReactNode; form: boolean }): ReactNode {
  const state = useSessionState();
  useEffect(() => void askSession(), []);
  useEffect(() => {
    if (state.kind === 'out') queries.clear();
  }, [state.kind]);
  if (state.kind === 'asking') return form ? <SignIn /> : <Skeleton lines={6} />;
  if (state.kind === 'unreachable') return <Failed failure={state.failure} onRetry={() => void askSession()} />;
  if (state.kind === 'out') return <SignIn />;
  const expired = state.kind === 'expired';
  return (
    <>
      <div key={state.session.account} className="tk-page" inert={expired}>
        {children}
      </div>
      {expired && (
        <div className="tk-over">
          <SignIn again />
        </div>
      )}
    </>
  );
}

class Net extends Component<{ children: ReactNode; fallback: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }
  override render(): ReactNode {
    return this.state.broken ? this.props.fallback : this.props.children;
  }
}

function Broken(): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <main className="tk-empty" id="main" role="alert">
      <p className="tk-empty-t">{t('pageBroken')}</p>
      <button type="button" className="tk-btn" onClick={() => location.reload()}>
        {t('reload')}
      </button>
    </main>
  );
}

const loaded = new Map<PageEntry, ComponentType>();

function pageOf(entry: PageEntry): ComponentType {
  const known = loaded.get(entry);
  if (known) return known;
  const page = lazy(entry.load);
  loaded.set(entry, page);
  return page;
}

const kAfterFormMs = 300;

/**
 * Fetches the page's script before it is asked for: at once where somebody was signed in, one round trip less on a slow line; else when the
 * form works, so as not to be in its way.
 */
export function warmPage(door: string, pages: PageEntry[]): void {
  const entry = entryAt(door, pages, location.pathname) ?? pages[0];
  // A failure here is met again, and shown, when the page is opened.
  const warm = (): void => void entry?.load().catch(() => undefined);
  if (wasKnown()) warm();
  else window.addEventListener('load', () => setTimeout(warm, kAfterFormMs), { once: true });
}

export interface PagesProps {
  door: string;
  pages: PageEntry[];
  home?: ReactNode; // the door's own first page, at /door/home; without it the door opens at the first page of use
  opensHome?: boolean;
  frame?: (entry: PageEntry, page: ReactNode) => ReactNode; // what stands around a page
}

/** The page behind the path. The door itself leads to its first page that the post has something to do at. */
export function Pages({ door, pages, home, opensHome = false, frame }: PagesProps): ReactNode {
  const { t, i18n } = useTranslation('shell');
  const path = usePath().replace(/\/+$/, '');
  const session = useSession();
  const entry = entryAt(door, pages, path);
  const first = usable(session, pages)[0];
  const atHome = home !== undefined && path === `/${door}/home`;
  const start = home !== undefined && (opensHome || !first) ? '/home' : first?.path;
  const atDoor = path === `/${door}`;
  useEffect(() => {
    if (atDoor && start !== undefined) go(`/${door}${start}`, 'replace');
  }, [atDoor, door, start]);
  useEffect(() => {
    document.title = (entry ? titleIn(entry.title) + ' · ' : '') + t('name');
  }, [entry, t, i18n.language]);
  if (atDoor && start !== undefined) return null;
  if (atHome) return home;
  if (!entry) return <NoPage door={door} />;
  const Page = pageOf(entry);
  const page = (
    <Net key={entry.path} fallback={<Broken />}>
      <Suspense fallback={<Coming />}>
        <Page />
      </Suspense>
    </Net>
  );
  return frame ? frame(entry, page) : page;
}

function Coming(): ReactNode {
  return (
    <main id="main" tabIndex={-1}>
      <Skeleton lines={6} />
    </main>
  );
}

/** A path without a page. */
function NoPage({ door }: { door: string }): ReactNode {
  const { t } = useTranslation('shell');
  return (
    <main id="main" tabIndex={-1}>
      <Empty icon="info" title={t('noSuchPage')}>
        <button type="button" className="tk-btn" onClick={() => go(`/${door}`)}>
          {t('toDoor')}
        </button>
      </Empty>
    </main>
  );
}

export function openDoor(door: string, inside: ReactNode): void {
  document.documentElement.dataset['door'] = door;
  const root = document.getElementById('root');
  if (!root) throw new Error('no #root in the page');
  // The form that came with the page is taken over with what has been typed; where bars are shown instead, React clears both.
  const form = root.querySelector(':scope > .tk-signin') !== null && document.documentElement.dataset['wait'] === undefined;
  const all = (
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Net fallback={<Broken />}>
          <LiveKeeper />
          <Gate form={form}>{inside}</Gate>
        </Net>
      </QueryClientProvider>
    </StrictMode>
  );
  if (!form) return createRoot(root).render(all);
  root.querySelector(':scope > .tk-wait')?.remove();
  hydrateRoot(root, all);
}
