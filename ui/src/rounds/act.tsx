// What may be done with a task now: a button for each way of its workflow, a form where the way asks for something, why not for the rest.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { QuestionnaireForm } from '../components/form/form';
import type { QuestionnaireResponse } from '../components/form/model';
import { Icon } from '../components/icon';
import { Failed, Skeleton, useFailureText } from '../components/states';
import { asFailure, Failure } from '../fhir/http';
import { newKey } from '../fhir/key';
import { clockOf } from '../fhir/time';
import { useOutbox } from '../outbox/use_outbox';
import { useParam } from '../shell/router';
import { http, useSession } from '../shell/session';
import type { Row } from './model';
import { useWho } from './page';
import { askWays, asksFor, canFill, formOf, openWays, parametersOf, type Said, type Way } from './ways';

function useSaid(): (s: Said) => string {
  const { i18n } = useTranslation('rounds');
  return (s) => (i18n.language === 'en' ? s.en : s.zh);
}

export function Act({ row, onChanged }: { row: Row; onChanged: () => void }): ReactNode {
  const { t } = useTranslation('rounds');
  const said = useSaid();
  const session = useSession();
  const who = useWho();
  const queries = useQueryClient();
  const { outbox, view } = useOutbox(session.account);
  const [code, setCode] = useParam('way', '');
  const about = `Task/${row.id}`;
  const waiting = view.entries.find((e) => e.about === about && e.told?.path.endsWith('/$transition'));
  const version = row.task.meta?.versionId ?? '';
  const asked = useQuery({ queryKey: ['rounds', 'ways', row.id, version], enabled: waiting === undefined, queryFn: ({ signal }) => askWays(http, 'Task', row.id, signal) });

  // What has left the outbox has changed the task.
  const had = useRef(false);
  useEffect(() => {
    if (had.current && waiting === undefined) {
      void queries.invalidateQueries({ queryKey: ['rounds'] });
      onChanged();
    }
    had.current = waiting !== undefined;
  }, [waiting, queries, onChanged]);

  const send = async (way: Way, response: QuestionnaireResponse | null): Promise<void> => {
    if (!outbox) throw new Failure('broken', 0, '', '');
    await outbox.add({
      key: newKey(),
      createdMs: Date.now(),
      label: `${said(way.title)}　${row.title} ${who(row)}`,
      about,
      told: { path: `/fhir/Task/${encodeURIComponent(row.id)}/$transition`, body: parametersOf(way, response), ...(version === '' ? {} : { seen: version }) },
    });
    setCode('', 'replace');
  };

  if (waiting) return <Waiting problem={waiting.problem === null ? null : new Failure(waiting.problemKind ?? 'refused', 0, waiting.problem, '')} label={waiting.label} offline={view.failure !== null} onDrop={() => void outbox?.discard(waiting.key)} />;
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={3} />;
  const open = openWays(asked.data);
  const chosen = open.find((w) => w.code === code);
  if (chosen) return <Fill row={row} way={chosen} onSend={(response) => send(chosen, response)} onBack={() => setCode('', 'replace')} />;
  const undo = asked.data.undoMs;
  return (
    <section className="tm-act" aria-labelledby="tm-act">
      <h2 id="tm-act">
        {t('act')}
        {asked.data.state.zh !== '' && <small>{said(asked.data.state)}</small>}
      </h2>
      {open.length === 0 && <p className="tk-sub">{row.open ? t('noWays') : t('closed')}</p>}
      {open.map((way, i) => (
        <button key={way.code} type="button" className={i === 0 ? 'tk-btn tk-pri tk-big' : 'tk-btn tk-big'} onClick={() => (asksFor(way) ? setCode(way.code) : void send(way, null))}>
          {said(way.title)}
        </button>
      ))}
      {undo !== null && undo > Date.now() && (
        <button type="button" className="tk-btn tk-big" onClick={() => void send({ code: 'undo', title: { zh: t('undo'), en: t('undo') }, to: '', may: true, why: '', reason: false, inputs: [] }, null)}>
          {t('undoUntil', { time: clockOf(undo) })}
        </button>
      )}
      <NotNow ways={asked.data.ways.filter((w) => !w.may || !canFill(w))} />
    </section>
  );
}

const isHan = /\p{Script=Han}/u;

/** Forbidden actions stay visible with what is missing: a guard in its own words; that the state or the post does not fit the server says in English. */
function NotNow({ ways }: { ways: Way[] }): ReactNode {
  const { t, i18n } = useTranslation('rounds');
  const said = useSaid();
  if (ways.length === 0) return null;
  return (
    <details className="tm-not">
      <summary>{t('notNow', { count: ways.length })}</summary>
      <ul>
        {ways.map((way) => (
          <li key={way.code}>
            <b>{said(way.title)}</b>
            <span>{way.may ? t('atDesk') : i18n.language === 'en' || isHan.test(way.why) ? way.why : t('notFromHere')}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Kept here and sent by itself; or refused, with the server's words, until somebody has seen it. */
function Waiting(props: { problem: Failure | null; label: string; offline: boolean; onDrop: () => void }): ReactNode {
  const { t } = useTranslation('rounds');
  const failureText = useFailureText();
  return (
    <section className="tm-act" role="status">
      <p className="tm-sent" data-bad={props.problem !== null || undefined}>
        <Icon name={props.problem ? 'info' : props.offline ? 'offline' : 'outbox'} />
        <span>
          <b>{props.label}</b>
          {props.problem ? failureText(props.problem) : t(props.offline ? 'kept' : 'sending')}
        </span>
      </p>
      {props.problem && (
        <button type="button" className="tk-btn tk-big" onClick={props.onDrop}>
          {t('drop')}
        </button>
      )}
    </section>
  );
}

function Fill({ row, way, onSend, onBack }: { row: Row; way: Way; onSend: (r: QuestionnaireResponse) => Promise<void>; onBack: () => void }): ReactNode {
  const { t, i18n } = useTranslation('rounds');
  const said = useSaid();
  const session = useSession();
  const form = formOf(way, i18n.language, (code) => t(`code.${code}`, { defaultValue: code }), { reason: t(way.reason ? 'reason' : 'note') });
  return (
    <section className="tm-act" aria-labelledby="tm-fill">
      <h2 id="tm-fill">{said(way.title)}</h2>
      <QuestionnaireForm questionnaire={form} draft={`${session.account}.way.${way.code}.${row.id}`} send={said(way.title)} onSend={onSend} />
      <button type="button" className="tk-btn tk-big" onClick={onBack}>
        {t('cancel')}
      </button>
    </section>
  );
}
