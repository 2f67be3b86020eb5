// How a task came to where it is: who did what, when and why.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { momentOf, parseTime } from '../fhir/time';
import type { Reference } from '../fhir/types';
import { http } from '../shell/session';

interface Part {
  name: string;
  valueCode?: string;
  valueString?: string;
  valueInstant?: string;
  valueReference?: Reference;
  part?: Part[];
}

export function Steps({ id, version }: { id: string; version: string }): ReactNode {
  const { t } = useTranslation('rounds');
  const shell = useTranslation('shell').t;
  const asked = useQuery({
    queryKey: ['rounds', 'steps', id, version],
    queryFn: async ({ signal }) => (await http.send<{ parameter?: Part[] }>('GET', `/fhir/Task/${encodeURIComponent(id)}/$states`, { signal })).body?.parameter ?? [],
  });
  const steps = (asked.data ?? []).map(({ name, part = [] }, i) => {
    const of = (n: string): Part | undefined => part.find((p) => p.name === n);
    return { i, limit: name === 'limit', state: of('state')?.valueCode ?? '', atMs: parseTime(of('at')?.valueInstant), by: of('by')?.valueReference?.display ?? '', reason: of('reason')?.valueString ?? '' };
  });
  if (steps.length < 2) return null;
  return (
    <section className="tm-steps" aria-labelledby="tm-steps">
      <h2 id="tm-steps">{t('steps')}</h2>
      <ol>
        {steps.map((step) => (
          <li key={step.i}>
            <time>{step.atMs === null ? '' : momentOf(step.atMs, Date.now(), { today: shell('today'), yesterday: shell('yesterday') })}</time>
            <span>
              <b>{step.limit ? t('passed') : t(`state.${step.state}`, { defaultValue: step.state })}</b> {step.by}
              {step.reason !== '' && <span>{step.reason}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
