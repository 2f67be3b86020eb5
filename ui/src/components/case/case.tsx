// A record that is worked on, opened beside its list: who it is about, where it stands, until when, what may be done, its facts, and further parts behind tabs.
// The page says what stands in each; this says in which order: who, state, limit, deeds, parts.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure } from '../../fhir/http';
import { lengthOf, momentOf } from '../../fhir/time';
import type { Resource } from '../../fhir/types';
import { RecordLink } from '../../shell/record_link';
import { http } from '../../shell/session';
import { useParam } from '../../shell/router';
import { Icon } from '../icon';
import { Failed, Skeleton } from '../states';
import { askSteps } from '../ways/ways';
import '../words';
import './case.css';
import { dueKind } from './due';
import { Prints } from './prints';

export function useMoment(): (ms: number | null) => string {
  const { t } = useTranslation('shell');
  return (ms) => (ms === null ? '—' : momentOf(ms, Date.now(), { today: t('today'), yesterday: t('yesterday') }));
}

/** Where it stands: what is over, where it is, what may come. */
export function Track({ steps, at }: { steps: readonly { id: string; label: string; sub?: string }[]; at: number }): ReactNode {
  return (
    <ol className="cs-track">
      {steps.map((step, i) => (
        <li key={step.id} data-at={i < at ? 'past' : i === at ? 'now' : undefined} aria-current={i === at ? 'step' : undefined}>
          {step.label}
          <span>{step.sub ?? (i > at ? '—' : '')}</span>
        </li>
      ))}
    </ol>
  );
}

const kDayMs = 86_400_000;

/** A time limit: overdue is a solid ink chip, due soon a clock in amber; neither borrows a shape of severity. */
export function DueChip({ dueMs, nowMs = Date.now() }: { dueMs: number | null; nowMs?: number }): ReactNode {
  const { t } = useTranslation('parts');
  if (dueMs === null) return <span className="tk-sub">{t('due.none')}</span>;
  const kind = dueKind(dueMs, nowMs);
  const far = Math.abs(dueMs - nowMs) >= 2 * kDayMs;
  const time = far ? t('due.days', { count: Math.floor(Math.abs(dueMs - nowMs) / kDayMs) }) : lengthOf(dueMs - nowMs);
  return (
    <span className="cs-due" data-kind={kind}>
      {kind === 'soon' && <Icon name="clock" size={14} />}
      {t(kind === 'late' ? 'due.over' : 'due.left', { time })}
    </span>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="cs-facts">
      {rows
        .filter(([, value]) => value !== '' && value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export interface CasePart {
  id: string;
  label: string;
  count?: number | null;
  wide?: boolean; // opens the record over the whole page
  show: () => ReactNode;
}

interface CaseProps {
  label: string; // heard for the whole
  head: ReactNode; // who it is about
  tag?: ReactNode;
  of?: Resource; // the record: what can be printed of it
  person?: string; // id of whose it is: leads to all that is known of him
  parts: readonly CasePart[];
  onClose: () => void;
  children?: ReactNode; // state, limit, deeds: above the parts
}

export function CasePane({ label, head, tag, of, person, parts, onClose, children }: CaseProps): ReactNode {
  const { t } = useTranslation('parts');
  const [asked, setAsked] = useParam('part', '');
  const [width, setWidth] = useParam('wide', '');
  const part = parts.find((one) => one.id === asked) ?? parts[0];
  const wide = width === '1' || (part?.wide === true && width !== '0');
  return (
    <section className="cs" aria-label={label} data-wide={wide}>
      <header className="cs-head">
        <div className="cs-who">{head}</div>
        {tag}
        <span className="tk-grow" />
        <button type="button" className="tk-btn tk-quiet tk-s cs-wide" aria-pressed={wide} onClick={() => setWidth(wide ? (part?.wide ? '0' : '') : '1', 'replace')}>
          {t(wide ? 'case.narrow' : 'case.wide')}
        </button>
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      {(person || of?.id) && (
        <p className="cs-more">
          {person && <RecordLink to={`Patient/${person}`}>{t('case.record')}</RecordLink>}
          {of?.id && <Prints type={of.resourceType} id={of.id} version={of.meta?.versionId ?? ''} />}
        </p>
      )}
      <div className="cs-top">{children}</div>
      <div className="cs-tabs" role="group" aria-label={t('case.parts')}>
        {parts.map((one) => (
          <button key={one.id} type="button" aria-pressed={one.id === part?.id} onClick={() => setAsked(one.id === parts[0]?.id ? '' : one.id, 'replace')}>
            {one.label}
            {one.count !== undefined && one.count !== null && <span>{one.count}</span>}
          </button>
        ))}
      </div>
      <div className="cs-in" tabIndex={-1}>
        {part?.show()}
      </div>
    </section>
  );
}

interface LogProps {
  type: string;
  id: string;
  version: string;
  state: (code: string) => string; // in words
  step: (code: string) => string; // a transition, in words
}

/** How it came so far, the latest first: who, which step, why; time limits that passed among them. */
export function StepLog({ type, id, version, state, step }: LogProps): ReactNode {
  const { t } = useTranslation('parts');
  const moment = useMoment();
  const asked = useQuery({ queryKey: ['steps', type, id, version], queryFn: ({ signal }) => askSteps(http, type, id, signal) });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={3} />;
  if (asked.data.length === 0) return <p className="tk-sub">{t('case.noSteps')}</p>;
  return (
    <ol className="cs-log">
      {[...asked.data].reverse().map((one, i) => (
        <li key={i}>
          <span className="tk-sub">{moment(one.atMs)}</span>
          <span>
            <b>{one.isLimit ? t('case.limit') : one.transition ? step(one.transition) : state(one.state)}</b>
            {one.reason && <q>{one.reason}</q>}
          </span>
          <span className="tk-sub">{one.isLimit ? '' : one.by || (one.transition ? t('case.platform') : '')}</span>
        </li>
      ))}
    </ol>
  );
}
