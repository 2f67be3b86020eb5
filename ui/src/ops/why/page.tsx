// Who may what: the posts and their rights, found by a right; and why one account may, or may not, do something with one record, step by step.
// The URL holds account, record and deed: a colleague with the same post sees the same answer. It is in the audit, and tells no health data.
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Severity } from '../../components/icon';
import { Failed, Skeleton } from '../../components/states';
import { asFailure } from '../../fhir/http';
import { go, useParam } from '../../shell/router';
import { ForThose } from '../may_not';
import { askPosts, askWhy, kAll, kResource, type Post, postsThatMay, type Step } from './ask';
import './why.css';

export default function Page(): ReactNode {
  return (
    <ForThose call="why" title="why.title">
      <Why />
    </ForThose>
  );
}

function Why(): ReactNode {
  const { t } = useTranslation('ops');
  const [part, setPart] = useParam('part', 'why');
  return (
    <main id="main" className="wm" tabIndex={-1}>
      <header>
        <h1>{t('why.title')}</h1>
        <div role="group" aria-label={t('why.title')}>
          {(['why', 'posts'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={part === one} onClick={() => setPart(one)}>
              {t(`why.part.${one}`)}
            </button>
          ))}
        </div>
      </header>
      {part === 'posts' ? <Posts /> : <Asking />}
    </main>
  );
}

const kDeeds = ['read', 'write', '$everything', 'reveal', 'export'];

