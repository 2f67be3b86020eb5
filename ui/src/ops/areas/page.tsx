// Areas: the tree of divisions, found by name or code, the map of what lies below one, the institutions that serve it, and what does not fit together.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '../../components/icon';
import { useSettled } from '../../components/list/use_list';
import { flatten, ringsOf } from '../../components/map/shapes';
import { Empty, Failed, Skeleton } from '../../components/states';
import { asFailure } from '../../fhir/http';
import { Link, useParam } from '../../shell/router';
import { may, useSession } from '../../shell/session';
import { ForThose } from '../may_not';
import { type Area, askArea, askInstitutions, askIssues, askShapes, askTops, findAreas, type Found, type Institution } from './ask';
import './areas.css';

const kOperation = '$import-areas';
const kFresh = { staleTime: 30_000 };

export default function Page(): ReactNode {
  return (
    <ForThose call={kOperation} title="areas.title">
      <Areas />
    </ForThose>
  );
}

function Areas(): ReactNode {
  const { t } = useTranslation('ops');
  const [code, setCode] = useParam('area', '');
  const [typed, setTyped] = useState('');
  const text = useSettled(typed.trim());
  const tops = useQuery({ queryKey: ['areas', 'tops'], queryFn: ({ signal }) => askTops(signal), ...kFresh });
  const found = useQuery({ queryKey: ['areas', 'find', text], queryFn: ({ signal }) => findAreas(text, signal), enabled: text !== '', ...kFresh });
  const open = code || tops.data?.[0]?.code || '';
  return (
    <main id="main" className="ar" tabIndex={-1}>
      <section className="ar-tree" aria-label={t('areas.title')}>
        <header>
          <h1>{t('areas.title')}</h1>
          <label className="tk-vh" htmlFor="ar-find">
            {t('areas.find')}
          </label>
          <input id="ar-find" type="search" className="tk-input" placeholder={t('areas.find')} autoComplete="off" maxLength={64} value={typed} onChange={(e) => setTyped(e.target.value)} />
        </header>
        <div className="ar-scroll" tabIndex={-1}>
          {(tops.error ?? found.error) && <Failed failure={asFailure(tops.error ?? found.error)} onRetry={() => void (tops.error ? tops.refetch() : found.refetch())} />}
          {tops.isPending && !tops.error && <Skeleton lines={6} />}
          {text === '' && (
            <ul className="ar-nodes">
              {(tops.data ?? []).map((top) => (
                <Node key={top.code} area={top} below={1} open={open} onOpen={setCode} startsOpen />
              ))}
            </ul>
          )}
          {text !== '' && found.data && <Hits hits={found.data} open={open} onOpen={setCode} />}
        </div>
        <Unfitting />
      </section>
      {tops.data?.length === 0 && (
        <Empty icon="city" title={t('areas.none')}>
          <p className="tk-sub">{t('areas.noneHint')}</p>
          <Link to="/ops/tables?table=areas" className="tk-btn tk-pri">
            {t('areas.import')}
          </Link>
        </Empty>
      )}
      {open !== '' && <One key={open} code={open} onOpen={setCode} />}
    </main>
  );
}

interface NodeProps {
  area: Pick<Area, 'code' | 'name'>;
  below: number;
  open: string;
  onOpen: (code: string) => void;
  startsOpen?: boolean;
}

