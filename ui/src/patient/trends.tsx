// Vital signs as figures, and the course of any measure as a drawing and as a table: what is drawn can be read.
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf, dayOf } from '../fhir/time';
import { bandOf, numberText, pathOf, rangeText, scaleOf, valueText } from './chart';
import { lastOf, type Measure, vitalsOf } from './facts';
import { MarkSign } from './matters';

const kWidth = 300, kHeight = 132, kLeft = 40, kRight = 12, kTop = 12, kBottom = 24;
const kTableRows = 8;
const kVitalsShown = 6;

export function Trends({ measures, known }: { measures: readonly Measure[]; known: boolean }): ReactNode {
  const { t } = useTranslation('patient');
  const vitals = vitalsOf(measures);
  const [key, setKey] = useState('');
  const chosen = measures.find((m) => m.key === key) ?? vitals.find((m) => m.points.length > 1) ?? measures.find((m) => m.points.length > 1) ?? measures[0];
  return (
    <section className="pt-card" aria-labelledby="pt-trends">
      <header>
        <h2 id="pt-trends">{t('trends')}</h2>
      </header>
      {!known && <p className="tk-sub pt-sec">{t('mayNotSee')}</p>}
      {known && measures.length === 0 && <p className="tk-sub pt-sec">{t('noMeasures')}</p>}
      {vitals.length > 0 && (
        <dl className="pt-vitals">
          {vitals.slice(0, kVitalsShown).map((m) => (
            <Vital key={m.key} measure={m} />
          ))}
        </dl>
      )}
      {chosen && (
        <div className="pt-sec">
          <label className="pt-choose">
            <span>{t('course')}</span>
            <select value={chosen.key} onChange={(e) => setKey(e.target.value)}>
              {measures.map((m) => (
                <option key={m.key} value={m.key}>
                  {m.text} {t('times', { count: m.points.length })}
                </option>
              ))}
            </select>
          </label>
          <Course measure={chosen} />
          <Values measure={chosen} />
        </div>
      )}
    </section>
  );
}

function Vital({ measure }: { measure: Measure }): ReactNode {
  const last = lastOf(measure);
  if (!last) return null;
  return (
    <div>
      <dt>
        {measure.text} <span className="tk-sub">{measure.unit}</span>
      </dt>
      <dd>
        <b>{valueText(last)}</b> <MarkSign mark={last.mark} />
      </dd>
      <dd className="tk-sub">
        {dayOf(last.atMs).slice(5)} {clockOf(last.atMs)}
      </dd>
    </div>
  );
}

function Course({ measure }: { measure: Measure }): ReactNode {
  const { t } = useTranslation('patient');
  const { points } = measure;
  const width = kWidth - kLeft - kRight, height = kHeight - kTop - kBottom;
  const scale = scaleOf(measure, points, width, height);
  const band = bandOf(measure, scale);
  const line = (value: (p: (typeof points)[number]) => number | undefined): [number, number][] => points.flatMap((p) => (value(p) === undefined ? [] : [[scale.x(p.atMs), scale.y(value(p) ?? 0)] as [number, number]]));
  const upper = line((p) => p.value), lower = line((p) => p.second);
  const first = points[0], last = points.at(-1);
  return (
    <figure className="pt-course">
      <figcaption>
        <b>{measure.text}</b> <span className="tk-sub">{[measure.unit, rangeText(measure) && t('bandSays', { range: rangeText(measure) })].filter(Boolean).join('　')}</span>
      </figcaption>
      <svg viewBox={`0 0 ${kWidth} ${kHeight}`} aria-hidden="true">
        <g transform={`translate(${kLeft} ${kTop})`}>
          {band && <rect className="band" x="0" y={band[0]} width={width} height={band[1]} />}
          <path className="axis" d={`M0,0V${height}H${width}`} />
          <text x="-6" y="4" textAnchor="end">
            {numberText(Number(scale.high.toPrecision(3)))}
          </text>
          <text x="-6" y={height} textAnchor="end">
            {numberText(Number(scale.low.toPrecision(3)))}
          </text>
          {[upper, lower].map((at, i) => at.length > 1 && <path key={i} className="line" d={pathOf(at)} />)}
          {points.map((p, i) => (
            <g key={p.id}>
              <circle cx={upper[i]?.[0]} cy={upper[i]?.[1]} r="3" data-mark={p.mark} />
              {lower[i] && <circle cx={lower[i][0]} cy={lower[i][1]} r="3" />}
            </g>
          ))}
          {first && (
            <text x="0" y={height + 16}>
              {dayOf(first.atMs)}
            </text>
          )}
          {last && points.length > 1 && (
            <text x={width} y={height + 16} textAnchor="end">
              {dayOf(last.atMs)}
            </text>
          )}
        </g>
      </svg>
    </figure>
  );
}

function Values({ measure }: { measure: Measure }): ReactNode {
  const { t } = useTranslation('patient');
  const [all, setAll] = useState(false);
  const points = [...measure.points].reverse();
  return (
    <>
      <table className="pt-values">
        <caption className="tk-vh">{t('valuesOf', { what: measure.text })}</caption>
        <thead className="tk-vh">
          <tr>
            <th scope="col">{t('when')}</th>
            <th scope="col">{t('value')}</th>
          </tr>
        </thead>
        <tbody>
          {points.slice(0, all ? undefined : kTableRows).map((p) => (
            <tr key={p.id}>
              <th scope="row">
                {dayOf(p.atMs)} {clockOf(p.atMs)}
              </th>
              <td>
                <b>{valueText(p)}</b> {measure.unit} <MarkSign mark={p.mark} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {points.length > kTableRows && !all && (
        <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => setAll(true)}>
          {t('allValues', { count: points.length })}
        </button>
      )}
    </>
  );
}
