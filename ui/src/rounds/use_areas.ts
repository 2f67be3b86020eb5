// Boundaries of the areas in which tasks lie and of the one that the account works in, as far as they were imported and the post may read them.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Division, type Point, type Rings, ringsOf } from '../components/map/shapes';
import { fhir, may, useSession } from '../shell/session';

export interface Area {
  code: string;
  name: string;
  rings: Rings;
  position?: Division['position'];
}

export function useAreas(codes: readonly string[]): Area[] {
  const session = useSession();
  const all = useMemo(() => [...new Set([...codes, session.area].filter((c) => c !== ''))].sort(), [codes, session.area]);
  const asked = useQuery({
    queryKey: ['tasks-areas', all.join(',')],
    enabled: all.length > 0 && may(session, 'read', 'Location'),
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const search: [string, string][] = [['_id', all.map((c) => `area-${c}`).join(',')], ['_elements', 'name,position,extension'], ['_count', String(all.length)]];
      return (await fhir.search<Division>('Location', search, signal)).items;
    },
  });
  return useMemo(() => (asked.data ?? []).map((d) => ({ code: (d.id ?? '').slice('area-'.length), name: d.name ?? '', rings: ringsOf(d), position: d.position })), [asked.data]);
}

/** The middle of an area: where a mark stands for which no nearer place is known. */
export function middleOf(area: Area): Point | null {
  if (area.position) return [area.position.longitude, area.position.latitude];
  const points = area.rings.flat();
  if (points.length === 0) return null;
  const sum = points.reduce<Point>(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
