// The interview of a case: its form as the pack has it. Sent, it opens the case (or corrects the one that is open); contacts are named in the case itself, where kinds are chosen.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CasePane } from '@tk/components/case/case';
import { QuestionnaireForm } from '@tk/components/form/form';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure, Failure } from '@tk/fhir/http';
import { newKey } from '@tk/fhir/key';
import type { Patient } from '@tk/fhir/types';
import { PersonCard } from '@tk/person/person_card';
import { fhir, useSession } from '@tk/shell/session';
import { sendInterview, useInterview } from '../ask';
import type { TracingCase } from '../model';

interface InterviewProps {
  patient: string; // his record's id
  onDone: (tracing: string) => void;
  onClose: () => void;
}

export function Interview({ patient, onDone, onClose }: InterviewProps): ReactNode {
  const { t } = useTranslation('contacts');
  const session = useSession();
  const key = useRef(newKey());
  const { form, error, again } = useInterview();
  const asked = useQuery({ queryKey: ['contacts', 'person', patient], queryFn: ({ signal }) => fhir.read<Patient>('Patient', patient, signal) });
  const shown = useMemo(() => form && { ...form, item: form.item?.filter((item) => item.linkId !== 'contact') }, [form]);
  const failed = error ?? asked.error;
  const send = async (response: Parameters<typeof sendInterview>[1]): Promise<void> => {
    await sendInterview(patient, response, key.current);
    const found = await fhir.search<TracingCase>('TracingCase', [['patient', `Patient/${patient}`], ['status', 'open'], ['_sort', '-opened'], ['_count', '1']]);
    const made = found.items[0]?.id;
    if (made === undefined) throw new Failure('missing', 404, '', '');
    onDone(made);
  };
  return (
    <CasePane
      label={t('interview')} onClose={onClose} head={asked.data ? <PersonCard patient={asked.data} heading="h2" /> : <h2>{t('interview')}</h2>}
      parts={[{
        id: 'form', label: t('interview'), wide: true,
        show: () => (
          <>
            {failed ? <Failed failure={asFailure(failed)} onRetry={() => { again(); void asked.refetch(); }} /> : !shown ? <Skeleton lines={6} /> : null}
            {shown && <p className="tk-sub">{t('interviewHint')}</p>}
            {shown && <QuestionnaireForm questionnaire={shown} draft={`${session.account}.interview.${patient}`} send={t('openCase')} onSend={send} />}
          </>
        ),
      }]}
    />
  );
}