/** A division and, once it is unfolded, those right below it. What lies above the one that is open is unfolded. */
function Node({ area, below, open, onOpen, startsOpen = false }: NodeProps): ReactNode {
  const { t } = useTranslation('ops');
  const [unfolded, setUnfolded] = useState(startsOpen || (open !== area.code && open.startsWith(area.code)));
  const asked = useQuery({ queryKey: ['areas', area.code], queryFn: ({ signal }) => askArea(area.code, signal), enabled: unfolded, ...kFresh });
  const name = area.name || area.code;
  return (
    <li>
      <div className="ar-node" data-on={open === area.code || undefined}>
        {below > 0 ? (
          <button type="button" className="ar-fold" aria-expanded={unfolded} aria-label={t('areas.unfold', { name })} onClick={() => setUnfolded(!unfolded)}>
            <Icon name="down" size={14} />
          </button>
        ) : (
          <i />
        )}
        <button type="button" className="ar-open" aria-current={open === area.code ? 'true' : undefined} onClick={() => onOpen(area.code)}>
          <span className="tk-cut">{name}</span>
          <small>{area.code}</small>
        </button>
      </div>
      {unfolded && asked.isPending && <Skeleton lines={2} />}
      {unfolded && asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {unfolded && asked.data && asked.data.children.length > 0 && (
        <ul className="ar-nodes">
          {asked.data.children.map((child) => (
            <Node key={child.code} area={child} below={child.below} open={open} onOpen={onOpen} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Hits({ hits, open, onOpen }: { hits: Found[]; open: string; onOpen: (code: string) => void }): ReactNode {
  const { t } = useTranslation('ops');
  if (hits.length === 0) return <p className="tk-sub ar-note">{t('areas.nothingFits')}</p>;
  return (
    <ul className="ar-nodes">
      {hits.map((hit) => (
        <li key={hit.code}>
          <div className="ar-node" data-on={open === hit.code || undefined}>
            <i />
            <button type="button" className="ar-open" aria-current={open === hit.code ? 'true' : undefined} onClick={() => onOpen(hit.code)}>
              <span className="tk-cut">{hit.name || hit.code}</span>
              <small>{hit.code}</small>
            </button>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** How many records do not fit together, opened at each. */
function Unfitting(): ReactNode {
  const { t } = useTranslation('ops');
  const asked = useQuery({ queryKey: ['areas', 'issues'], queryFn: ({ signal }) => askIssues(signal), ...kFresh });
  if (!asked.data) return null;
  return (
    <footer className="ar-unfit">
      {asked.data.length === 0 ? (
        <p className="tk-sub">{t('areas.allFits')}</p>
      ) : (
        <details>
          <summary>
            <Severity level="caution" size={16} />
            {t('areas.unfit', { count: asked.data.length })}
          </summary>
          <ul>
            {asked.data.slice(0, 100).map((one) => (
              <li key={`${one.record} ${one.text}`}>
                <b>{one.record}</b> {one.text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </footer>
  );
}

function One({ code, onOpen }: { code: string; onOpen: (code: string) => void }): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const asked = useQuery({ queryKey: ['areas', code], queryFn: ({ signal }) => askArea(code, signal), ...kFresh });
  const area = asked.data;
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!area) return <Skeleton lines={8} />;
  const number = new Intl.NumberFormat(i18n.language);
  return (
    <div className="ar-one" role="region" aria-label={area.name || area.code} tabIndex={0}>
      <header>
        <div>
          <h2>{area.name || area.code}</h2>
          <p className="tk-sub">
            {[t(`areas.level.${area.level}`, { defaultValue: area.level }), area.code, area.path].filter(Boolean).join('　')}
          </p>
        </div>
        <Link to="/ops/tables?table=areas" className="tk-btn">
          {t('areas.import')}
        </Link>
      </header>
      {!area.active && (
        <p className="ar-over">
          <Severity level="notice" size={16} />
          {t('areas.over', { until: area.until || t('areas.unknown') })}
          {area.successor && (
            <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => onOpen(area.successor)}>
              {t('areas.successor', { code: area.successor })}
            </button>
          )}
        </p>
      )}
      <dl className="ar-counts">
        <div>
          <dt>{t('areas.rightBelow')}</dt>
          <dd>{number.format(area.children.length)}</dd>
        </div>
        <div>
          <dt>{t('areas.allBelow')}</dt>
          <dd>{number.format(area.below)}</dd>
        </div>
      </dl>
      <div className="ar-two">
        <AreaMap area={area} onOpen={onOpen} />
        <Institutions area={area} />
      </div>
    </div>
  );
}

const kWidth = 560;
const kEdge = 6;

/** Those below it, as far as their boundaries are known; else its own. */
function AreaMap({ area, onOpen }: { area: Area; onOpen: (code: string) => void }): ReactNode {
  const { t } = useTranslation('ops');
  const asked = useQuery({ queryKey: ['areas', area.code, 'shapes'], queryFn: ({ signal }) => askShapes(area, signal), ...kFresh });
  const { flat, height } = useMemo(() => {
    const codeOf = new Map([area, ...area.children].map((one) => [one.location.split('/')[1], one.code]));
    const all = (asked.data ?? []).map((d) => ({ code: codeOf.get(d.id ?? '') ?? '', rings: ringsOf(d), position: d.position })).filter((d) => d.rings.length > 0);
    const below = all.filter((d) => d.code !== area.code);
    return flatten(below.length > 0 ? below : all, kWidth);
  }, [area, asked.data]);
  const nameOf = (code: string): string => [area, ...area.children].find((one) => one.code === code)?.name || code;
  return (
    <section>
      <h3>{t('areas.map')}</h3>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && !asked.error && <Skeleton lines={6} />}
      {asked.data && flat.length === 0 && <p className="tk-sub">{t('areas.noMap')}</p>}
      {flat.length > 0 && (
        <svg className="ar-map" viewBox={`${-kEdge} ${-kEdge} ${kWidth + 2 * kEdge} ${height + 2 * kEdge}`} role="group" aria-label={t('areas.map')}>
          {flat.map((one) => (
            <a key={one.code} href={`?area=${one.code}`} aria-label={nameOf(one.code)} onClick={(e) => { e.preventDefault(); onOpen(one.code); }}>
              <path d={one.path} fillRule="evenodd" />
            </a>
          ))}
          <g aria-hidden="true">
            {flat.map((one) => (
              <text key={one.code} x={one.centre[0]} y={one.centre[1]}>
                {nameOf(one.code)}
              </text>
            ))}
          </g>
        </svg>
      )}
    </section>
  );
}

function Institutions({ area }: { area: Area }): ReactNode {
  const { t } = useTranslation('ops');
  const session = useSession();
  const asked = useQuery({ queryKey: ['areas', area.code, 'institutions'], queryFn: ({ signal }) => askInstitutions(area.code, signal), ...kFresh });
  return (
    <section>
      <h3>
        {t('areas.institutions')} {asked.data && <small>{t('areas.institutionCount', { count: asked.data.total ?? asked.data.items.length })}</small>}
      </h3>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && !asked.error && <Skeleton lines={4} />}
      {asked.data?.items.length === 0 && <p className="tk-sub">{t('areas.noInstitutions')}</p>}
      <ul className="ar-institutions">
        {(asked.data?.items ?? []).map((one) => (
          <li key={one.id}>
            <span>{may(session, 'read', 'StructureDefinition') ? <Link to={`/ops/fhir?type=Organization&id=${one.id ?? ''}`}>{one.name ?? one.id}</Link> : (one.name ?? one.id)}</span>
            <small>{typesOf(one).map((type) => t(`areas.type.${type}`, { defaultValue: type })).join(t('areas.and'))}</small>
            <small>{one.active === false ? t('areas.closed') : (one.telecom?.find((way) => way.system === 'phone')?.value ?? '')}</small>
          </li>
        ))}
      </ul>
      {asked.data && asked.data.total !== null && asked.data.total > asked.data.items.length && <p className="tk-sub">{t('areas.first', { count: asked.data.items.length })}</p>}
    </section>
  );
}

/** Texts, or codes of R4's own list of organizations' types. */
const typesOf = (one: Institution): string[] => (one.type ?? []).map((type) => type.text ?? type.coding?.[0]?.code ?? '').filter(Boolean);
