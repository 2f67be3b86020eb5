// One record of a list, read when it is opened, with the person it is about: coming, failed, and there; and the page that a post may not see.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { idOf } from '../../fhir/client';
import { asFailure } from '../../fhir/http';
import type { Patient, Reference, Resource } from '../../fhir/types';
import { peopleOf } from '../../person/people';
import { fhir, postOf, useSession } from '../../shell/session';
import { Icon } from '../icon';
import { Empty, Failed, Skeleton } from '../states';
import '../words';
import './case.css';

interface OneProps<R extends Resource> {
  type: R['resourceType'];
  id: string;
  label: string;
  about: (record: R) => Reference | undefined;
  list: readonly unknown[]; // key of the list beside it: asked anew when this one changes
  onClose: () => void;
  show: (record: R, patient: Patient | null, again: () => void) => ReactNode;
}

export function OneRecord<R extends Resource>({ type, id, label, about, list, onClose, show }: OneProps<R>): ReactNode {
  const { t } = useTranslation('shell');
  const queries = useQueryClient();
  const key = ['case', type, id];
  const asked = useQuery({
    queryKey: key, staleTime: 0,
    queryFn: async ({ signal }) => {
      const record = await fhir.read<R>(type, id, signal);
      const who = idOf('Patient', about(record)?.reference);
      return { record, patient: (await peopleOf(fhir, [who], signal)).get(who ?? '') ?? null };
    },
  });
  const again = (): void => {
    void queries.invalidateQueries({ queryKey: key });
    void queries.invalidateQueries({ queryKey: list });
  };
  if (asked.data) return show(asked.data.record, asked.data.patient, again);
  return (
    <section className="cs" aria-label={label}>
      <button type="button" className="tk-ib cs-close" aria-label={t('close')} onClick={onClose}>
        <Icon name="close" size={18} />
      </button>
      {asked.error ? <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} /> : <Skeleton lines={8} />}
    </section>
  );
}

/** In place of a page that is not for this post. */
export function NotForPost(): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const session = useSession();
  return (
    <main id="main" className="cs-page" tabIndex={-1}>
      <Empty icon="lock" title={t('case.mayNot')}>
        <p className="tk-sub">{t('case.mayNotHint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}
