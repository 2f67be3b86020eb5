// One account: what it may do, how it signs in, where it is signed in, and what can be done about it. Each deed says first what comes of it.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../components/dialog';
import { Icon } from '../components/icon';
import { Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { FormProblem } from '../shell/field';
import { useSession } from '../shell/session';
import { changes, draftOf, signsIn, type Wrong, wrongIn } from './draft';
import { Fields } from './form';
import { askOne, changeAccount, type Deed, doTo, type Kept, lockedFor, type Once, type PostTold } from './keep';
import { useKeepProblem } from './problem';
import { SessionsOf } from './sessions';
import { State, usePostTitle, useReach, useWays } from './table';

interface DetailProps {
  name: string;
  known: Kept | undefined; // from the list, until it has been read
  posts: PostTold[];
  once: Once | null;
  onOnce: (once: Once | null) => void;
  onClose: () => void;
}

export function Detail(p: DetailProps): ReactNode {
  const { t } = useTranslation('accounts');
  const one = useQuery({ queryKey: ['accounts', 'one', p.name], queryFn: () => askOne(p.name), placeholderData: p.known, staleTime: 0 });
  return (
    <>
      <header className="ac-dh">
        <div className="tk-grow">
          <h2 className="tk-cut">{one.data?.display ?? p.name}</h2>
          <p className="tk-sub tk-cut">
            {p.name}
            {one.data && `　${t(`kind.${one.data.kind}`)}`}
          </p>
        </div>
        {one.data && <State account={one.data} />}
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={p.onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      {one.isPending && <Skeleton lines={8} />}
      {one.error && <Failed failure={asFailure(one.error)} onRetry={() => void one.refetch()} />}
      {one.data && !one.error && <Whole {...p} account={one.data} />}
    </>
  );
}

function Whole(p: DetailProps & { account: Kept }): ReactNode {
  const { t } = useTranslation('accounts');
  const [editing, setEditing] = useState(false);
  const locked = lockedFor(useSession(), p.account);
  return (
    <>
      {p.once && <ShownOnce once={p.once} onKept={() => p.onOnce(null)} />}
      {locked && (
        <p className="ac-locked">
          <Icon name="lock" size={14} />
          {t(`locked.${locked}`)}
        </p>
      )}
      {editing ? <Edit account={p.account} posts={p.posts} onDone={() => setEditing(false)} /> : <Facts account={p.account} posts={p.posts} onEdit={locked ? null : () => setEditing(true)} />}
      {!editing && !locked && <Deeds account={p.account} onOnce={p.onOnce} />}
      {p.account.kind !== 'device' && <SessionsOf name={p.name} locked={locked !== null} />}
    </>
  );
}

/** A password for one sign-in, or a program's secret. It takes the focus, as it is gone when the page is. */
function ShownOnce({ once, onKept }: { once: Once; onKept: () => void }): ReactNode {
  const { t } = useTranslation('accounts');
  const box = useRef<HTMLDivElement>(null);
  const [copied, setCopied] = useState(false);
  const what = once.one_time_password ? 'password' : 'secret';
  const text = once.one_time_password ?? once.client_secret;
  useEffect(() => box.current?.focus(), [text]);
  if (!text) return null;
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      getSelection()?.selectAllChildren(box.current?.querySelector('.tk-key') ?? document.body);  // then it is copied by hand
    }
  };
  return (
    <div ref={box} className="ac-once" role="group" aria-label={t(`once.${what}`)} tabIndex={-1}>
      <h3>{t(`once.${what}`)}</h3>
      <p className="tk-key">{text}</p>
      <p className="tk-sub">{t(`once.${what}Hint`)}</p>
      <div className="ac-acts">
        <button type="button" className="tk-btn" onClick={() => void copy()}>
          {t(copied ? 'once.copied' : 'once.copy')}
        </button>
        <button type="button" className="tk-btn tk-pri" onClick={onKept}>
          {t('once.kept')}
        </button>
      </div>
    </div>
  );
}

