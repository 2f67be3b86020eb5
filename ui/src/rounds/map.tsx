// Where the tasks are: the areas with their names, a numbered mark for each, and who looks. A mark stands at the address where it says its place; else beside the
// middle of its area, with a hollow mark. The list below has the same numbers and says the same in words.
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Flat, flatOf, planeOf, type Point } from '../components/map/shapes';
import { useSession } from '../shell/session';
import { type Numbered, urgencyOf } from './model';
import { type Area, middleOf, useAreas } from './use_areas';

const kWidth = 390;
const kHeightMax = 232;
const kHeightLeast = 150;
const kPad = 22;
const kAround = 0.0015; // degrees beyond a single place, about 150 m
const kStepPx = 34; // between marks at one place
const kBars = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];
const kBarLeastPx = 36;

interface MapProps {
  tasks: Numbered[];
  here: Point | null;
  nowMs: number;
  onOpen: (id: string) => void;
}
interface Mark extends Numbered {
  x: number;
  y: number;
  near: boolean; // only its area is known
}
interface Drawn {
  marks: Mark[];
  areas: { code: string; name: string; path: string; foot: Point }[];
  me: Point | null;
  height: number;
  bar: { px: number; metres: number };
}

function edgesOf(places: Point[]): Point[] {
  const xs = places.map((p) => p[0]);
  const ys = places.map((p) => p[1]);
  return [[Math.min(...xs) - kAround, Math.min(...ys) - kAround], [Math.max(...xs) + kAround, Math.max(...ys) + kAround]];
}

function draw(tasks: Numbered[], areas: Area[], here: Point | null): Drawn | null {
  const middles = new Map(areas.map((a) => [a.code, middleOf(a)]));
  const placed = tasks.map((one) => ({ one, at: one.row.at ?? middles.get(one.row.area?.code ?? '') ?? null })).filter((p): p is { one: Numbered; at: Point } => p.at !== null);
  const shapes = areas.flatMap((a) => a.rings.flat());
  const all = [...placed.map((p) => p.at), ...shapes];
  // Who looks from far away would make all else small.
  const [low, high] = all.length > 0 ? edgesOf(all) : [];
  if (!low || !high) return null;
  const inside = here !== null && here[0] >= low[0] && here[0] <= high[0] && here[1] >= low[1] && here[1] <= high[1];
  const squeeze = Math.cos((((low[1] + high[1]) / 2) * Math.PI) / 180);
  const ratio = (high[1] - low[1]) / Math.max(1e-9, (high[0] - low[0]) * squeeze);
  const wide = Math.min(kWidth - 2 * kPad, (kHeightMax - 2 * kPad) / ratio);
  const plane = planeOf([low, high], wide);
  const height = Math.max(kHeightLeast, plane.height + 2 * kPad);
  const [left, top] = [(kWidth - wide) / 2, (height - plane.height) / 2];
  const place = (p: Point): Point => {
    const [x, y] = plane.place(p);
    return [x + left, y + top];
  };
  const metres = kBars.find((m) => m * plane.metre >= kBarLeastPx) ?? 100_000;
  return {
    marks: apart(placed.map(({ one, at }) => ({ ...one, x: place(at)[0], y: place(at)[1], near: one.row.at === null }))),
    areas: areas.filter((a) => a.rings.length > 0).map((a) => ({ ...footed(flatOf(a, place)), name: a.name })),
    me: inside && here ? place(here) : null,
    height,
    bar: { px: metres * plane.metre, metres },
  };
}

/** Its name stands at its lower edge, where no mark for its middle hides it. */
function footed(flat: Flat): { code: string; path: string; foot: Point } {
  const low = flat.rings.flat().reduce<Point>((a, b) => (b[1] > a[1] ? b : a), [0, -Infinity]);
  return { code: flat.code, path: flat.path, foot: [(low[0] + flat.centre[0]) / 2, low[1] - 8] };
}

