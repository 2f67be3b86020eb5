// The days of an observation on one axis: temperature as a line against the limit, follow-ups and tests as words below the same days. The table says all of it in words.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { dayOf } from '@tk/fhir/time';
import { type ContactWatch, daysOf, type ObservedDay } from '../model';

const kColumn = 26, kHeight = 64, kLow = 35.8, kHigh = 39.5;

interface Point {
  x: number;
  value: number;
}

export function Observation({ watch, limit }: { watch: ContactWatch; limit: number | null }): ReactNode {
  const { t } = useTranslation('contacts');
  const days = daysOf(watch);
  const today = dayOf(Date.now());
  const words = (day: ObservedDay): string => day.visits.map((visit) => t(`outcome.${visit.outcome}`)).join(t('and'));
  const tests = (day: ObservedDay): string => day.tests.map((test) => t(`result.${test.result}`)).join(t('and'));
  const temperature = (day: ObservedDay): number | null => day.visits.reduce<number | null>((most, visit) => (visit.temperature === undefined ? most : Math.max(most ?? 0, visit.temperature)), null);
  const points = days.flatMap((day, i): Point[] => {
    const value = temperature(day);
    return value === null ? [] : [{ x: (i + 0.5) * kColumn, value }];
  });
  return (
    <>
      <h3>
        {t('daysTitle')}
        <span className="tk-sub">{t('daysSub', { from: watch.last, to: watch.until })}</span>
      </h3>
      <div className="ct-days" tabIndex={0} role="group" aria-label={t('daysTitle')}>
        <table>
          <caption className="tk-vh">{t('daysTitle')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('col.day')}</th>
              {days.map((day) => (
                <th key={day.day} scope="col" aria-current={day.day === today ? 'date' : undefined} title={day.day}>
                  {day.day.slice(8)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr aria-hidden="true">
              <th scope="row">{t('col.temperature')}</th>
              <td colSpan={days.length}>
                <Line points={points} limit={limit} width={days.length * kColumn} />
              </td>
            </tr>
            <tr>
              <th scope="row">℃</th>
              {days.map((day) => {
                const value = temperature(day);
                return (
                  <td key={day.day} data-high={value !== null && limit !== null && value >= limit}>
                    {value === null ? '' : value.toFixed(1)}
                  </td>
                );
              })}
            </tr>
            <tr>
              <th scope="row">{t('col.followUp')}</th>
              {days.map((day) => (
                <td key={day.day} data-outcome={day.visits.at(-1)?.outcome} data-future={day.day > today} title={words(day)}>
                  {day.visits.length > 0 && t(`outcomeShort.${day.visits.at(-1)?.outcome}`)}
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">{t('col.tests')}</th>
              {days.map((day) => (
                <td key={day.day} data-result={day.tests.at(-1)?.result} data-future={day.day > today} title={tests(day)}>
                  {day.tests.length > 0 && t(`resultShort.${day.tests.at(-1)?.result}`)}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
      <p className="tk-sub">{t('daysKey')}</p>
    </>
  );
}

function Line({ points, limit, width }: { points: readonly Point[]; limit: number | null; width: number }): ReactNode {
  const { t } = useTranslation('contacts');
  const y = (value: number): number => 6 + ((kHigh - Math.min(kHigh, Math.max(kLow, value))) / (kHigh - kLow)) * (kHeight - 12);
  return (
    <svg className="ct-line" width={width} height={kHeight} viewBox={`0 0 ${width} ${kHeight}`}>
      {limit !== null && (
        <>
          <line x1="0" x2={width} y1={y(limit)} y2={y(limit)} />
          <text x={width - 2} y={y(limit) - 4} textAnchor="end">
            {t('limit', { limit: limit.toFixed(1) })}
          </text>
        </>
      )}
      <polyline points={points.map((p) => `${p.x},${y(p.value)}`).join(' ')} />
      {points.map((p) => (
        <circle key={p.x} data-high={limit !== null && p.value >= limit} cx={p.x} cy={y(p.value)} r="3.500" />
      ))}
    </svg>
  );
}
