// What matters first: problems, medicines, results out of their range.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { dayOf } from '../fhir/time';
import { bandOf, numberText, pathOf, rangeText, scaleOf, valueText } from './chart';
import { abnormalOf, lastOf, type Mark, type Measure, medicinesIn, problemsIn } from './facts';
import { placesIn } from './events';
import type { PersonRecord } from './record';

const kSparkPoints = 6;
const kSparkWidth = 84, kSparkHeight = 22;
const kMarks: Record<Mark, string> = { high: '▲', low: '▼', other: '◆', none: '' };

/** ▲ 高: shape and word together, never a colour alone. */
export function MarkSign({ mark }: { mark: Mark }): ReactNode {
  const { t } = useTranslation('patient');
  if (mark === 'none') return null;
  return (
    <span className="pt-mark" data-mark={mark}>
      <span aria-hidden="true">{kMarks[mark]}</span> {t(`mark.${mark}`)}
    </span>
  );
}

export function Matters({ record, measures }: { record: PersonRecord; measures: readonly Measure[] }): ReactNode {
  const { t } = useTranslation('patient');
  const abnormal = abnormalOf(measures);
  const placeOf = placesIn(record.resources);
  return (
    <section className="pt-card" aria-labelledby="pt-matters">
      <header>
        <h2 id="pt-matters">{t('matters')}</h2>
        <span className="tk-sub">{t('mattersFrom', { count: record.patients.length })}</span>
      </header>
      <Problems record={record} />
      <Medicines record={record} />
      <div className="pt-sec">
        <h3>
          {t('abnormal')} <span className="tk-sub">{t('abnormalHint')}</span>
        </h3>
        {!record.types.includes('Observation') && <p className="tk-sub">{t('mayNotSee')}</p>}
        {record.types.includes('Observation') && abnormal.length === 0 && <p className="tk-sub">{t('noAbnormal')}</p>}
        <ul className="pt-results">
          {abnormal.map((m) => (
            <Result key={m.key} measure={m} nowMs={record.atMs} place={placeOf(lastOf(m)?.source ?? { resourceType: '' })} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function Problems({ record }: { record: PersonRecord }): ReactNode {
  const { t } = useTranslation('patient');
  const { going, over } = problemsIn(record.resources);
  const known = record.types.includes('Condition');
  return (
    <div className="pt-sec">
      <h3>
        {t('problems')} <span className="tk-sub">{known ? t('items', { count: going.length }) : ''}</span>
        {over > 0 && <span className="tk-sub pt-right">{t('over', { count: over })}</span>}
      </h3>
      {!known && <p className="tk-sub">{t('mayNotSee')}</p>}
      {known && going.length === 0 && <p className="tk-sub">{t('noProblems')}</p>}
      <ul className="pt-rows">
        {going.map((p) => (
          <li key={p.id}>
            <b>{p.text}</b>
            <span className="tk-sub">{p.since && t('since', { day: p.since })}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Medicines({ record }: { record: PersonRecord }): ReactNode {
  const { t } = useTranslation('patient');
  const medicines = medicinesIn(record.resources);
  const placeOf = placesIn(record.resources);
  const known = record.types.includes('MedicationRequest') || record.types.includes('MedicationStatement');
  return (
    <div className="pt-sec">
      <h3>
        {t('medicines')} <span className="tk-sub">{known ? t('items', { count: medicines.length }) : ''}</span>
      </h3>
      {!known && <p className="tk-sub">{t('mayNotSee')}</p>}
      {known && medicines.length === 0 && <p className="tk-sub">{t('noMedicines')}</p>}
      <ul className="pt-rows">
        {medicines.map((m) => (
          <li key={m.id}>
            <span>
              {m.text} <span className="tk-sub">{m.dose}</span>
            </span>
            <span className="tk-sub">{[m.stated ? t('stated') : '', placeOf(m.source), m.atMs === null ? '' : shortDay(m.atMs, record.atMs)].filter(Boolean).join(' · ')}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** 11-18 of this year, 2025-11-18 of another. */
const shortDay = (ms: number, nowMs: number): string => (dayOf(ms).slice(0, 4) === dayOf(nowMs).slice(0, 4) ? dayOf(ms).slice(5) : dayOf(ms));

function Result({ measure, place, nowMs }: { measure: Measure; place: string; nowMs: number }): ReactNode {
  const { t } = useTranslation('patient');
  const last = lastOf(measure);
  if (!last) return null;
  const range = rangeText(measure);
  return (
    <li>
      <span className="pt-what">
        {measure.text}
        <span className="tk-sub">{range && t('range', { range })}</span>
      </span>
      <span className="pt-value">
        <b>{valueText(last)}</b> {measure.unit} <MarkSign mark={last.mark} />
      </span>
      <Spark measure={measure} />
      <span className="tk-sub">
        {shortDay(last.atMs, nowMs)} {place}
      </span>
    </li>
  );
}

/** The last values of a course in the size of a word; the words beside it say the value, so it is left out of what is read aloud. */
function Spark({ measure }: { measure: Measure }): ReactNode {
  const points = measure.points.slice(-kSparkPoints);
  const scale = scaleOf(measure, points, kSparkWidth - 8, kSparkHeight - 6);
  const band = bandOf(measure, scale);
  const at = points.map((p): [number, number] => [scale.x(p.atMs) + 4, scale.y(p.value) + 3]);
  const end = at.at(-1);
  return (
    <svg className="pt-spark" width={kSparkWidth} height={kSparkHeight} aria-hidden="true">
      <title>{points.map((p) => numberText(p.value)).join(' ')}</title>
      {band && <rect className="band" x="0" y={band[0] + 3} width={kSparkWidth} height={band[1]} />}
      {at.length > 1 && <path d={pathOf(at)} />}
      {end && <circle cx={end[0]} cy={end[1]} r="3" data-mark={points.at(-1)?.mark} />}
    </svg>
  );
}
