// Areas as shapes on a flat map, and where the dots of an area stand. Pure. Shared by maps of areas behind every door.
// Source: RFC 7946; the boundary of a division is its extension location-boundary-geojson (an Attachment with data).
import type { Resource } from '../../fhir/types';

export const kBoundaryUrl = 'http://hl7.org/fhir/StructureDefinition/location-boundary-geojson';

export interface Division extends Resource {
  name?: string;
  position?: { longitude: number; latitude: number };
}
interface Boundary {
  url: string;
  valueAttachment?: { data?: string };
}
/** Longitude and latitude in degrees, or x and y on the map. */
export type Point = [number, number];
export type Rings = Point[][];

/** The rings of a Polygon or MultiPolygon; none where there is no boundary, or one that cannot be read. */
export function ringsOf(division: Division): Rings {
  const data = (division.extension as Boundary[] | undefined)?.find((e) => e.url === kBoundaryUrl)?.valueAttachment?.data;
  if (data === undefined) return [];
  try {
    const shape = JSON.parse(atob(data)) as { type?: string; coordinates?: unknown };
    if (shape.type === 'Polygon') return shape.coordinates as Rings;
    return shape.type === 'MultiPolygon' ? (shape.coordinates as Rings[]).flat() : [];
  } catch {
    return [];
  }
}

export interface Flat {
  code: string;
  path: string;
  centre: Point;
  rings: Rings;
}

/** One plane for all these places: `width` wide, north above, with the same scale both ways. `metre` is how wide one is on it. */
export function planeOf(places: readonly Point[], width: number): { place: (p: Point) => Point; height: number; metre: number } {
  const lon = places.map((p) => p[0]);
  const lat = places.map((p) => p[1]);
  const [west, south, north] = [Math.min(...lon), Math.min(...lat), Math.max(...lat)];
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = width / Math.max(1e-9, (Math.max(...lon) - west) * squeeze);
  return { place: ([x, y]) => [(x - west) * squeeze * scale, (north - y) * scale], height: (north - south) * scale, metre: scale / kMetresADegree };
}

/** All areas on one plane of `width`; `height` is what that takes. */
export function flatten(areas: { code: string; rings: Rings; position?: Division['position'] }[], width: number): { flat: Flat[]; height: number } {
  const all = areas.flatMap((a) => a.rings.flat());
  if (all.length === 0) return { flat: [], height: 0 };
  const { place, height } = planeOf(all, width);
  return { flat: areas.map((a) => flatOf(a, place)), height };
}

export function flatOf(area: { code: string; rings: Rings; position?: Division['position'] }, place: (p: Point) => Point): Flat {
  const rings = area.rings.map((ring) => ring.map(place));
  const path = rings.map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`).join('');
  const centre = area.position ? place([area.position.longitude, area.position.latitude]) : middleOf(rings);
  return { code: area.code, path, centre, rings };
}

const kEarthMetres = 6_371_000;
const kMetresADegree = (kEarthMetres * Math.PI) / 180;

/** Metres between two places as the crow flies. */
export function metresBetween([ax, ay]: Point, [bx, by]: Point): number {
  const rad = Math.PI / 180;
  const half = Math.sin(((by - ay) * rad) / 2) ** 2 + Math.cos(ay * rad) * Math.cos(by * rad) * Math.sin(((bx - ax) * rad) / 2) ** 2;
  return 2 * kEarthMetres * Math.asin(Math.sqrt(half));
}

function middleOf(rings: Rings): Point {
  const points = rings.flat();
  const sum = points.reduce<Point>(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return points.length === 0 ? [0, 0] : [sum[0] / points.length, sum[1] / points.length];
}

/** Even-odd over all rings. */
export function holds(rings: Rings, [x, y]: Point): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [ax, ay] = ring[i] ?? [0, 0];
      const [bx, by] = ring[j] ?? [0, 0];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

/** The n-th of a sequence that fills [0, 1) evenly in a base (van der Corput). */
function spread(n: number, base: number): number {
  let value = 0;
  for (let part = 1 / base, rest = n; rest > 0; rest = Math.floor(rest / base), part /= base) value += part * (rest % base);
  return value;
}

const kTriesADot = 40;

/** `count` places in an area, the first ones the same whatever the count: where a dot stands tells its area and nothing nearer. */
export function dotsIn(area: Flat, count: number): Point[] {
  const points = area.rings.flat();
  if (points.length === 0) return [];
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const [west, north] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - west, Math.max(...ys) - north];
  const dots: Point[] = [];
  for (let i = 1; dots.length < count && i < count * kTriesADot; i += 1) {
    const point: Point = [west + wide * spread(i, 2), north + high * spread(i, 3)];
    if (holds(area.rings, point)) dots.push(point);
  }
  return dots;
}
