// All tasks that a post sees, of whichever business, as a board: columns by state, what is late first; one opened beside it with its ways (take, hand over, close); several taken
// at once. The URL holds whose, and the task. What changes is announced and loaded when it is asked for.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CasePane, DueChip, Facts, StepLog, useMoment } from '../components/case/case';
import { dueKind } from '../components/case/due';
import { NotForPost, OneRecord } from '../components/case/one';
import { BulkBar } from '../components/list/bulk';
import { Changed } from '../components/list/list';
import type { BulkDeed } from '../components/list/model';
import { Failed, Skeleton } from '../components/states';
import { WaysPanel } from '../components/ways/panel';
import { asFailure } from '../fhir/http';
import { areaOf, maskName } from '../fhir/person';
import { clockOf, dayOf, parseTime } from '../fhir/time';
import type { Patient, Task } from '../fhir/types';
import { peopleOf } from '../person/people';
import { PersonCard } from '../person/person_card';
import { PersonCell, usePersonText } from '../person/person_cell';
import { RecordLink } from '../shell/record_link';
import { useParam } from '../shell/router';
import { fhir, may, useSession } from '../shell/session';
import { askedFor, type ColumnId, dueOfTask, inOrder, isMine, kColumns, kindOf, lateAmong, personOf } from './model';
import './tasks.css';
import './words';

const kKey = ['task-board'] as const;
const kLive = ['Task'] as const;
const kColumnMax = 100;

interface Board {
  columns: Record<ColumnId, { tasks: Task[]; total: number }>;
  people: Map<string, Patient>;
}

async function askBoard(signal: AbortSignal): Promise<Board> {
  const dayStart = new Date(dayOf(Date.now()) + 'T00:00:00').toISOString();
  const pages = await Promise.all(kColumns.map((column) => fhir.search<Task>('Task', [...askedFor(column, dayStart), ['_count', String(kColumnMax)], ['_total', 'accurate']], signal)));
  const people = await peopleOf(fhir, pages.flatMap((page) => page.items.map(personOf)), signal);
  const columns = Object.fromEntries(kColumns.map((column, i) => [column, { tasks: pages[i]?.items ?? [], total: pages[i]?.total ?? 0 }])) as Board['columns'];
  return { columns, people };
}

export default function TaskBoard(): ReactNode {
  return may(useSession(), 'read', 'Task') ? <Tasks /> : <NotForPost />;
}

