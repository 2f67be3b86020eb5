// Packs and rules: what is loaded, file by file; a rule as a person reads it, and what it would have made of a period. The URL holds pack, file and tab.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Elements } from '../components/resource/detail';
import { Icon } from '../components/icon';
import { Empty, Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { ForThose } from '../ops/may_not';
import { useParam } from '../shell/router';
import { may, useSession } from '../shell/session';
import { askFile, askPacks, type Pack, type Part } from './ask';
import { type RuleFile, titleOf } from './model';
import { RuleText } from './rule';
import { Trial } from './trial';
import './words';
import './packs.css';

export default function Page(): ReactNode {
  return (
    <ForThose call="packs" title="packs.title">
      <Packs />
    </ForThose>
  );
}

/** In the order in which a reader asks: what it is about, what happens by itself, what people see and send, who may. */
const kParts = ['types', 'rules', 'alerts', 'workflows', 'schedules', 'forms', 'lists', 'indicators', 'imports', 'prints', 'posts', 'seed', 'terminology'];

function Packs(): ReactNode {
  const { t } = useTranslation('packs');
  const [id, setId] = useParam('pack', '');
  const [file, setFile] = useParam('file', '');
  const asked = useQuery({ queryKey: ['packs'], queryFn: ({ signal }) => askPacks(signal), staleTime: 60_000 });
  const packs = asked.data ?? [];
  const pack = packs.find((one) => one.id === id) ?? packs[0];
  return (
    <main id="main" className="pk" data-open={file !== ''} tabIndex={-1}>
      <section className="pk-packs" aria-label={t('title')}>
        <header>
          <h1>{t('title')}</h1>
          <p className="tk-sub" role="status">
            {asked.data && t('count', { count: packs.length, rules: packs.flatMap((one) => one.parts).filter(({ part }) => part === 'rules').length })}
          </p>
        </header>
        {asked.isPending && <Skeleton lines={9} />}
        {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
        <ul tabIndex={-1}>
          {packs.map((one) => (
            <PackRow key={one.id} pack={one} isOpen={one === pack} onOpen={() => { setId(one.id); setFile('', 'replace'); }} />
          ))}
        </ul>
      </section>
      {pack && <Brings pack={pack} file={file} onOpen={(next) => { setId(pack.id, 'replace'); setFile(next); }} />}
      {pack && <OneFile key={`${pack.id} ${file}`} pack={pack} file={file} onClose={() => setFile('')} />}
    </main>
  );
}

function PackRow({ pack, isOpen, onOpen }: { pack: Pack; isOpen: boolean; onOpen: () => void }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  return (
    <li>
      <button type="button" className="pk-pack" aria-current={isOpen ? 'true' : undefined} onClick={onOpen}>
        <b className="tk-cut">{titleOf(pack.title, i18n.language, pack.id)}</b>
        <span>{pack.version}</span>
        <small className="tk-cut">
          {pack.id}
          {pack.from === 'folder' && `　${t('from.folder')}`}
        </small>
      </button>
    </li>
  );
}

/** What a pack brings, by kind; its settings last. */
function Brings({ pack, file, onOpen }: { pack: Pack; file: string; onOpen: (file: string) => void }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const fits = (part: Part): boolean => `${part.id ?? ''} ${part.name} ${titleOf(part.title, i18n.language, '')}`.toLowerCase().includes(wanted);
  const kinds = [...new Set(pack.parts.map(({ part }) => part))].sort((a, b) => kParts.indexOf(a) - kParts.indexOf(b));
  return (
    <section className="pk-brings" aria-label={titleOf(pack.title, i18n.language, pack.id)}>
      <header>
        <h2>{titleOf(pack.title, i18n.language, pack.id)}</h2>
        <p className="tk-sub">{t('versionFrom', { version: pack.version, from: t(`from.${pack.from}`) })}</p>
        <label className="tk-vh" htmlFor="pk-find">
          {t('find')}
        </label>
        <input id="pk-find" type="search" className="tk-input" placeholder={t('find')} autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} />
      </header>
      <div className="pk-files" tabIndex={-1}>
        {kinds.map((kind) => {
          const parts = pack.parts.filter((part) => part.part === kind && fits(part));
          return (
            parts.length > 0 && (
              <div key={kind}>
                <h3>
                  {t(`part.${kind}`, { defaultValue: kind })} <span>{parts.length}</span>
                </h3>
                <ul>
                  {parts.map((part) => (
                    <FileRow key={part.name} name={titleOf(part.title, i18n.language, part.id ?? part.name)} sub={part.id ?? part.name} version={part.version} isOpen={file === `${kind}/${part.name}`} onOpen={() => onOpen(`${kind}/${part.name}`)} />
                  ))}
                </ul>
              </div>
            )
          );
        })}
        {wanted === '' && (
          <div>
            <h3>{t('part.settings')}</h3>
            <ul>
              <FileRow name={t('settingsNow')} sub="settings.json" version={undefined} isOpen={file === 'settings/settings'} onOpen={() => onOpen('settings/settings')} />
            </ul>
          </div>
        )}
        {wanted !== '' && !pack.parts.some(fits) && <p className="tk-sub pk-none">{t('nothingFits')}</p>}
        <Rights pack={pack} />
      </div>
    </section>
  );
}

function FileRow({ name, sub, version, isOpen, onOpen }: { name: string; sub: string; version: number | string | undefined; isOpen: boolean; onOpen: () => void }): ReactNode {
  const { t } = useTranslation('packs');
  return (
    <li>
      <button type="button" className="pk-file" aria-current={isOpen ? 'true' : undefined} onClick={onOpen}>
        <span className="tk-cut">{name}</span>
        <span>{version !== undefined && t('version', { version })}</span>
        {sub !== name && <small className="tk-cut">{sub}</small>}
      </button>
    </li>
  );
}

function Rights({ pack }: { pack: Pack }): ReactNode {
  const { t } = useTranslation('packs');
  return (
    <dl className="pk-rights">
      <dt>{t('reads')}</dt>
      <dd>{pack.reads.join('　') || '—'}</dd>
      <dt>{t('writes')}</dt>
      <dd>{pack.writes.join('　') || '—'}</dd>
    </dl>
  );
}

const kTabs = ['read', 'try', 'text'] as const;

function OneFile({ pack, file, onClose }: { pack: Pack; file: string; onClose: () => void }): ReactNode {
  const { t } = useTranslation('packs');
  const session = useSession();
  const [wanted, setTab] = useParam('tab', 'read');
  const [part = '', name = ''] = file.split('/');
  const isRule = part === 'rules' || part === 'alerts';
  const tabs = kTabs.filter((one) => one !== 'try' || (part === 'rules' && may(session, 'call', 'try-rule')));
  const tab = tabs.find((one) => one === wanted) ?? 'read';
  const asked = useQuery({ queryKey: ['pack-file', pack.id, file], queryFn: ({ signal }) => askFile(pack.id, part, name, signal), enabled: file !== '', staleTime: 60_000 });
  const settings = useQuery({ queryKey: ['pack-file', pack.id, 'settings/settings'], queryFn: ({ signal }) => askFile(pack.id, 'settings', '', signal), enabled: isRule, staleTime: 60_000 });
  const text = useMemo(() => (asked.data ? JSON.stringify(asked.data, null, 2) : ''), [asked.data]);
  if (file === '')
    return (
      <section className="pk-one pk-nothing">
        <Empty icon="info" title={t('pick')}>
          <p className="tk-sub">{t('pickHint')}</p>
        </Empty>
      </section>
    );
  return (
    <section className="pk-one" aria-label={file}>
      <header className="pk-tabs">
        <div role="group" aria-label={t('tabs')}>
          {tabs.map((one) => (
            <button key={one} type="button" aria-pressed={one === tab} onClick={() => setTab(one, 'replace')}>
              {t(`tab.${one}`)}
            </button>
          ))}
        </div>
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <div className="pk-in" role="region" aria-label={t(`tab.${tab}`)} tabIndex={0}>
        {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
        {!asked.data && !asked.error && <Skeleton lines={8} />}
        {asked.data && tab === 'read' && isRule && <RuleText rule={asked.data as RuleFile} settings={(settings.data ?? {}) as Record<string, unknown>} pack={pack.id} />}
        {asked.data && tab === 'read' && !isRule && <Plain file={asked.data as RuleFile} name={name} part={part} />}
        {asked.data && tab === 'try' && <Trial pack={pack.id} rule={asked.data as RuleFile} text={text} />}
        {asked.data && tab === 'text' && <pre tabIndex={0}>{text}</pre>}
      </div>
    </section>
  );
}

/** A file of another kind: what it is called, where it is from, and all that it says. */
function Plain({ file, name, part }: { file: RuleFile; name: string; part: string }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const { id, title, version, source, ...rest } = file as RuleFile & Record<string, unknown>;
  const isSettings = part === 'settings';
  return (
    <article className="pk-plain">
      <h2>{isSettings ? t('settingsNow') : titleOf(title, i18n.language, id ?? name)}</h2>
      <p className="tk-sub">{isSettings ? t('settingsHint') : [t(`part.${part}`, { defaultValue: part }), id, version !== undefined && t('version', { version })].filter(Boolean).join('　')}</p>
      {typeof source === 'object' && source?.text && <p className="pk-source">{t('source', { text: source.text, edition: source.edition ?? '', date: source.date ?? '' })}</p>}
      <Elements resource={(typeof source === 'string' ? { ...rest, source } : rest) as never} />
    </article>
  );
}
