// What differs between two versions of a resource, element by element. Pure.
// Items of a list are held against those that are equal to them, so that one that was put in front does not change all behind it.
// Cost: the square of a list's length, for lists of up to kAlignMax items; longer ones are compared place by place.

export interface Difference {
  path: string; // as FHIR writes it: name[0].given[1]
  before: string | null; // null: it was not there
  after: string | null; // null: it is there no more
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const kAlignMax = 200;
/** What changes with every version. */
const kOwn = new Set(['meta.versionId', 'meta.lastUpdated']);

const isObject = (value: Json | undefined): value is { [name: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Every leaf below a value. */
export function leavesOf(value: Json, path = ''): [path: string, text: string][] {
  if (Array.isArray(value)) return value.flatMap((item, i) => leavesOf(item, `${path}[${i}]`));
  if (isObject(value)) return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, path ? `${path}.${name}` : name));
  return [[path, textOf(value)]];
}

/** Pairs of places in a longest common run of equal items. */
function equalPairs(a: string[], b: string[]): [number, number][] {
  const long = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => long[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) (long[i] as number[])[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

function differLists(a: Json[], b: Json[], path: string): Difference[] {
  const aligned = a.length <= kAlignMax && b.length <= kAlignMax ? equalPairs(a.map((x) => JSON.stringify(x)), b.map((x) => JSON.stringify(x))) : [];
  const found: Difference[] = [];
  let i = 0;
  let j = 0;
  for (const [nextI, nextJ] of [...aligned, [a.length, b.length] as const]) {
    while (i < nextI || j < nextJ) {
      if (i < nextI && j < nextJ) found.push(...differ(a[i++], b[j], `${path}[${j++}]`));
      else if (i < nextI) found.push(...differ(a[i], undefined, `${path}[${i++}]`));
      else found.push(...differ(undefined, b[j], `${path}[${j++}]`));
    }
    i = nextI + 1;
    j = nextJ + 1;
  }
  return found;
}

function differ(a: Json | undefined, b: Json | undefined, path: string): Difference[] {
  if (a === undefined || b === undefined) {
    const side = a === undefined ? 'after' : 'before';
    return leavesOf((a ?? b) as Json, path).map(([at, text]) => ({ path: at, before: side === 'before' ? text : null, after: side === 'after' ? text : null }));
  }
  if (Array.isArray(a) && Array.isArray(b)) return differLists(a, b, path);
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return names.flatMap((name) => differ(a[name], b[name], path ? `${path}.${name}` : name));
  }
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const whole = (value: Json): string => (Array.isArray(value) || isObject(value) ? JSON.stringify(value) : textOf(value));
  return [{ path, before: whole(a), after: whole(b) }];
}

export function difference(before: object, after: object): Difference[] {
  return differ(before as Json, after as Json, '').filter((d) => !kOwn.has(d.path));
}
