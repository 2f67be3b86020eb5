// The name of the area whose people one sees. Asked once; where it cannot be told the code stands there.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { kAreaSystem, type Resource } from '../fhir/types';
import { fhir, may, useSession } from './session';

export function useAreaName(): string {
  const { t } = useTranslation('shell');
  const session = useSession();
  const asked = useQuery({
    queryKey: ['shell', 'area', session.area],
    enabled: session.area !== '' && may(session, 'read', 'Location'),
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      const page = await fhir.search<Resource & { name?: string }>('Location', [['identifier', `${kAreaSystem}|${session.area}`], ['_count', '1']], signal);
      return page.items[0]?.name ?? '';
    },
  });
  return asked.data || session.area || t('wholeCity');
}
