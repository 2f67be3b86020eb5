// A resource as it stands: its elements, its versions, and what a version changed. What a post sees masked is masked as it came.
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure } from '../../fhir/http';
import { clockOf, dayOf, parseTime } from '../../fhir/time';
import type { Resource } from '../../fhir/types';
import { fhir } from '../../shell/session';
import { Failed, Skeleton } from '../states';
import '../words';
import { difference, leavesOf } from './diff';
import './resource.css';

/** Element by element, in the order in which they stand. */
export function Elements({ resource }: { resource: Resource }): ReactNode {
  const rows = leavesOf(resource as never).filter(([path]) => path !== 'resourceType' && path !== 'text.div');
  return (
    <dl className="rs-elements">
      {rows.map(([path, text]) => (
        <div key={path}>
          <dt>{path}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The versions, the newest first; the one that is chosen beside the one before it. */
export function History({ type, id }: { type: string; id: string }): ReactNode {
  const { t } = useTranslation('parts');
  const [chosen, setChosen] = useState(0);
  const asked = useQuery({ queryKey: ['history', type, id], queryFn: ({ signal }) => fhir.history<Resource>(type, id, signal), staleTime: 0 });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={4} />;
  const versions = asked.data;
  const at = Math.min(chosen, versions.length - 1);
  const after = versions[at];
  const before = versions[at + 1];
  return (
    <div className="rs-history">
      <ol aria-label={t('diff.history')}>
        {versions.map((version, i) => (
          <li key={version.meta?.versionId}>
            <button type="button" className="tk-btn tk-quiet tk-s" aria-pressed={i === at} onClick={() => setChosen(i)}>
              {t('diff.version', { n: version.meta?.versionId ?? '?' })}
              <span className="tk-sub">{when(version)}</span>
            </button>
          </li>
        ))}
      </ol>
      {after && before && <Compared before={before} after={after} />}
      {after && !before && <p className="tk-sub">{t('diff.first')}</p>}
    </div>
  );
}

function when(version: Resource): string {
  const at = parseTime(version.meta?.lastUpdated);
  return at === null ? '' : `${dayOf(at)} ${clockOf(at, true)}`;
}

export function Compared({ before, after }: { before: Resource; after: Resource }): ReactNode {
  const { t } = useTranslation('parts');
  const rows = difference(before, after);
  const title = t('diff.title', { a: before.meta?.versionId ?? '?', b: after.meta?.versionId ?? '?' });
  if (rows.length === 0) return <p className="tk-sub">{t('diff.none')}</p>;
  return (
    <table className="rs-diff">
      <caption className="tk-vh">{title}</caption>
      <thead>
        <tr>
          <th>{t('diff.element')}</th>
          <th>{t('diff.before')}</th>
          <th>{t('diff.after')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={`${row.path} ${i}`}>
            <th scope="row">
              {row.path}
              <span className="tk-sub">{t(row.before === null ? 'diff.added' : row.after === null ? 'diff.removed' : 'diff.changed')}</span>
            </th>
            <td>{row.before === null ? '—' : <del>{row.before}</del>}</td>
            <td>{row.after === null ? '—' : <ins>{row.after}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
