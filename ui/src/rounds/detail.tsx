// One task on a phone: who, where, why, what to do. What can be done is what the workflow says; the form is made of what the way asks for. What is done waits in
// the outbox until the server has it, so it works without network as well.
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { maskNameAtGate, nameOf } from '../fhir/person';
import { momentOf, parseTime } from '../fhir/time';
import type { Point } from '../components/map/shapes';
import { metresBetween } from '../components/map/shapes';
import { useSession } from '../shell/session';
import { Act } from './act';
import { type Row, rowOf, urgencyOf } from './model';
import { Due, useDistance, useNow, useWho } from './page';
import { Steps } from './steps';
import { askTask } from './use_tasks';

interface DetailProps {
  id: string;
  known: Row | undefined;
  here: Point | null;
  onBack: () => void;
  onChanged: () => void;
}

export function TaskDetail(props: DetailProps): ReactNode {
  const { t } = useTranslation('rounds');
  const session = useSession();
  const asked = useQuery({ queryKey: ['rounds', 'one', props.id], enabled: props.known === undefined, queryFn: ({ signal }) => askTask(props.id, signal) });
  const row = props.known ?? (asked.data ? rowOf(asked.data, session.account) : undefined);
  return (
    <main id="main" className="tm tm-one" tabIndex={-1}>
      <header className="tm-bar">
        <button type="button" className="tk-ib" aria-label={t('back')} onClick={props.onBack}>
          <Icon name="back" />
        </button>
        <h1 className="tk-grow tk-cut">{row?.title || t('title')}</h1>
      </header>
      {!row && asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {!row && !asked.error && <Skeleton lines={6} />}
      {row && <Told row={row} here={props.here} />}
      {row && <Act row={row} onChanged={props.onChanged} />}
      {row && <Steps id={row.id} version={row.task.meta?.versionId ?? ''} />}
    </main>
  );
}

/** Who, where, why: what is needed at the door. The whole name is shown by a press: somebody else may be looking on. */
function Told({ row, here }: { row: Row; here: Point | null }): ReactNode {
  const { t } = useTranslation('rounds');
  const shell = useTranslation('shell').t;
  const who = useWho();
  const distance = useDistance();
  const nowMs = useNow();
  const [whole, setWhole] = useState(false);
  const name = row.person ? nameOf(row.person) : '';
  const raised = parseTime(row.task.authoredOn);
  const metres = here && row.at ? metresBetween(here, row.at) : null;
  return (
    <>
      <p className="tm-limit" data-how={urgencyOf(row, nowMs)}>
        <Icon name={row.open ? 'clock' : 'check'} size={20} />
        <Due row={row} nowMs={nowMs} />
      </p>
      <section className="tm-told" aria-label={t('who')}>
        <h2>
          {whole ? name : who(row)}
          {row.person && <small>{t(`sex.${row.person.gender ?? 'unknown'}`)}</small>}
        </h2>
        {row.person && name !== maskNameAtGate(name) && (
          <button type="button" className="tk-btn" aria-pressed={whole} onClick={() => setWhole(!whole)}>
            {t(whole ? 'maskName' : 'showName')}
          </button>
        )}
      </section>
      <dl className="tm-facts">
        <dt>{t('where')}</dt>
        <dd>
          {row.address || row.area?.name || t('noPlace')}
          {metres !== null && <span>{distance(metres)}</span>}
          {row.address !== '' && row.area && <span>{row.area.name}</span>}
        </dd>
        {row.phone !== '' && (
          <>
            <dt>{t('phone')}</dt>
            <dd>
              <a href={`tel:${row.phone}`} className="tm-tel">
                <Icon name="call" size={20} />
                {row.phone}
              </a>
            </dd>
          </>
        )}
        <dt>{t('why')}</dt>
        <dd>
          {row.task.reasonCode?.text ?? row.task.description ?? t('noReason')}
          {raised !== null && <span>{t('raised', { time: momentOf(raised, nowMs, { today: shell('today'), yesterday: shell('yesterday') }) })}</span>}
        </dd>
        {(row.task.owner?.display || row.mine) && (
          <>
            <dt>{t('owner')}</dt>
            <dd>{row.mine ? t('me') : row.task.owner?.display}</dd>
          </>
        )}
      </dl>
    </>
  );
}