function Asking(): ReactNode {
  const { t } = useTranslation('ops');
  const [account] = useParam('account', '');
  const [resource] = useParam('resource', '');
  const [deed] = useParam('do', 'read');
  const [said, setSaid] = useState({ account, resource, deed });
  const [problem, setProblem] = useState<'account' | 'resource' | ''>('');
  const isAsked = account !== '' && kResource.test(resource);
  const asked = useQuery({ queryKey: ['why', account, resource, deed], queryFn: ({ signal }) => askWhy({ account, resource, deed }, signal), enabled: isAsked, staleTime: 0, retry: false });
  const ask = (e: FormEvent): void => {
    e.preventDefault();
    const wrong = said.account.trim() === '' ? 'account' : kResource.test(said.resource.trim()) ? '' : 'resource';
    setProblem(wrong);
    if (wrong !== '') return document.getElementById(`wm-${wrong}`)?.focus();
    const query = new URLSearchParams({ account: said.account.trim(), resource: said.resource.trim(), ...(said.deed.trim() && said.deed.trim() !== 'read' ? { do: said.deed.trim() } : {}) });
    const next = `${location.pathname}?${query}`;
    if (next === location.pathname + location.search) void asked.refetch();
    else go(next);
  };
  const field = (name: 'account' | 'resource' | 'deed', label: string, hint: string): ReactNode => (
    <div className="tk-field">
      <label htmlFor={`wm-${name}`}>{label}</label>
      <input
        id={`wm-${name}`} className="tk-input" autoComplete="off" maxLength={128} placeholder={hint} value={said[name]} aria-invalid={problem === name || undefined} aria-describedby={problem === name ? 'wm-problem' : undefined}
        list={name === 'deed' ? 'wm-deeds' : undefined} onChange={(e) => setSaid({ ...said, [name]: e.target.value })}
      />
    </div>
  );
  return (
    <div className="wm-in" role="region" aria-label={t('why.part.why')} tabIndex={0}>
      <p className="tk-sub">{t('why.hint')}</p>
      <form onSubmit={ask}>
        {field('account', t('why.account'), t('why.accountHint'))}
        {field('resource', t('why.resource'), 'Patient/42')}
        {field('deed', t('why.deed'), 'read')}
        <datalist id="wm-deeds">
          {kDeeds.map((one) => (
            <option key={one} value={one}>
              {t(`why.deeds.${one.replace('$', '')}`)}
            </option>
          ))}
        </datalist>
        <button type="submit" className="tk-btn tk-pri">
          {t('why.ask')}
        </button>
      </form>
      {problem !== '' && (
        <p id="wm-problem" className="tk-problem" role="alert">
          {t(`why.problem.${problem}`)}
        </p>
      )}
      {isAsked && asked.isFetching && <Skeleton lines={4} />}
      {isAsked && !asked.isFetching && asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {isAsked && !asked.isFetching && asked.data && (
        <section aria-label={t('why.answer')}>
          <p className="wm-verdict" role="status">
            <Severity level={asked.data.may ? 'fine' : 'notice'} size={28} />
            <b>{t(asked.data.may ? 'why.may' : 'why.mayNot')}</b>
            <span className="tk-sub">{t('why.ofWhat', { account, resource, deed: t(`why.deeds.${deed.replace('$', '')}`, { defaultValue: deed }) })}</span>
          </p>
          <ol className="wm-steps">
            {asked.data.steps.map((step, i) => (
              <StepRow key={`${step.name} ${i}`} step={step} />
            ))}
          </ol>
          <p className="tk-sub">{t('why.policies', { version: asked.data.policies })}</p>
        </section>
      )}
    </div>
  );
}

function StepRow({ step }: { step: Step }): ReactNode {
  const { t } = useTranslation('ops');
  return (
    <li data-permits={step.permits}>
      <span className="wm-mark">
        <Severity level={step.permits ? 'fine' : 'notice'} size={16} />
        {t(step.permits ? 'why.permits' : 'why.hinders')}
      </span>
      <b>{t(`why.step.${step.name}`, { defaultValue: step.name })}</b>
      <span className="wm-text">
        {step.text}
        {(step.rule || step.source) && <small>{[step.rule, step.source].filter(Boolean).join('　')}</small>}
      </span>
    </li>
  );
}

function Posts(): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const [text, setText] = useState('');
  const [open, setOpen] = useParam('post', '');
  const asked = useQuery({ queryKey: ['posts'], queryFn: ({ signal }) => askPosts(signal), staleTime: 30_000 });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={8} />;
  const shown = postsThatMay(asked.data, text);
  const titleOf = (post: Post): string => (i18n.language === 'en' ? post.title_en : post.title_zh) || post.name;
  const post = shown.find((one) => one.name === open) ?? shown[0];
  return (
    <div className="wm-posts">
      <div className="wm-list">
        <label className="tk-vh" htmlFor="wm-find">
          {t('why.find')}
        </label>
        <input id="wm-find" type="search" className="tk-input" placeholder={t('why.find')} autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} />
        <p className="tk-sub" role="status">
          {t('why.postCount', { count: shown.length })}
        </p>
        <ul>
          {shown.map((one) => (
            <li key={one.name}>
              <button type="button" aria-current={one === post ? 'true' : undefined} onClick={() => setOpen(one.name)}>
                <span className="tk-cut">{titleOf(one)}</span>
                <small>{t('why.accounts', { count: one.accounts })}</small>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {post && (
        <div className="wm-in" role="region" aria-label={titleOf(post)} tabIndex={0}>
          <h2>{titleOf(post)}</h2>
          <p className="tk-sub">
            {post.name}　{t(post.second_factor ? 'why.factor' : 'why.noFactor')}
          </p>
          <dl className="wm-rights">
            {(['reads', 'writes', 'operations', 'tasks'] as const).map(
              (name) =>
                (name !== 'tasks' || post.tasks.length > 0) && (
                  <div key={name}>
                    <dt>{t(`why.right.${name}`)}</dt>
                    <dd>{post[name].length === 0 ? t('why.nothing') : post[name].includes(kAll) ? <b>{t('why.everything')}</b> : post[name].map((one) => <Right key={one} name={one} wanted={text} />)}</dd>
                  </div>
                ),
            )}
            <div>
              <dt>{t('why.right.source')}</dt>
              <dd className="wm-source">
                <ul>
                  {post.source.split(' | ').map((one) => (
                    <li key={one}>{one}</li>
                  ))}
                </ul>
              </dd>
            </div>
          </dl>
        </div>
      )}
    </div>
  );
}

/** A right; marked where it is what was looked for. */
function Right({ name, wanted }: { name: string; wanted: string }): ReactNode {
  const isWanted = wanted.trim() !== '' && name.toLowerCase().includes(wanted.trim().toLowerCase());
  return <span className="wm-right">{isWanted ? <mark>{name}</mark> : name}</span>;
}
