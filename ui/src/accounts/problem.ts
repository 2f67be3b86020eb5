// What went wrong when an account was kept, in the page's words: a refusal here is about whom one may change, a conflict about names and duties.
import { useTranslation } from 'react-i18next';
import { useFailureText } from '../components/states';
import type { Failure } from '../fhir/http';

export function useKeepProblem(): (failure: Failure) => string {
  const { t } = useTranslation('accounts');
  const text = useFailureText();
  return (failure) => {
    if (failure.kind === 'forbidden') return t('problem.forbidden', { text: failure.text });
    if (failure.kind === 'conflict') return t('problem.conflict', { text: failure.text });
    return text(failure);
  };
}
