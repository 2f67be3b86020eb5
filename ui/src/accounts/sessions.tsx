// Where an account is signed in, and what it has let act for it: each can be ended.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { SessionRow } from '../account/session_row';
import { Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { FormProblem } from '../shell/field';
import { askSessionsOf, endSessionOf } from './keep';
import { useKeepProblem } from './problem';

export function SessionsOf({ name, locked }: { name: string; locked: boolean }): ReactNode {
  const { t } = useTranslation('accounts');
  const problemOf = useKeepProblem();
  const queries = useQueryClient();
  const asked = useQuery({ queryKey: ['accounts', 'sessions', name], queryFn: () => askSessionsOf(name), staleTime: 0 });
  const [problem, setProblem] = useState<string>();
  const [ended, setEnded] = useState(false);
  const end = async (id?: string): Promise<void> => {
    setProblem(undefined);
    setEnded(false);
    try {
      await endSessionOf(name, id);
      setEnded(true);
    } catch (failed) {
      setProblem(problemOf(asFailure(failed)));
    }
    await queries.invalidateQueries({ queryKey: ['accounts', 'sessions', name] });
  };
  const list = asked.data;
  return (
    <div className="ac-sec">
      <h3>{t('sessions.title')}</h3>
      <div role="status">{ended && <p className="ac-done">{t('account.sessions.ended', { ns: 'shell' })}</p>}</div>
      <FormProblem text={problem} />
      {asked.isPending && <Skeleton lines={2} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {list?.length === 0 && <p className="tk-sub">{t('sessions.none')}</p>}
      {list && list.length > 0 && (
        <>
          <ul className="ta-list">
            {list.map((each) => (
              <SessionRow key={each.id} session={each} onEnd={locked ? null : () => void end(each.id)} />
            ))}
          </ul>
          {!locked && list.length > 1 && (
            <button type="button" className="tk-btn" onClick={() => void end()}>
              {t('sessions.endAll')}
            </button>
          )}
        </>
      )}
    </div>
  );
}
