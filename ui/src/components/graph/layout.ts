// Where the persons of a chain stand: a column for each generation, within it beside those they are connected to, so that few lines cross. Pure and the same for the same
// chain: nothing moves when it is drawn again.
// Shape:  x is a node's left edge, y its middle; columns from the earliest generation at the left.
// Cost:   kSweeps passes over the edges; thousands of nodes in milliseconds.

export interface GraphNode {
  id: number;
  generation: number;
}
export interface GraphEdge {
  from: number;
  to: number;
}
export interface Place {
  column: number;
  row: number;
  x: number;
  y: number;
}
export interface Layout {
  places: Map<number, Place>;
  columns: { generation: number; ids: number[]; x: number }[];
  width: number;
  height: number;
}

export const kNodeWidth = 176, kNodeHeight = 40;
const kColumnGap = 72, kRowGap = 12, kSweeps = 4;
const kTop = 32; // for the words of a generation

export function layoutOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Layout {
  const generations = [...new Set(nodes.map((n) => n.generation))].sort((a, b) => a - b);
  const columns = generations.map((generation, c) => ({ generation, ids: nodes.filter((n) => n.generation === generation).map((n) => n.id), x: c * (kNodeWidth + kColumnGap) }));
  const beside = new Map<number, number[]>();
  const join = (a: number, b: number): void => {
    const list = beside.get(a);
    if (list) list.push(b);
    else beside.set(a, [b]);
  };
  for (const edge of edges) {
    join(edge.from, edge.to);
    join(edge.to, edge.from);
  }
  const rowOf = new Map<number, number>();
  const settle = (ids: readonly number[]): void => ids.forEach((id, row) => rowOf.set(id, row - (ids.length - 1) / 2));
  for (const column of columns) settle(column.ids);
  const middle = (id: number): number => {
    const rows = (beside.get(id) ?? []).map((other) => rowOf.get(other) ?? 0);
    return rows.length === 0 ? (rowOf.get(id) ?? 0) : rows.reduce((a, b) => a + b, 0) / rows.length;
  };
  for (let sweep = 0; sweep < kSweeps; sweep += 1) {
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const at = new Map(column.ids.map((id) => [id, middle(id)]));
      column.ids.sort((a, b) => (at.get(a) ?? 0) - (at.get(b) ?? 0) || a - b);
      settle(column.ids);
    }
  }
  const tallest = Math.max(1, ...columns.map((c) => c.ids.length));
  const height = kTop + tallest * (kNodeHeight + kRowGap);
  const places = new Map<number, Place>();
  columns.forEach((column, c) =>
    column.ids.forEach((id, row) => places.set(id, { column: c, row, x: column.x, y: kTop + (height - kTop) / 2 + (row - (column.ids.length - 1) / 2) * (kNodeHeight + kRowGap) })),
  );
  return { places, columns, width: columns.length * (kNodeWidth + kColumnGap) - kColumnGap, height };
}

/** Whom a key leads to: up and down in the column, left and right to whom he is connected to, else to who stands nearest there; null: nobody is there. */
export function neighbour(layout: Layout, edges: readonly GraphEdge[], from: number, key: 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'): number | null {
  const place = layout.places.get(from);
  if (!place) return null;
  if (key === 'ArrowUp' || key === 'ArrowDown') return layout.columns[place.column]?.ids[place.row + (key === 'ArrowUp' ? -1 : 1)] ?? null;
  const there = layout.columns[place.column + (key === 'ArrowLeft' ? -1 : 1)]?.ids ?? [];
  const joined = new Set(edges.flatMap((e) => (e.from === from ? [e.to] : e.to === from ? [e.from] : [])));
  const far = (id: number): number => Math.abs((layout.places.get(id)?.y ?? 0) - place.y);
  const near = (ids: readonly number[]): number | null => [...ids].sort((a, b) => far(a) - far(b))[0] ?? null;
  return near(there.filter((id) => joined.has(id))) ?? near(there);
}

/** The line of an edge: from right edge to left edge where it goes forward, beside the column where it stays in it. */
export function lineOf(layout: Layout, edge: GraphEdge): string {
  const a = layout.places.get(edge.from);
  const b = layout.places.get(edge.to);
  if (!a || !b) return '';
  if (a.column === b.column) {
    const x = a.x + kNodeWidth;
    return `M${x} ${a.y}C${x + 40} ${a.y} ${x + 40} ${b.y} ${x} ${b.y}`;
  }
  const forward = a.column < b.column;
  const x1 = forward ? a.x + kNodeWidth : a.x;
  const x2 = forward ? b.x : b.x + kNodeWidth;
  const half = (x1 + x2) / 2;
  return `M${x1} ${a.y}C${half} ${a.y} ${half} ${b.y} ${x2} ${b.y}`;
}