function Facts({ account, posts, onEdit }: { account: Kept; posts: PostTold[]; onEdit: (() => void) | null }): ReactNode {
  const { t } = useTranslation('accounts');
  const title = usePostTitle(posts);
  const ways = useWays();
  const reach = useReach();
  const facts: [string, string | undefined][] = [
    ['post', title(account.post)], ['area', reach(account)], ['organization', account.organization], ['record', account.record], ['ways', ways(account)],
    ['scopes', account.scopes], ['redirects', account.redirects?.join('\n')], ['algorithm', account.kind === 'program' ? (account.id_token_signed_response_alg ?? 'ES256') : undefined],
  ];
  return (
    <div className="ac-sec">
      <h3>{t('detail.facts')}</h3>
      <dl className="ac-facts">
        {facts.map(([name, value]) => value && (
          <div key={name}>
            <dt>{t(`field.${name}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {onEdit && (
        <button type="button" className="tk-btn" onClick={onEdit}>
          {t('edit.go')}
        </button>
      )}
    </div>
  );
}

/** Puts the account as it is now everywhere, and asks anew what hangs on it. */
function useRenewed(name: string): (account: Kept) => void {
  const queries = useQueryClient();
  return (account) => {
    queries.setQueryData(['accounts', 'one', name], account);
    void queries.invalidateQueries({ queryKey: ['accounts', 'list'] });
    void queries.invalidateQueries({ queryKey: ['accounts', 'sessions', name] });
  };
}

function Edit({ account, posts, onDone }: { account: Kept; posts: PostTold[]; onDone: () => void }): ReactNode {
  const { t } = useTranslation('accounts');
  const problemOf = useKeepProblem();
  const renew = useRenewed(account.name);
  const [before] = useState(() => draftOf(account));
  const [draft, setDraft] = useState(before);
  const [wrong, setWrong] = useState<Wrong>({});
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (e: FormEvent): Promise<void> => {
    e.preventDefault();
    const found = wrongIn(draft), body = changes(before, draft);
    setWrong(found);
    setProblem(undefined);
    if (busy || Object.keys(found).length > 0) return;
    if (!body) return onDone();
    setBusy(true);
    try {
      renew(await changeAccount(account.name, body));
      onDone();
    } catch (failed) {
      setProblem(problemOf(asFailure(failed)));
      setBusy(false);
    }
  };
  return (
    <form className="ac-form" noValidate aria-label={t('edit.go')} onSubmit={(e) => void submit(e)}>
      <Fields draft={draft} wrong={wrong} posts={posts} fresh={false} hasPhone={account.phone} onDraft={setDraft} />
      <p className="tk-sub">{t('edit.ends')}</p>
      <FormProblem text={problem} />
      <div className="ac-go">
        <button type="button" className="tk-btn" onClick={onDone}>
          {t('cancel', { ns: 'shell' })}
        </button>
        <button type="submit" className="tk-btn tk-pri" aria-disabled={busy}>
          {t(busy ? 'saving' : 'edit.save')}
        </button>
      </div>
    </form>
  );
}

function deedsOf(account: Kept): Deed[] {
  const deeds: Deed[] = [];
  if (signsIn(account.kind)) deeds.push('reset');
  if (account.app) deeds.push('reset-factor');
  if (account.kind === 'program' && account.secret) deeds.push('new-secret');
  return [...deeds, account.disabled ? 'enable' : 'disable'];
}

function Deeds({ account, onOnce }: { account: Kept; onOnce: (once: Once) => void }): ReactNode {
  const { t } = useTranslation('accounts');
  const [asked, setAsked] = useState<Deed | null>(null);
  return (
    <div className="ac-sec">
      <h3>{t('detail.deeds')}</h3>
      <div className="ac-acts">
        {deedsOf(account).map((deed) => (
          <button key={deed} type="button" className="tk-btn" onClick={() => setAsked(deed)}>
            {t(`deed.${deed}.go`)}
          </button>
        ))}
      </div>
      {asked && <Confirm account={account} deed={asked} onOnce={onOnce} onClose={() => setAsked(null)} />}
    </div>
  );
}

function Confirm({ account, deed, onOnce, onClose }: { account: Kept; deed: Deed; onOnce: (once: Once) => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('accounts');
  const problemOf = useKeepProblem();
  const renew = useRenewed(account.name);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const { one_time_password, client_secret, ...kept } = await doTo(account.name, deed);
      renew(kept);
      onClose();
      if (one_time_password || client_secret) onOnce({ one_time_password, client_secret });
    } catch (failed) {
      setProblem(problemOf(asFailure(failed)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t(`deed.${deed}.title`, { name: account.display })} onClose={onClose}>
      <div className="ac-confirm">
        <p>{t(`deed.${deed}.what`)}</p>
        <FormProblem text={problem} />
        <div className="ac-go">
          <button type="button" className="tk-btn" onClick={onClose}>
            {t('cancel', { ns: 'shell' })}
          </button>
          <button type="button" className="tk-btn tk-pri" aria-disabled={busy} autoFocus onClick={() => void go()}>
            {t(busy ? 'saving' : `deed.${deed}.go`)}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
