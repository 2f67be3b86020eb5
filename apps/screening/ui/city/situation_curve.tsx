// Fevers day by day: bars from zero, the day that goes on outlined and told apart; each bar opens at its readings.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf } from '@tk/fhir/time';
import { type Bar, scaleOf } from './situation_model';

const kWidth = 480;
const kHeight = 196;
const kLeft = 34;
const kTop = 18;
const kBottom = 22;
const kGap = 0.22; // of a day's width

interface CurveProps {
  bars: Bar[];
  today: string;
  asOfMs: number;
  onOpen: (day: string) => void;
}

export function Curve({ bars, today, asOfMs, onOpen }: CurveProps): ReactNode {
  const { t } = useTranslation('situation');
  const { top, steps } = scaleOf(Math.max(1, ...bars.map((b) => b.fever ?? 0)));
  const wide = (kWidth - kLeft) / bars.length;
  const y = (value: number): number => kTop + (kHeight - kTop - kBottom) * (1 - value / top);
  return (
    <section className="st-panel st-curve-panel" aria-labelledby="st-curve">
      <h2 id="st-curve">
        {t('curve.title')} <small>{t('curve.unit')}</small>
      </h2>
      <svg className="st-curve" viewBox={`0 0 ${kWidth} ${kHeight}`} role="group" aria-label={t('curve.title')}>
        {steps.map((step) => (
          <g key={step} aria-hidden="true">
            <line className="st-line" x1={kLeft} x2={kWidth} y1={y(step)} y2={y(step)} />
            <text className="st-axis" x={kLeft - 6} y={y(step) + 4} textAnchor="end">
              {step}
            </text>
          </g>
        ))}
        {bars.map((bar, i) => {
          const x = kLeft + wide * i;
          const value = bar.fever ?? 0;
          const partial = bar.day === today;
          const said = bar.fever === null ? t('curve.notYet', { day: bar.day }) : t(partial ? 'curve.soFar' : 'curve.bar', { day: bar.day, count: bar.fever, readings: bar.readings ?? 0, time: clockOf(asOfMs) });
          const last = i === bars.length - 1;
          return (
            <g key={bar.day}>
              <a
                href={`?list=fever&of=${bar.day}`}
                aria-label={said}
                onClick={(e) => {
                  e.preventDefault();
                  onOpen(bar.day);
                }}
              >
                <title>{said}</title>
                <rect className="st-hit" x={x} width={wide} y={kTop} height={kHeight - kTop - kBottom} />
                <rect className="st-bar" data-partial={partial || undefined} x={x + (wide * kGap) / 2} width={wide * (1 - kGap)} y={y(value)} height={Math.max(0, y(0) - y(value))} />
                {(last || i === bars.length - 2) && bar.fever !== null && (
                  <text className="st-value" x={x + wide / 2} y={y(value) - 5} textAnchor="middle">
                    {bar.fever}
                  </text>
                )}
              </a>
              {(bars.length - 1 - i) % 3 === 0 && (
                <text className="st-axis" x={x + wide / 2} y={kHeight - 6} textAnchor="middle" aria-hidden="true">
                  {bar.day.slice(5)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      {bars.at(-1)?.day === today && asOfMs > 0 && <p className="tk-sub">{t('curve.partial', { time: clockOf(asOfMs) })}</p>}
    </section>
  );
}
