// Where one is signed in, and what one has let act for oneself: each can be ended.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed, Skeleton } from '../components/states';
import { asFailure } from '../fhir/http';
import { FormProblem, useProblemText } from '../shell/field';
import { askSessions, endSession } from './own';
import { SessionRow } from './session_row';

export function Sessions(): ReactNode {
  const { t } = useTranslation('shell');
  const problemText = useProblemText();
  const queries = useQueryClient();
  const asked = useQuery({ queryKey: ['own', 'sessions'], queryFn: askSessions });
  const [problem, setProblem] = useState<string>();
  const [ended, setEnded] = useState(false);
  const end = async (id?: string): Promise<void> => {
    setProblem(undefined);
    setEnded(false);
    try {
      await endSession(id);
      setEnded(true);
    } catch (e) {
      setProblem(problemText(asFailure(e)));
    }
    await queries.invalidateQueries({ queryKey: ['own', 'sessions'] });
  };
  const list = asked.data;
  return (
    <section aria-labelledby="ta-sessions">
      <h2 id="ta-sessions">{t('account.sessions.title')}</h2>
      <div role="status">{ended && <p className="ta-done">{t('account.sessions.ended')}</p>}</div>
      <FormProblem text={problem} />
      {asked.isPending && <Skeleton lines={3} />}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {list && (
        <>
          <p className="tk-sub">{list.length > 1 ? t('account.sessions.hint') : t('account.sessions.only')}</p>
          <ul className="ta-list">
            {list.map((each) => (
              <SessionRow key={each.id} session={each} onEnd={each.this ? null : () => void end(each.id)} />
            ))}
          </ul>
          {list.length > 1 && (
            <button type="button" className="tk-btn" onClick={() => void end()}>
              {t('account.sessions.endOthers')}
            </button>
          )}
        </>
      )}
    </section>
  );
}
