// How far the reading is from the limit: a ruler from 35 to 41 °C with the limit's line.
import type { ReactNode } from 'react';

const kFrom = 350;
const kTo = 410;
const x = (tenths: number): number => 12 + ((tenths - kFrom) * 334) / (kTo - kFrom);

export function Ruler(props: { tenths: number | null; limit: number | null; fever: boolean; label: string }): ReactNode {
  const { tenths, limit } = props;
  const at = tenths !== null && tenths >= kFrom && tenths <= kTo ? tenths : null;
  const ticks: ReactNode[] = [];
  for (let n = kFrom; n <= kTo; n += 1) {
    const whole = n % 10 === 0;
    ticks.push(<path key={n} className={whole ? 'whole' : 'part'} d={`M${x(n)} ${whole ? 8 : n % 5 === 0 ? 10 : 13}V18`} />);
    const clear = limit === null || Math.abs(n - limit) > 5;
    if (whole && clear) {
      ticks.push(
        <text key={'t' + n} x={x(n)} y="36" textAnchor="middle">
          {n / 10}
        </text>,
      );
    }
  }
  return (
    <svg className="sm-ruler" viewBox="0 0 358 40" role="img" aria-label={props.label} data-fever={props.fever}>
      {ticks}
      <path className="base" d={`M${x(kFrom)} 18H${x(kTo)}`} />
      {at !== null && <path className="run" d={`M${x(kFrom)} 16H${x(limit === null ? at : Math.min(at, limit))}`} />}
      {at !== null && limit !== null && at > limit && <path className="over" d={`M${x(limit)} 16H${x(at)}`} />}
      {limit !== null && (
        <>
          <path className="limit" d={`M${x(limit)} 2V22`} />
          <text className="limit-t" x={x(limit)} y="36" textAnchor="middle">
            {(limit / 10).toFixed(1)}
          </text>
        </>
      )}
      {at !== null && <circle className="dot" cx={x(at)} cy="16" r="7" />}
    </svg>
  );
}
