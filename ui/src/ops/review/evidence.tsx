// The evidence: the sum on a line with the model's own limits, and row by row what stands in the two records and how much it speaks for or against one person.
// For is solid, against hatched, missing a dash; so it needs no colour.
import { useId, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { areaOf } from '../../fhir/person';
import { clockOf, dayOf, parseTime } from '../../fhir/time';
import type { Sides } from './ask';
import { type Evidence, type FullPatient, kRows, marksOf, nearest, type Review, rowBits, type RowName, valuesOf } from './model';

const signed = (bits: number): string => (bits > 0 ? '+' : bits < 0 ? '−' : '') + Math.abs(bits).toFixed(1);

export function Sum({ sides, review }: { sides: Sides; review: Review }): ReactNode {
  const { t } = useTranslation('ops');
  const evidence = sides.evidence;
  return (
    <div className="rv-sum">
      <div>
        <p className="tk-sub">{t(`code.${review.code}`, { defaultValue: review.code })}</p>
        {evidence ? (
          <p>
            <b className="rv-total">{signed(evidence.bits)}</b> {t(`grade.${evidence.grade}`, { defaultValue: evidence.grade })}
          </p>
        ) : (
          <p className="rv-whose">{t('review.whose')}</p>
        )}
        {!review.open && <p className="rv-over">{t(stateOf(evidence))}</p>}
      </div>
      {evidence?.from && <Scale evidence={evidence} from={evidence.from} />}
      {evidence && evidence.rules.length > 0 && (
        <ul className="rv-rules">
          {evidence.rules.map((rule) => (
            <li key={rule}>{t(`rule.${rule}`, { defaultValue: rule })}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function stateOf(evidence: Evidence | null): string {
  if (!evidence) return 'review.over';
  return evidence.same ? 'review.overSame' : evidence.apart ? 'review.overApart' : 'review.over';
}

const kWide = 640;

/** Where the sum lies between the limits at which the model takes a pair for possible, probable and certain. */
function Scale({ evidence, from }: { evidence: Evidence; from: NonNullable<Evidence['from']> }): ReactNode {
  const { t } = useTranslation('ops');
  const low = from.possible - 12;
  const high = from.certain + 20;
  // A sum beyond the ends stands at the end: the limits are what is read off.
  const x = (bits: number): number => ((Math.min(Math.max(bits, low), high) - low) / (high - low)) * kWide;
  const at = x(evidence.bits);
  const parts = [
    { name: 'certainly-not', at: low, until: from.possible }, { name: 'possible', at: from.possible, until: from.probable },
    { name: 'probable', at: from.probable, until: from.certain }, { name: 'certain', at: from.certain, until: high },
  ];
  return (
    <svg className="rv-scale" viewBox={`0 0 ${kWide} 64`} role="img" aria-label={t('review.scale', { bits: signed(evidence.bits), possible: signed(from.possible), probable: signed(from.probable), certain: signed(from.certain) })}>
      {parts.map((part) => (
        <g key={part.name} className={`p-${part.name}`}>
          <rect x={x(part.at)} y="26" width={Math.max(0, x(part.until) - x(part.at) - 1)} height="8" />
          <text x={x(part.at)} y="52">
            {part.name === 'certainly-not' ? '' : signed(part.at) + ' '}
            {t(`grade.${part.name}`)}
          </text>
        </g>
      ))}
      <path className="mark" d={`M${at} 38v-14l-5-8h10l-5 8`} />
      <text className="mark" x={at} y="12" textAnchor={at > kWide - 40 ? 'end' : at < 40 ? 'start' : 'middle'}>
        {signed(evidence.bits)}
      </text>
    </svg>
  );
}

export function Comparison({ sides, whole, onWhole }: { sides: Sides; whole: boolean; onWhole: (whole: boolean) => void }): ReactNode {
  const { t } = useTranslation('ops');
  const a = valuesOf(sides.a);
  const b = valuesOf(sides.b);
  const rows = kRows.filter(({ row, fields }) => a[row].length > 0 || b[row].length > 0 || (sides.evidence && rowBits(sides.evidence, fields).known));
  const least = Math.max(4, ...rows.map(({ fields }) => (sides.evidence ? Math.abs(rowBits(sides.evidence, fields).bits) : 0)));
  return (
    <table className="rv-table">
      <caption className="tk-vh">{t('review.compared')}</caption>
      <thead>
        <tr>
          <th className="c-field">
            <button type="button" className="tk-btn tk-quiet tk-s" aria-pressed={whole} onClick={() => onWhole(!whole)}>
              {t(whole ? 'review.mask' : 'review.show')} <kbd>V</kbd>
            </button>
          </th>
          <Side title={t(sides.evidence ? 'review.left' : 'review.before')} patient={sides.a} />
          <th className="c-bits">
            <b>{t('review.evidence')}</b>
            <span className="tk-sub">{sides.evidence ? t('review.sides') : t('review.changed')}</span>
          </th>
          <Side title={t(sides.evidence ? 'review.right' : 'review.now')} patient={sides.b} />
        </tr>
      </thead>
      <tbody>
        {rows.map(({ row, fields }) => (
          <tr key={row}>
            <th scope="row">{t(`row.${row}`)}</th>
            <td>
              <Values row={row} values={a[row]} others={b[row]} whole={whole} />
            </td>
            <td className="c-bits">
              <Bits evidence={sides.evidence} fields={fields} most={least} equal={a[row].join() === b[row].join()} />
            </td>
            <td>
              <Values row={row} values={b[row]} others={a[row]} whole={whole} />
            </td>
          </tr>
        ))}
        {sides.evidence && <Beside name="prior" bits={sides.evidence.prior} />}
        {sides.evidence && sides.evidence.group !== 0 && <Beside name="group" bits={sides.evidence.group} />}
      </tbody>
    </table>
  );
}

/** What belongs to the sum and to no field: with these the rows make it. */
function Beside({ name, bits }: { name: 'prior' | 'group'; bits: number }): ReactNode {
  const { t } = useTranslation('ops');
  return (
    <tr className="rv-beside">
      <th scope="row">{t(`beside.${name}`)}</th>
      <td />
      <td className="c-bits">
        <div className="rv-bits">
          <span className="rv-level">{t(`beside.${name}Short`)}</span>
          <b>{signed(bits)}</b>
        </div>
      </td>
      <td className="tk-sub">{t(`beside.${name}Hint`)}</td>
    </tr>
  );
}

function Side({ title, patient }: { title: string; patient: FullPatient }): ReactNode {
  const { t } = useTranslation('ops');
  const at = parseTime(patient.meta?.lastUpdated);
  const area = areaOf(patient);
  return (
    <th>
      <b>{title}</b>
      <span className="tk-sub">
        {[area?.name, at !== null && t('review.written', { time: `${dayOf(at)} ${clockOf(at)}` }), t('review.version', { n: patient.meta?.versionId ?? '1' })].filter(Boolean).join(' · ')}
      </span>
    </th>
  );
}

function Values({ row, values, others, whole }: { row: RowName; values: string[]; others: string[]; whole: boolean }): ReactNode {
  const { t } = useTranslation('ops');
  if (values.length === 0) return <span className="tk-sub">{t('review.missing')}</span>;
  if (row === 'sex') return values.map((v) => t(`sex.${v}`, { defaultValue: v })).join(' ');
  return (
    <ul>
      {values.map((value) => (
        <li key={value}>
          {marksOf(row, value, nearest(value, others), whole).map((mark, i) =>
            mark.differs && mark.shown ? (
              <mark key={i}>{mark.text}</mark>
            ) : (
              <span key={i}>{mark.shown ? mark.text : '*'}</span>
            ),
          )}
        </li>
      ))}
    </ul>
  );
}

/** A bar from the axis: to the right for, solid; to the left against, hatched. Its words say the level that the server found. */
function Bits({ evidence, fields, most, equal }: { evidence: Evidence | null; fields: readonly string[]; most: number; equal: boolean }): ReactNode {
  const { t } = useTranslation('ops');
  const hatch = useId();
  if (!evidence) return <span className="rv-level">{t(equal ? 'review.unchanged' : 'review.changedHere')}</span>;
  const { bits, known } = rowBits(evidence, fields);
  const words = fields.map((f) => ({ f, told: evidence.fields[f] })).filter(({ told }) => told !== undefined && told.level !== 'missing' && told.level !== '');
  const width = (Math.abs(bits) / most) * 46;
  return (
    <div className="rv-bits">
      <span className="rv-level">
        {known ? words.map(({ f, told }) => (fields.length > 1 ? t(`field.${f}`) + ' ' : '') + t(`level.${told?.level}`, { defaultValue: told?.level })).join('，') : t('level.missing')}
      </span>
      <svg viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <defs>
          <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect className="h" width="2" height="4" />
          </pattern>
        </defs>
        <path className="axis" d="M50 0v16" />
        {known && bits > 0 && <rect className="for" x="50" y="3" width={width} height="10" />}
        {known && bits < 0 && <rect className="against" x={50 - width} y="3" width={width} height="10" fill={`url(#${hatch})`} />}
      </svg>
      <b>{known ? signed(bits) : '—'}</b>
    </div>
  );
}
