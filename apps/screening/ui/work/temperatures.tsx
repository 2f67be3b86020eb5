// The person's last temperatures against the limit: one line, its own scale named, the reading of this task marked.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf, dayOf, parseTime } from '@tk/fhir/time';
import type { Observation } from '@tk/fhir/types';
import { fhir } from '@tk/shell/session';
import { kLoinc, kTemperatureCode, temperatureIn } from '../screening';

const kCount = 10;
const kWidth = 366;
const kHeight = 92;
const kGutter = 64; // for the words of the limit
const kEdge = 20;

interface Point {
  id: string;
  at: number;
  value: number;
}

export function pointsOf(readings: Observation[]): Point[] {
  return readings
    .filter((o) => o.status !== 'entered-in-error')
    .flatMap((o) => {
      const at = parseTime(o.effectiveDateTime);
      const value = temperatureIn(o);
      return at === null || value === null ? [] : [{ id: o.id ?? '', at, value }];
    })
    .sort((a, b) => a.at - b.at);
}

interface Props {
  patientId: string;
  readingId: string | null;
  limit: number | null;
  nowMs: number;
}

export function Temperatures({ patientId, readingId, limit, nowMs }: Props): ReactNode {
  const { t } = useTranslation('screening');
  const q = useQuery({
    queryKey: ['screening', 'temperatures', patientId],
    staleTime: 0,
    queryFn: ({ signal }) =>
      fhir.search<Observation>(
        'Observation',
        [
          ['subject', `Patient/${patientId}`],
          ['code', `${kLoinc}|${kTemperatureCode}`],
          ['_sort', '-date'],
          ['_count', String(kCount)],
        ],
        signal,
      ),
  });
  const points = pointsOf(q.data?.items ?? []);
  if (points.length === 0) return null;
  return (
    <div className="sw-sec">
      <h3>
        {t('w.detail.temps')} ℃<span className="tk-sub">{points.length === 1 ? t('w.detail.tempsOne') : t('w.detail.tempsSub', { count: points.length })}</span>
      </h3>
      <Chart points={points} readingId={readingId} limit={limit} nowMs={nowMs} limitWords={limit === null ? '' : t('w.detail.limit', { limit: limit.toFixed(1) })} />
    </div>
  );
}

function Chart(props: { points: Point[]; readingId: string | null; limit: number | null; nowMs: number; limitWords: string }): ReactNode {
  const { points, limit } = props;
  const values = points.map((p) => p.value);
  const low = Math.min(36, ...values) - 0.3;
  const high = Math.max(limit ?? 37, ...values) + 0.4;
  const step = points.length > 1 ? (kWidth - kGutter - 2 * kEdge) / (points.length - 1) : 0;
  const x = (i: number): number => kGutter + kEdge + i * step;
  const y = (v: number): number => 12 + ((high - v) / (high - low)) * (kHeight - 50);
  const label = (p: Point): string => (dayOf(p.at) === dayOf(props.nowMs) ? clockOf(p.at) : dayOf(p.at).slice(5));
  const marked = (p: Point, i: number): boolean => p.id === props.readingId || i === 0 || i === points.length - 1;
  const said = points.map((p) => `${label(p)} ${p.value.toFixed(1)}`).join(', ');
  return (
    <svg className="sw-chart" viewBox={`0 0 ${kWidth} ${kHeight}`} role="img" aria-label={`${said}${props.limitWords ? '; ' + props.limitWords : ''}`}>
      {limit !== null && (
        <>
          <line x1={kGutter} x2={kWidth} y1={y(limit)} y2={y(limit)} />
          <text x="0" y={y(limit) + 4}>
            {props.limitWords}
          </text>
        </>
      )}
      <polyline points={points.map((p, i) => `${x(i)},${y(p.value)}`).join(' ')} />
      {points.map((p, i) => (
        <g key={p.id} className={limit !== null && p.value >= limit ? 'high' : undefined}>
          <circle cx={x(i)} cy={y(p.value)} r={p.id === props.readingId ? 4.5 : 3} />
          {marked(p, i) && (
            <>
              <text className="v" x={x(i)} y={y(p.value) + (limit !== null && p.value < limit ? 16 : -7)} textAnchor="middle">
                {p.value.toFixed(1)}
              </text>
              <text x={x(i)} y={kHeight - 3} textAnchor="middle">
                {label(p)}
              </text>
            </>
          )}
        </g>
      ))}
    </svg>
  );
}
