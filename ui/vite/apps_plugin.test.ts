import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pagesModule, partsModule } from './apps_plugin.ts';

let apps: string;
beforeEach(() => (apps = mkdtempSync(join(tmpdir(), 'tk-apps-'))));
afterEach(() => {
  rmSync(apps, { recursive: true });
  vi.unstubAllEnvs();
});

function addApp(id: string, doors: object[], files: string[], parts: object[] = []): void {
  mkdirSync(join(apps, id, 'ui'), { recursive: true });
  for (const f of files) writeFileSync(join(apps, id, f), '');
  writeFileSync(join(apps, id, 'manifest.json'), JSON.stringify({ id, title: { 'zh-CN': id }, doors, parts }));
}

test('a page stands behind the door that its manifest names, and no other', () => {
  addApp('b', [{ door: 'm', path: '/b', entry: 'ui/m.tsx' }], ['ui/m.tsx']);
  addApp('a', [{ door: 'm', path: '/a', entry: 'ui/m.tsx' }, { door: 'work', path: '/a', entry: 'ui/w.tsx' }], ['ui/m.tsx', 'ui/w.tsx']);
  const m = pagesModule(apps, 'm');
  expect(m.indexOf('"/a"')).toBeGreaterThan(0);
  expect(m.indexOf('"/b"')).toBeGreaterThan(m.indexOf('"/a"'));
  expect(pagesModule(apps, 'work')).not.toContain('"/b"');
  expect(pagesModule(apps, 'city')).toBe('export const pages = [\n\n];\n');
});

test('a lower rank stands first; the operation that a page needs is told', () => {
  addApp('a', [{ door: 'm', path: '/a', entry: 'ui/m.tsx', rank: 10, call: 'show' }], ['ui/m.tsx']);
  addApp('b', [{ door: 'm', path: '/b', entry: 'ui/m.tsx' }], ['ui/m.tsx']);
  const m = pagesModule(apps, 'm');
  expect(m.indexOf('"/b"')).toBeLessThan(m.indexOf('"/a"'));
  expect(m.match(/"call":"show"/g)).toHaveLength(1);
});

test('a page may have a title and a help of its own; what nobody knows stops the build', () => {
  addApp('a', [{ door: 'm', path: '/a', entry: 'ui/m.tsx', title: { 'zh-CN': '页' }, help: { 'zh-CN': '用来…' } }], ['ui/m.tsx']);
  const m = pagesModule(apps, 'm');
  expect(m).toContain('"title":{"zh-CN":"页"}');
  expect(m).toContain('"help":{"zh-CN":"用来…"}');
  addApp('b', [{ door: 'm', path: '/b', entry: 'ui/m.tsx', reads: 'Task' }], ['ui/m.tsx']);
  expect(() => pagesModule(apps, 'm')).toThrow(/doors has no "reads"/);
});

test('what an app brings to a page of the platform, with the right that it needs', () => {
  addApp('a', [], ['ui/p.tsx'], [{ at: 'person', entry: 'ui/p.tsx', read: 'Flag' }]);
  expect(partsModule(apps, 'person')).toContain('"read":"Flag","app":"a"');
  expect(partsModule(apps, 'head-work')).toBe('export const parts = [\n\n];\n');
  addApp('b', [], [], [{ at: 'foot', entry: 'ui/p.tsx' }]);
  expect(() => partsModule(apps, 'person')).toThrow(/parts\.at "foot"/);
});

test('APPS chooses', () => {
  addApp('a', [{ door: 'm', path: '/a', entry: 'ui/m.tsx' }], ['ui/m.tsx']);
  addApp('b', [{ door: 'm', path: '/b', entry: 'ui/m.tsx' }], ['ui/m.tsx']);
  vi.stubEnv('APPS', 'b');
  expect(pagesModule(apps, 'm')).not.toContain('"/a"');
});

test('a manifest that names what is not there stops the build, with its file', () => {
  addApp('a', [{ door: 'm', path: '/a', entry: 'ui/none.tsx' }], []);
  expect(() => pagesModule(apps, 'm')).toThrow(/manifest\.json.*ui\/none\.tsx.*does not exist/);
});

test('a path that is no path is refused', () => {
  addApp('a', [{ door: 'm', path: '../x', entry: 'ui/m.tsx' }], ['ui/m.tsx']);
  expect(() => pagesModule(apps, 'm')).toThrow(/must look like/);
});

test('apps without pages and folders without manifest are no error', () => {
  mkdirSync(join(apps, 'empty'));
  addApp('a', [], []);
  expect(pagesModule(apps, 'm')).toBe('export const pages = [\n\n];\n');
});
