// The name of the area whose people one sees. Asked once; where it cannot be told the code stands there.
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { http, may, useSession } from './session';

interface Part {
  name: string;
  valueString?: string;
  part?: Part[];
}

const kNamesShown = 2;

/** The last names of the path in a $tree's answer: "清江区 柳溪街道" of 安和市/清江区/柳溪街道. */
export function namesIn(tree: { parameter?: Part[] } | null): string {
  const area = tree?.parameter?.find((p) => p.name === 'area')?.part ?? [];
  const path = area.find((p) => p.name === 'path')?.valueString ?? '';
  return path.split('/').filter(Boolean).slice(-kNamesShown).join(' ');
}

export function useAreaName(): string {
  const { t } = useTranslation('shell');
  const session = useSession();
  const asked = useQuery({
    queryKey: ['shell', 'area', session.area],
    enabled: session.area !== '' && may(session, 'read', 'Location'),
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => namesIn((await http.send<{ parameter?: Part[] }>('GET', `/fhir/Location/$tree?code=${session.area}&depth=0`, { signal })).body),
  });
  return asked.data || session.area || t('wholeCity');
}