function Tasks(): ReactNode {
  const { t } = useTranslation('tasks');
  const session = useSession();
  const queries = useQueryClient();
  const who = usePersonText();
  const [id, setId] = useParam('task', '');
  const [whose, setWhose] = useParam('whose', 'all');
  const [marked, setMarked] = useState<ReadonlyMap<string, Task>>(new Map());
  const asked = useQuery({ queryKey: kKey, queryFn: ({ signal }) => askBoard(signal), placeholderData: keepPreviousData, staleTime: 0 });
  const again = (): void => void queries.invalidateQueries({ queryKey: kKey });
  const board = asked.data;
  const mark = (task: Task): void => {
    const next = new Map(marked);
    if (!next.delete(task.id ?? '')) next.set(task.id ?? '', task);
    setMarked(next);
  };
  const take: BulkDeed<Task> = { id: 'accept', label: t('takeAll'), hinders: (task) => (['requested', 'received', 'ready'].includes(task.status) ? '' : t('isTaken')), run: async (task) => void (await fhir.transition(task, 'accept')) };
  return (
    <main id="main" className="cs-page tb" data-open={id !== ''} tabIndex={-1}>
      <section className="ls tb-board" aria-label={t('title')}>
        <div className="ls-head">
          <h1>{t('title')}</h1>
          <div className="tb-whose" role="group" aria-label={t('whose')}>
            {(['all', 'mine'] as const).map((one) => (
              <button key={one} type="button" className="tk-btn tk-quiet tk-s" aria-pressed={whose === one} onClick={() => setWhose(one)}>
                {t(`whoseIs.${one}`)}
              </button>
            ))}
          </div>
        </div>
        <div className="ls-tools">
          {asked.dataUpdatedAt > 0 && <span className="ls-asof" role="status">{t('list.asOf', { ns: 'parts', time: clockOf(asked.dataUpdatedAt, true) })}</span>}
          <Changed asOf={asked.dataUpdatedAt} types={kLive} onLoad={again} />
        </div>
        {asked.isPending && <Skeleton lines={8} />}
        {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
        {board && (
          <div className="tb-columns" tabIndex={-1}>
            {kColumns.map((column) => {
              const all = board.columns[column];
              const tasks = inOrder(whose === 'mine' ? all.tasks.filter((task) => isMine(task, session)) : all.tasks);
              return <Column key={column} id={column} tasks={tasks} total={whose === 'mine' ? null : all.total} people={board.people} current={id} marked={marked} onMark={mark} onOpen={(next) => setId(next, id ? 'replace' : 'push')} />;
            })}
          </div>
        )}
        <BulkBar deeds={[take]} rows={[...marked.values()]} label={(task) => `${kindOf(task)} ${who(board?.people.get(personOf(task) ?? '') ?? null)}`} onClear={() => setMarked(new Map())} onDone={again} />
      </section>
      {id !== '' && <OneRecord<Task> key={id} type="Task" id={id} label={t('one')} about={(task) => task.for} list={kKey} onClose={() => setId('')} show={(task, patient, reread) => <One task={task} patient={patient} again={reread} onClose={() => setId('')} />} />}
    </main>
  );
}

interface ColumnProps {
  id: ColumnId;
  tasks: Task[];
  total: number | null; // of all there are, where not only mine are shown
  people: Map<string, Patient>;
  current: string;
  marked: ReadonlyMap<string, Task>;
  onMark: (task: Task) => void;
  onOpen: (id: string) => void;
}

function Column(p: ColumnProps): ReactNode {
  const { t } = useTranslation('tasks');
  const late = p.id === 'done' ? 0 : lateAmong(p.tasks, Date.now());
  return (
    <section className="tb-column" aria-labelledby={`tb-${p.id}`}>
      <h2 id={`tb-${p.id}`}>
        {t(`column.${p.id}`)} <b>{p.total ?? p.tasks.length}</b>
        {late > 0 && <span className="cs-due" data-kind="late">{t('late', { count: late })}</span>}
      </h2>
      {p.tasks.length === 0 && <p className="tk-sub">{t(`none.${p.id}`)}</p>}
      <ol>
        {p.tasks.map((task) => (
          <Card key={task.id} {...p} task={task} />
        ))}
      </ol>
      {p.total !== null && p.total > p.tasks.length && <p className="tk-sub">{t('more', { shown: p.tasks.length, total: p.total })}</p>}
    </section>
  );
}

function Card({ id, task, people, current, marked, onMark, onOpen }: ColumnProps & { task: Task }): ReactNode {
  const { t } = useTranslation('tasks');
  const session = useSession();
  const text = usePersonText();
  const moment = useMoment();
  const patient = people.get(personOf(task) ?? '') ?? null;
  const due = dueOfTask(task);
  const key = task.id ?? '';
  return (
    <li className="tb-card" data-kind={id === 'done' ? 'none' : dueKind(due, Date.now())} data-current={key === current}>
      {id === 'waiting' && <input type="checkbox" className="ls-mark" checked={marked.has(key)} aria-label={t('list.mark', { ns: 'parts', what: `${kindOf(task)} ${text(patient)}` })} onChange={() => onMark(task)} />}
      <button type="button" className="ls-open" data-id={key} aria-current={key === current ? 'true' : undefined} onClick={() => onOpen(key)}>
        <b className="tk-cut">{kindOf(task)}</b>
      </button>
      <p className="tb-who">{personOf(task) && <PersonCell patient={patient} />}</p>
      <p className="tb-due">
        {id === 'done' ? <span className="tk-sub">{moment(parseTime(task.meta?.lastUpdated))}</span> : <DueChip dueMs={due} />}
        <span className="tk-sub tk-cut">{task.owner ? (isMine(task, session) ? t('me') : maskName(task.owner.display ?? '')) : t('nobody')}</span>
      </p>
    </li>
  );
}

function One({ task, patient, again, onClose }: { task: Task; patient: Patient | null; again: () => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('tasks');
  const session = useSession();
  const moment = useMoment();
  const due = dueOfTask(task);
  const state = (code: string): string => t(`state.${code}`, { defaultValue: code });
  const focus = task.focus?.reference;
  return (
    <CasePane
      label={t('one')} of={task} person={patient?.id} onClose={onClose} head={patient ? <PersonCard patient={patient} heading="h2" /> : <h2>{kindOf(task)}</h2>} tag={<span className="cs-tag">{kindOf(task)}</span>}
      parts={[
        { id: 'log', label: t('log'), show: () => <StepLog type="Task" id={task.id ?? ''} version={task.meta?.versionId ?? ''} state={state} step={(code) => t(`step.${code}`, { defaultValue: code })} /> },
        { id: 'facts', label: t('facts'), show: () => <Facts rows={[[t('why'), task.reasonCode?.text ?? ''], [t('said'), task.description ?? ''], [t('result'), task.statusReason?.text ?? ''], [t('about'), focus ? <RecordLink to={focus}>{focus.split('/')[0]}</RecordLink> : ''], [t('id'), task.id ?? '']]} /> },
      ]}
    >
      <p className="cs-dueline" data-kind={['completed', 'failed', 'cancelled'].includes(task.status) ? 'none' : dueKind(due, Date.now())}>
        <b>{state(task.status)}</b>
        {!['completed', 'failed', 'cancelled'].includes(task.status) && <DueChip dueMs={due} />}
        <span className="tk-grow" />
        <span>{task.owner ? (isMine(task, session) ? t('me') : maskName(task.owner.display ?? '')) : t('nobody')}</span>
      </p>
      <Facts rows={[[t('raised'), moment(parseTime(task.authoredOn))], [t('area'), (patient && areaOf(patient)?.name) ?? '']]} />
      <WaysPanel record={task} codeWords={(_input, code) => t(`code.${code}`, { defaultValue: code })} onMoved={again} onConflict={again} />
    </CasePane>
  );
}

