// Counties beside one another: by the rate of the last seven days that are over, each with its curve on one common axis and the day's numbers.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AreaFigures } from './figures';
import { type Behind, kChannels } from './situation_ask';
import type { County } from './situation_model';

const kWidth = 112;
const kHeight = 24;
const kCols = ['fever', 'opened', 'open'] as const;

interface CountiesProps {
  counties: County[];
  city: AreaFigures;
  cityRate: number | null;
  days: string[];
  area: string;
  partial: boolean;
  onOpen: (what: Behind, code: string) => void;
}

export function Counties({ counties, city, cityRate, days, area, partial, onOpen }: CountiesProps): ReactNode {
  const { t, i18n } = useTranslation('situation');
  const number = new Intl.NumberFormat(i18n.language);
  const most = Math.max(1, ...counties.flatMap((c) => c.days.map((d) => d ?? 0)));
  const rate = (value: number | null): string => (value === null ? '–' : value.toFixed(1));
  const cells = (figures: AreaFigures, code: string, name: string): ReactNode =>
    [...kChannels, ...kCols].map((c) => (
      <td key={c} data-key={c}>
        {figures[c] === 0 ? (
          <span className="st-zero">0</span>
        ) : (
          <button type="button" className="st-link" aria-label={`${name} ${t(`col.${c}`)} ${number.format(figures[c])}`} onClick={() => onOpen(c, code)}>
            {number.format(figures[c])}
          </button>
        )}
      </td>
    ));
  return (
    <section className="st-panel st-counties" aria-labelledby="st-counties">
      <h2 id="st-counties">
        {t('counties.title')} <small>{t('counties.unit', { from: days.at(-7)?.slice(5) ?? '', to: days.at(-1)?.slice(5) ?? '' })}</small>
      </h2>
      <div className="st-wide" tabIndex={0} role="region" aria-label={t('counties.table')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('col.area')}</th>
              <th scope="col">{t('col.rate')}</th>
              <th scope="col">{t('col.before')}</th>
              <th scope="col">{t('col.days', { count: days.length })}</th>
              {[...kChannels, ...kCols].map((c) => (
                <th key={c} scope="col" data-key={c}>
                  {t(`col.${c}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counties.map((c) => (
              <tr key={c.code} aria-current={c.code === area || undefined}>
                <th scope="row">{c.name}</th>
                <td className="st-rate" title={t('counties.of', { fever: number.format(c.fever), readings: number.format(c.readings) })}>
                  {rate(c.rate)}
                </td>
                <td>{rate(c.before)}</td>
                <td>
                  <Spark days={c.days} most={most} label={t('counties.spark', { name: c.name, days: c.days.map((d) => d ?? '–').join(' ') })} />
                </td>
                {cells(c.today, c.code, c.name)}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t('counties.city')}</th>
              <td className="st-rate">{rate(cityRate)}</td>
              <td />
              <td />
              {cells(city, '', t('counties.city'))}
            </tr>
          </tfoot>
        </table>
      </div>
      <p className="tk-sub">{t(partial ? 'counties.notePartial' : 'counties.note', { most })}</p>
    </section>
  );
}

function Spark({ days, most, label }: { days: (number | null)[]; most: number; label: string }): ReactNode {
  const x = (i: number): number => 1 + ((kWidth - 2) * i) / Math.max(1, days.length - 1);
  const y = (value: number): number => kHeight - 2 - ((kHeight - 4) * value) / most;
  const points = days.flatMap((d, i) => (d === null ? [] : [`${x(i).toFixed(1)},${y(d).toFixed(1)}`]));
  return (
    <svg className="st-spark" width={kWidth} height={kHeight} viewBox={`0 0 ${kWidth} ${kHeight}`} role="img" aria-label={label}>
      <line className="st-line" x1="0" x2={kWidth} y1={y(0)} y2={y(0)} />
      {points.length > 0 && <polyline points={points.join(' ')} />}
    </svg>
  );
}
