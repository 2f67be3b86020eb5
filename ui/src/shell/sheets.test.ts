// A class that two stylesheets define is one page drawn by another's rules, once both are loaded: each name stands in one of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const repo = resolve(import.meta.dirname, '../../..');

function sheets(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && e.name.endsWith('.css'))
    .map((e) => join(e.parentPath, e.name));
}

/** Classes that stand alone as a rule's selector, outside of media queries. */
export function classesOf(text: string): string[] {
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}/g, '');
  return [...plain.matchAll(/([^{}]+)\{/g)].flatMap(([, selectors = '']) => selectors.split(',').map((one) => one.trim())).filter((one) => /^\.[\w-]+$/.test(one));
}

test('every class is defined in one stylesheet', () => {
  const places = new Map<string, Set<string>>();
  const apps = readdirSync(join(repo, 'apps')).map((app) => join(repo, 'apps', app));
  for (const file of [join(repo, 'ui/src'), ...apps].flatMap(sheets)) {
    for (const name of classesOf(readFileSync(file, 'utf8'))) places.set(name, (places.get(name) ?? new Set()).add(relative(repo, file)));
  }
  expect(places.size).toBeGreaterThan(200);
  expect([...places].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files].join(', ')}`)).toEqual([]);
  expect(classesOf('/* .a { */ .b { x: y } .c, .d > e { } @media (x) { .f { } } .g {')).toEqual(['.b', '.c', '.g']);
});
