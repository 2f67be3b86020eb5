// Who was with whom: exposures as a table, with who it is, how he is observed, and withdrawing one that was wrong.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AskWay } from '@tk/components/ways/ask';
import { useRefusal } from '@tk/components/ways/panel';
import { Failed, Skeleton } from '@tk/components/states';
import { idOf, type SearchParams } from '@tk/fhir/client';
import { asFailure, type Failure } from '@tk/fhir/http';
import { peopleOf } from '@tk/person/people';
import { PersonCell } from '@tk/person/person_cell';
import { RecordLink } from '@tk/shell/record_link';
import { fhir, useSession } from '@tk/shell/session';
import type { ContactWatch, Exposure } from './model';

const kShown = 200;

interface ExposuresProps {
  by: SearchParams;
  side: 'contact' | 'source'; // whom of the two a row is about
  name: string; // in the cache
}

export function Exposures({ by, side, name }: ExposuresProps): ReactNode {
  const { t } = useTranslation('contacts');
  const queries = useQueryClient();
  const key = ['contacts', 'exposures', name, side];
  const asked = useQuery({
    queryKey: key, staleTime: 0,
    queryFn: async ({ signal }) => {
      const page = await fhir.search<Exposure>('Exposure', [...by, ['_sort', '-last'], ['_count', String(kShown)], ['_total', 'accurate']], signal);
      const of = (e: Exposure): string | null => idOf('Patient', (side === 'contact' ? e.subject : e.source)?.reference);
      const people = await peopleOf(fhir, page.items.map(of), signal);
      const ids = page.items.flatMap((e) => (e.id ? [`Exposure/${e.id}`] : []));
      const watches = side === 'source' || ids.length === 0 ? [] : (await fhir.search<ContactWatch>('ContactWatch', [['exposure', ids.join(',')], ['_count', String(kShown)]], signal)).items;
      const watchOf = (e: Exposure): ContactWatch | undefined => watches.find((w) => w.exposure?.some((r) => r.reference === `Exposure/${e.id}`));
      return { total: page.total ?? page.items.length, rows: page.items.map((e) => ({ exposure: e, patient: people.get(of(e) ?? '') ?? null, watch: watchOf(e) })) };
    },
  });
  const again = (): void => void queries.invalidateQueries({ queryKey: key });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={4} />;
  if (asked.data.rows.length === 0) return <p className="tk-sub">{t('noExposures')}</p>;
  return (
    <>
      <p className="tk-sub">{asked.data.total > asked.data.rows.length ? t('someExposures', { shown: asked.data.rows.length, total: asked.data.total }) : t('allExposures', { total: asked.data.total })}</p>
      <table className="cs-rows ct-exposures">
        <caption className="tk-vh">{t('part.contacts')}</caption>
        <thead>
          <tr>
            <th>{t(side === 'contact' ? 'col.contact' : 'col.exposedTo')}</th>
            <th>{t('col.how')}</th>
            <th>{t('col.now')}</th>
          </tr>
        </thead>
        <tbody>
          {asked.data.rows.map((row) => (
            <tr key={row.exposure.id} data-over={row.exposure.status === 'withdrawn'}>
              <th scope="row">
                <span className="ct-who">{row.exposure.event ? t('anEvent', { what: row.exposure.event }) : <PersonCell patient={row.patient} />}</span>
              </th>
              <td>
                {t(`kind.${row.exposure.kind}`)}　{[row.exposure.first, row.exposure.last].filter(Boolean).join(t('to'))}
                <span className="tk-sub ct-sub">{[row.exposure.setting && t(`setting.${row.exposure.setting}`), row.exposure.place, row.exposure.relation].filter(Boolean).join('　')}</span>
              </td>
              <td>
                {row.watch && <RecordLink to={`ContactWatch/${row.watch.id}`}>{t(`watchState.${row.watch.status}`)}</RecordLink>}
                {!row.watch && (row.exposure.status === 'withdrawn' ? t('withdrawn') : '')}
                {row.exposure.status === 'active' && <Withdraw exposure={row.exposure} onDone={again} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** An exposure that was wrong: with the reason, and what it takes with it is told by the program's rules. */
function Withdraw({ exposure, onDone }: { exposure: Exposure; onDone: () => void }): ReactNode {
  const { t } = useTranslation('contacts');
  const session = useSession();
  const refusal = useRefusal();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  if (session.post !== 'contact-investigator') return null;
  const title = { zh: t('withdraw'), en: t('withdraw') };
  const go = async (reason: string): Promise<void> => {
    setBusy(true);
    try {
      await fhir.transition(exposure, 'withdraw', reason);
      setAsking(false);
      onDone();
    } catch (e) {
      setFailure(asFailure(e));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => setAsking(true)}>
        {t('withdraw')}
      </button>
      {asking && (
        <AskWay
          way={{ code: 'withdraw', title, to: 'withdrawn', may: true, why: '', unmet: [], posts: [], reason: true, inputs: [] }} busy={busy} problem={failure ? refusal(failure) : ''}
          onGo={(reason) => void go(reason)} onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
