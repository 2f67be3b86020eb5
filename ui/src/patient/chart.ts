// Where points of a course stand in a drawing of a given size. Pure. An axis of values that has no zero says its ends in numbers.
import type { Measure, Point } from './facts';

export interface Scale {
  x: (ms: number) => number;
  y: (value: number) => number;
  low: number;
  high: number;
}

/** The axis holds all points and, where it is near them, the reference range. */
export function scaleOf(m: Measure, points: readonly Point[], width: number, height: number): Scale {
  const values = points.flatMap((p) => (p.second === undefined ? [p.value] : [p.value, p.second]));
  const from = Math.min(...values), to = Math.max(...values);
  const near = Math.max(to - from, Math.abs(to) * 0.1, 0.1);
  const bounds = [m.low, m.high].filter((b): b is number => b !== null && b >= from - near && b <= to + near);
  const lowest = Math.min(from, ...bounds), highest = Math.max(to, ...bounds);
  const air = (highest - lowest || Math.abs(highest) * 0.1 || 1) * 0.1;
  const low = lowest >= 0 ? Math.max(0, lowest - air) : lowest - air;
  const high = highest + air;
  const first = points[0]?.atMs ?? 0, last = points.at(-1)?.atMs ?? 1;
  const span = last - first;
  return {
    x: (ms) => (span <= 0 ? width / 2 : ((ms - first) / span) * width),
    y: (value) => height - ((value - low) / (high - low)) * height,
    low,
    high,
  };
}

/** "M0,4L8,2" */
export function pathOf(points: readonly [number, number][]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`).join('');
}

/** The reference range as a band within the drawing: [top, height]; null if it has none there. */
export function bandOf(m: Measure, scale: Scale): [number, number] | null {
  if (m.low === null && m.high === null) return null;
  const top = scale.y(Math.min(m.high ?? scale.high, scale.high));
  const bottom = scale.y(Math.max(m.low ?? scale.low, scale.low));
  return bottom > top ? [top, bottom - top] : null;
}

/** 0.92, 38, 1200: as it was told, without what floating point adds. */
export const numberText = (value: number): string => String(Number(value.toPrecision(12)));
export const valueText = (p: Point): string => (p.second === undefined ? numberText(p.value) : `${numberText(p.value)}/${numberText(p.second)}`);

/** "参考 1.1–3.2", "<10", "≥90": the range as the laboratory gave it. */
export function rangeText(m: Measure): string {
  if (m.low !== null && m.high !== null) return `${numberText(m.low)}–${numberText(m.high)}`;
  if (m.high !== null) return `≤${numberText(m.high)}`;
  return m.low === null ? '' : `≥${numberText(m.low)}`;
}