/** Marks at one place stand beside one another, in rows around it. */
function apart(marks: Mark[]): Mark[] {
  const at = new Map<string, Mark[]>();
  for (const mark of marks) {
    const key = `${Math.round(mark.x / kStepPx)} ${Math.round(mark.y / kStepPx)}`;
    at.set(key, [...(at.get(key) ?? []), mark]);
  }
  return [...at.values()].flatMap((group) => {
    const wide = Math.ceil(Math.sqrt(group.length));
    const rows = Math.ceil(group.length / wide);
    return group.map((mark, i) => {
      const inRow = Math.min(wide, group.length - Math.floor(i / wide) * wide);
      const x = mark.x + ((i % wide) - (inRow - 1) / 2) * kStepPx;
      const y = mark.y + (Math.floor(i / wide) - (rows - 1) / 2) * kStepPx;
      return { ...mark, x: Math.min(kWidth - 17, Math.max(17, x)), y: Math.max(17, y) };
    });
  });
}

/** The same sign in the list and on the map: a diamond for what is late, a disc for the rest; hollow where only the area is known. */
export function TaskMark({ n, late, near = false }: { n: number; late: boolean; near?: boolean }): ReactNode {
  return (
    <g className="tm-mark" data-late={late || undefined} data-near={near || undefined}>
      {late ? <path d="M0-16 16 0 0 16-16 0z" /> : <circle r="14" />}
      <text y="5.500" textAnchor="middle">
        {n}
      </text>
    </g>
  );
}

export function TaskMap({ tasks, here, nowMs, onOpen }: MapProps): ReactNode {
  const { t } = useTranslation('rounds');
  const session = useSession();
  const codes = useMemo(() => tasks.flatMap((one) => (one.row.area ? [one.row.area.code] : [])), [tasks]);
  const areas = useAreas(codes);
  const drawn = useMemo(() => draw(tasks, areas, here), [tasks, areas, here]);
  if (!drawn || tasks.length === 0) return null;
  return (
    <figure className="tm-map">
      <svg viewBox={`0 0 ${kWidth} ${drawn.height}`} role="group" aria-label={t('map.label', { count: drawn.marks.length })}>
        <g aria-hidden="true">
          {drawn.areas.map((a) => (
            <path key={a.code} className="tm-area" data-own={a.code === session.area || undefined} d={a.path} fillRule="evenodd" />
          ))}
          {drawn.areas.map((a) => (
            <text key={a.code} className="tm-name" x={a.foot[0]} y={a.foot[1]} textAnchor="middle">
              {a.name}
            </text>
          ))}
        </g>
        {drawn.me && (
          <g className="tm-me" transform={`translate(${drawn.me[0].toFixed(1)} ${drawn.me[1].toFixed(1)})`}>
            <title>{t('map.me')}</title>
            <circle r="15" />
            <circle r="8" />
          </g>
        )}
        {drawn.marks.map((mark) => (
          <a
            key={mark.row.id}
            href={`?task=${mark.row.id}`}
            aria-label={t(mark.near ? 'map.near' : 'map.mark', { n: mark.n, title: mark.row.title })}
            onClick={(e) => {
              e.preventDefault();
              onOpen(mark.row.id);
            }}
          >
            <g transform={`translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`}>
              <circle className="tm-reach" r="24" />
              <TaskMark n={mark.n} late={urgencyOf(mark.row, nowMs) === 'late'} near={mark.near} />
            </g>
          </a>
        ))}
        <g className="tm-scale" transform={`translate(12 ${drawn.height - 10})`} aria-hidden="true">
          <path d={`M0-6V0H${drawn.bar.px.toFixed(1)}V-6`} />
          <text x={drawn.bar.px + 6} y="1">
            {drawn.bar.metres < 1000 ? t('metres', { count: drawn.bar.metres }) : t('km', { count: drawn.bar.metres / 1000 })}
          </text>
        </g>
      </svg>
      {drawn.marks.some((m) => m.near) && <figcaption>{t('map.nearHint')}</figcaption>}
    </figure>
  );
}
