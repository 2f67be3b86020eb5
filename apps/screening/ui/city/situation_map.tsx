// The city's areas as the server knows them, a dot for each fever of the day, the county that is looked at bright with its list.
// A dot stands somewhere in its county: it tells no address.
import { useQuery } from '@tanstack/react-query';
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { fhir, may, useSession } from '@tk/shell/session';
import { type Division, dotsIn, flatten, ringsOf } from '@tk/components/map/shapes';
import type { County } from './situation_model';

const kWidth = 640;
const kEdge = 6;
const kDotsMax = 2000; // beyond it the numbers alone stand there
const kChannelsShown = ['screener', 'self', 'organization'] as const;

interface MapProps {
  counties: County[];
  area: string;
  onArea: (code: string) => void;
  onOpen: (code: string) => void;
}

function useDivisions(codes: string[]): { divisions: Division[] | undefined; error: Error | null; retry: () => void } {
  const key = codes.join(',');
  const asked = useQuery({
    queryKey: ['situation', 'areas', key],
    enabled: key !== '',
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const search: [string, string][] = [['_id', codes.map((c) => `area-${c}`).join(',')], ['_elements', 'name,position,extension'], ['_count', '300']];
      return (await fhir.search<Division>('Location', search, signal)).items;
    },
  });
  return { divisions: asked.data, error: asked.error, retry: () => void asked.refetch() };
}

export function AreaMap(props: MapProps): ReactNode {
  const { t } = useTranslation('situation');
  const session = useSession();
  return (
    <section className="st-panel st-map" aria-labelledby="st-map">
      <h2 id="st-map">
        {t('map.title')} <small>{t('map.unit')}</small>
      </h2>
      {may(session, 'read', 'Location') ? <Shapes {...props} /> : <p className="tk-sub">{t('map.mayNot')}</p>}
    </section>
  );
}

function Shapes({ counties, area, onArea, onOpen }: MapProps): ReactNode {
  const { t, i18n } = useTranslation('situation');
  const number = new Intl.NumberFormat(i18n.language);
  const codes = useMemo(() => counties.map((c) => c.code).sort(), [counties]);
  const { divisions, error, retry } = useDivisions(codes);
  const { flat, height } = useMemo(() => {
    const areas = (divisions ?? []).map((d) => ({ code: (d.id ?? '').slice('area-'.length), rings: ringsOf(d), position: d.position }));
    return flatten(areas.filter((a) => a.rings.length > 0), kWidth);
  }, [divisions]);
  if (error) return <Failed failure={asFailure(error)} onRetry={retry} />;
  if (!divisions && counties.length > 0) return <Skeleton lines={6} />;
  if (flat.length === 0) return <p className="tk-sub">{t('map.none')}</p>;
  const at = new Map(counties.map((c) => [c.code, c]));
  const fevers = counties.reduce((sum, c) => sum + c.today.fever, 0);
  const focus = at.get(area);
  const shown = [...flat].sort((a, b) => Number(a.code === area) - Number(b.code === area));
  return (
    <>
      <svg className="st-areas" viewBox={`${-kEdge} ${-kEdge} ${kWidth + 2 * kEdge} ${height + 2 * kEdge}`} role="group" aria-label={t('map.title')}>
        {shown.map((a) => (
          <a
            key={a.code}
            href={`?area=${a.code}`}
            aria-label={`${at.get(a.code)?.name ?? a.code} ${t('map.count', { count: at.get(a.code)?.today.fever ?? 0 })}`}
            aria-current={a.code === area || undefined}
            onClick={(e) => {
              e.preventDefault();
              onArea(a.code);
            }}
          >
            <path className="st-area" d={a.path} fillRule="evenodd" />
          </a>
        ))}
        <g aria-hidden="true">
          {fevers <= kDotsMax &&
            flat.map((a) => (
              <g key={a.code} className="st-dots">
                {dotsIn(a, at.get(a.code)?.today.fever ?? 0).map(([x, y]) => (
                  <circle key={`${x} ${y}`} cx={x} cy={y} r="4" />
                ))}
              </g>
            ))}
          {flat.map((a) => (
            <g key={a.code} className="st-name" data-on={a.code === area || undefined}>
              <text x={a.centre[0]} y={a.centre[1] - 3}>
                {at.get(a.code)?.name ?? a.code}
              </text>
              <text className="st-count" x={a.centre[0]} y={a.centre[1] + 16}>
                {number.format(at.get(a.code)?.today.fever ?? 0)}
              </text>
            </g>
          ))}
        </g>
      </svg>
      <p className="tk-sub st-key">
        <svg width="10" height="10" viewBox="0 0 10 10" className="st-dots" aria-hidden="true">
          <circle cx="5" cy="5" r="4" />
        </svg>
        {t(fevers <= kDotsMax ? 'map.key' : 'map.tooMany')}
      </p>
      {focus && (
        <p className="st-focus" role="status">
          <b>{focus.name}</b>
          <button type="button" className="st-link" onClick={() => onOpen(focus.code)}>
            {t('col.fever')} <b>{number.format(focus.today.fever)}</b>
          </button>
          {kChannelsShown.map((c) => (
            <span key={c}>
              {t(`channel.${c}`)} <b>{number.format(focus.today[c])}</b>
            </span>
          ))}
          <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => onArea(focus.code)}>
            {t('map.all')}
          </button>
        </p>
      )}
    </>
  );
}
