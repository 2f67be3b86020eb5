import { expect, test } from 'vitest';
import { kNodeHeight, kNodeWidth, layoutOf, lineOf, neighbour } from './layout';

const kNodes = [
  { id: 0, generation: 0 }, { id: 1, generation: 1 }, { id: 2, generation: 1 }, { id: 3, generation: 1 }, { id: 4, generation: 2 }, { id: 5, generation: 2 }, { id: 6, generation: -1 },
];
const kEdges = [
  { from: 6, to: 0 }, { from: 0, to: 1 }, { from: 0, to: 2 }, { from: 0, to: 3 }, { from: 3, to: 4 }, { from: 1, to: 5 }, { from: 1, to: 2 },
];

test('generations are columns from the earliest, nobody stands on another, and the same chain stands the same', () => {
  const layout = layoutOf(kNodes, kEdges);
  expect(layout.columns.map((c) => c.generation)).toEqual([-1, 0, 1, 2]);
  const places = [...layout.places.entries()];
  expect(places.length).toBe(kNodes.length);
  for (const [i, a] of places) {
    for (const [j, b] of places) if (i < j && a.column === b.column) expect(Math.abs(a.y - b.y)).toBeGreaterThan(kNodeHeight);
    expect(a.x >= 0 && a.x + kNodeWidth <= layout.width && a.y - kNodeHeight / 2 >= 0 && a.y + kNodeHeight / 2 <= layout.height).toBe(true);
  }
  expect(layoutOf([...kNodes], [...kEdges])).toEqual(layout);
});

test('who is connected stands beside: lines of two generations do not cross without need', () => {
  const { columns } = layoutOf(kNodes, kEdges);
  const [first = [], second = []] = [columns[2]?.ids, columns[3]?.ids];
  expect(first.indexOf(3) < first.indexOf(1)).toBe(second.indexOf(4) < second.indexOf(5));
});

test('arrow keys go along the lines, and stop at the border', () => {
  const layout = layoutOf(kNodes, kEdges);
  expect(neighbour(layout, kEdges, 0, 'ArrowLeft')).toBe(6);
  expect([1, 2, 3]).toContain(neighbour(layout, kEdges, 0, 'ArrowRight'));
  expect(neighbour(layout, kEdges, 3, 'ArrowRight')).toBe(4);
  expect(neighbour(layout, kEdges, 6, 'ArrowLeft')).toBeNull();
  const column = layout.columns[2]?.ids ?? [];
  expect(neighbour(layout, kEdges, column[0] ?? -1, 'ArrowDown')).toBe(column[1]);
  expect(neighbour(layout, kEdges, column[0] ?? -1, 'ArrowUp')).toBeNull();
});

test('a line within a generation goes beside the column, one to nowhere is none; thousands are drawn at once', () => {
  const layout = layoutOf(kNodes, kEdges);
  expect(lineOf(layout, { from: 1, to: 2 })).toMatch(/^M\d/);
  expect(lineOf(layout, { from: 1, to: 99 })).toBe('');
  const many = Array.from({ length: 2000 }, (_, id) => ({ id, generation: id === 0 ? 0 : 1 + (id % 3) }));
  expect(layoutOf(many, many.slice(1).map((n) => ({ from: Math.floor((n.id - 1) / 5), to: n.id }))).places.size).toBe(2000);
});
