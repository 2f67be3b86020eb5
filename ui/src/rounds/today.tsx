// The tasks of today on the home page of a phone: how many, how many late, the first three.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import { Skeleton } from '../components/states';
import { go, Link } from '../shell/router';
import { TaskMark } from './map';
import { groupsOf, inFilter, urgencyOf } from './model';
import { Due, useNow, useWho } from './page';
import { useTasks } from './use_tasks';
import './rounds.css';
import './words';

const kShown = 3;

export default function TasksToday(): ReactNode {
  const { t } = useTranslation('rounds');
  const view = useTasks();
  const who = useWho();
  const nowMs = useNow();
  const open = view.rows.filter((row) => inFilter(row, 'open', nowMs));
  const late = view.rows.filter((row) => inFilter(row, 'late', nowMs)).length;
  const first = groupsOf(open, nowMs, null).flatMap((g) => g.rows).slice(0, kShown);
  if (!view.loaded && view.failure) return null; // the page of the tasks says what is wrong
  return (
    <section className="tm-today" aria-labelledby="tm-today">
      <header>
        <h2 id="tm-today">{!view.loaded ? t('title') : open.length === 0 ? t('headNone') : late === 0 ? t('head', { count: open.length }) : t('headLate', { count: open.length, late })}</h2>
        {open.length > 0 && (
          <Link to="/m/tasks" className="tm-all">
            {t('seeAll')}
          </Link>
        )}
      </header>
      {!view.loaded && <Skeleton lines={2} />}
      <ol>
        {first.map(({ row, n }) => (
          <li key={row.id} className="tm-row">
            <a
              href={`/m/tasks?task=${row.id}`}
              onClick={(e) => {
                e.preventDefault();
                go(`/m/tasks?task=${row.id}`);
              }}
            >
              <svg viewBox="-17 -17 34 34" aria-hidden="true">
                <TaskMark n={n} late={urgencyOf(row, nowMs) === 'late'} />
              </svg>
              <span className="tk-grow">
                <b>
                  {row.title || t('title')} <span>{who(row)}</span>
                </b>
                <Due row={row} nowMs={nowMs} />
                <span className="tm-where">{row.address || row.area?.name}</span>
              </span>
              <Icon name="hand" size={20} />
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}
