// Desk page of the accounts, for the post that keeps them: the list, one account beside it, a new one. The URL holds filter and account; what is searched for
// is somebody's name and stays out of it. Keyboard: J and K move, Enter opens, / searches, N adds, Esc closes.
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettled } from '../components/list/use_list';
import { useListKeys } from '../components/list_keys';
import { Empty, Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { addWords } from '../shell/i18n';
import { useParam } from '../shell/router';
import { may, postOf, useSession } from '../shell/session';
import { Add } from './add';
import { Detail } from './detail';
import { type Draft, kFresh } from './draft';
import { askList, type Kept, type KeptPage, kShown, type Once, type PostTold, type Shown } from './keep';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';
import { AccountTable } from './table';
import './accounts.css';

addWords('accounts', { 'zh-CN': zh, en });

export default function Accounts(): ReactNode {
  return may(useSession(), 'call', 'accounts') ? <Keeping /> : <MayNot />;
}

function MayNot(): ReactNode {
  const { t, i18n } = useTranslation('accounts');
  const session = useSession();
  return (
    <main id="main" className="ac-maynot" tabIndex={-1}>
      <h1>{t('title')}</h1>
      <Empty icon="lock" title={t('mayNot.title')}>
        <p className="tk-sub">{t('mayNot.hint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}

/** The list as the program has it, page by page. */
function useAccounts(text: string, post: string, shown: Shown): { list: ReturnType<typeof useList>; rows: Kept[]; first: KeptPage | undefined } {
  const list = useList(text, post, shown);
  const pages = list.data?.pages ?? [];
  return { list, rows: pages.flatMap((page) => page.accounts), first: pages[0] };
}

function useList(text: string, post: string, shown: Shown) {
  return useInfiniteQuery({
    queryKey: ['accounts', 'list', text, post, shown],
    queryFn: ({ pageParam, signal }) => askList({ text, post, shown }, pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

function Keeping(): ReactNode {
  const { t } = useTranslation('accounts');
  const [typed, setTyped] = useState('');
  const text = useSettled(useDeferredValue(typed.trim()));
  const [post, setPost] = useParam('post', '');
  const [shownText, setShown] = useParam('show', 'all');
  const shown = kShown.find((each) => each === shownText) ?? 'all';
  const [name, setName] = useParam('account', '');
  const [adding, setAdding] = useState(false);
  const [draft, setDraft] = useState<Draft>(kFresh);
  const [once, setOnce] = useState<Record<string, Once>>({});
  const { list, rows, first } = useAccounts(text, post, shown);
  const posts = first?.posts ?? [];

  const open = (next: string): void => {
    setAdding(false);
    setName(next, name ? 'replace' : 'push');
  };
  const close = (): void => {
    setAdding(false);
    setName('');
  };
  const show = (of: string, what: Once | null): void => setOnce(({ [of]: _, ...others }) => (what ? { ...others, [of]: what } : others));
  const add = (): void => {
    setName('');
    setAdding(true);
  };
  const added = (made: Kept & Once): void => {
    show(made.name, made);
    setDraft(kFresh);
    open(made.name);
  };
  useListKeys({ rows: '.ac-open', table: '.ac-table', search: '#ac-search', onClose: close });
  useAddKey(add);

  return (
    <main id="main" className="ac" data-open={name !== '' || adding} tabIndex={-1}>
      <section className="ac-list" aria-label={t('title')}>
        <Head typed={typed} onType={setTyped} post={post} posts={posts} onPost={setPost} onAdd={add} />
        <Counts counts={first?.counts} shown={shown} onShow={setShown} />
        <div className="ac-body" tabIndex={-1} aria-busy={list.isPlaceholderData}>
          {list.isPending && <Skeleton lines={9} />}
          {list.error && !list.data && <Failed failure={asFailure(list.error)} onRetry={() => void list.refetch()} />}
          {list.data && rows.length === 0 && <Nothing narrowed={Boolean(text || post || shown !== 'all')} onAll={() => (setTyped(''), setPost(''), setShown('all'))} />}
          {rows.length > 0 && <AccountTable rows={rows} posts={posts} current={name} onOpen={open} />}
        </div>
        <Foot shown={rows.length} total={first?.total} busy={list.isFetchingNextPage} onMore={list.hasNextPage ? () => void list.fetchNextPage() : null} />
      </section>
      <section className="ac-detail" aria-label={t(adding ? 'add.title' : 'detail.label')}>
        {adding ? (
          <Add draft={draft} posts={posts} onDraft={setDraft} onAdded={added} onClose={close} />
        ) : name ? (
          <Detail key={name} name={name} known={rows.find((row) => row.name === name)} posts={posts} once={once[name] ?? null} onOnce={(what) => show(name, what)} onClose={close} />
        ) : (
          <Empty icon="hand" title={t('pick')}>
            <p className="tk-sub">{t('pickHint')}</p>
          </Empty>
        )}
      </section>
    </main>
  );
}

function useAddKey(onAdd: () => void): void {
  const latest = useRef(onAdd);
  latest.current = onAdd;
  useEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.key !== 'n' || e.ctrlKey || e.metaKey || e.altKey || (e.target as HTMLElement).closest('input, textarea, select, dialog')) return;
      e.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

function Head(props: { typed: string; onType: (text: string) => void; post: string; posts: PostTold[]; onPost: (post: string) => void; onAdd: () => void }): ReactNode {
  const { t, i18n } = useTranslation('accounts');
  return (
    <div className="ac-head">
      <h1>{t('title')}</h1>
      <label className="tk-vh" htmlFor="ac-search">
        {t('search')}
      </label>
      <input id="ac-search" type="search" className="tk-input" placeholder={t('search')} autoComplete="off" maxLength={64} value={props.typed} onChange={(e) => props.onType(e.target.value)} />
      <label className="tk-vh" htmlFor="ac-post">
        {t('col.post')}
      </label>
      <select id="ac-post" className="tk-input" value={props.post} onChange={(e) => props.onPost(e.target.value)}>
        <option value="">{t('anyPost')}</option>
        {props.posts.map((each) => (
          <option key={each.name} value={each.name}>
            {i18n.language === 'en' ? each.title_en : each.title_zh}
          </option>
        ))}
      </select>
      <button type="button" className="tk-btn tk-pri" onClick={props.onAdd}>
        {t('add.go')}
        <kbd>N</kbd>
      </button>
    </div>
  );
}

/** The counters are the filters. */
function Counts({ counts, shown, onShow }: { counts: Record<Shown, number> | undefined; shown: Shown; onShow: (shown: Shown) => void }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <div className="ac-counts" role="group" aria-label={t('count.list')}>
      {kShown.map((each) => (
        <button key={each} type="button" aria-pressed={each === shown} onClick={() => onShow(each)}>
          <span>{t(`count.${each}`)}</span>
          <b>{counts ? counts[each] : '–'}</b>
        </button>
      ))}
    </div>
  );
}

function Nothing({ narrowed, onAll }: { narrowed: boolean; onAll: () => void }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <Empty icon="person" title={t(narrowed ? 'empty.narrowed' : 'empty.none')}>
      {narrowed ? (
        <button type="button" className="tk-btn" onClick={onAll}>
          {t('empty.all')}
        </button>
      ) : (
        <p className="tk-sub">{t('empty.noneHint')}</p>
      )}
    </Empty>
  );
}

function Foot({ shown, total, busy, onMore }: { shown: number; total: number | undefined; busy: boolean; onMore: (() => void) | null }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <div className="ac-foot">
      <span role="status">{total === undefined ? '' : t('foot', { shown, total })}</span>
      {onMore && (
        <button type="button" className="tk-btn tk-s" disabled={busy} onClick={onMore}>
          {t('more')}
        </button>
      )}
      <span className="tk-grow" />
      <span className="ac-keys">
        <kbd>J</kbd> <kbd>K</kbd> {t('keys.move')}　<kbd>Enter</kbd> {t('keys.open')}　<kbd>/</kbd> {t('keys.search')}　<kbd>Esc</kbd> {t('keys.close')}
      </span>
    </div>
  );
}

