// Every word exists in both languages, with the same gaps to fill in.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const repo = resolve(import.meta.dirname, '../../..');
const apps = readdirSync(join(repo, 'apps')).filter((a) => existsSync(join(repo, 'apps', a, 'ui')));
const own = readdirSync(join(repo, 'ui/src')).map((room) => join(repo, 'ui/src', room, 'locales'));
const folders = [...own, ...apps.flatMap((a) => ['ui/locales', 'ui/city/locales'].map((at) => join(repo, 'apps', a, at)))];

function flat(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path.replace(/_(one|other)$/, ''), value]];
  return Object.entries(value as object).flatMap(([k, v]) => flat(v, path ? `${path}.${k}` : k));
}

function wordsOf(folder: string, language: string): Map<string, string> | null {
  try {
    return new Map(flat(JSON.parse(readFileSync(join(folder, language + '.json'), 'utf8'))));
  } catch {
    return null;
  }
}

describe.each(folders.filter((f) => wordsOf(f, 'zh-CN') !== null))('%s', (folder) => {
  const zh = wordsOf(folder, 'zh-CN') ?? new Map<string, string>();
  const en = wordsOf(folder, 'en') ?? new Map<string, string>();
  const gaps = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '').sort();

  test('has the same keys in Chinese and English', () => {
    expect(zh.size).toBeGreaterThan(10);
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort());
  });

  test('has the same gaps and no empty word', () => {
    for (const [key, text] of zh) {
      expect(gaps(en.get(key) ?? ''), key).toEqual(gaps(text));
      expect(text.trim(), key).not.toBe('');
      expect((en.get(key) ?? '').trim(), key).not.toBe('');
    }
  });
});

/** Every file below `folder` whose name ends in .ts or .tsx, tests apart. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && /\.tsx?$/.test(e.name) && !/\.test\.tsx?$/.test(e.name))
    .map((e) => join(e.parentPath, e.name));
}

test('every word that a page asks for by its full key exists', () => {
  const known = new Set(folders.flatMap((f) => [...(wordsOf(f, 'zh-CN')?.keys() ?? [])]));
  const files = [...sources(join(repo, 'ui/src')), ...apps.flatMap((a) => sources(join(repo, 'apps', a, 'ui')))];
  const asked = files.flatMap((f) => [...readFileSync(f, 'utf8').matchAll(/\b(?:t|shell)\('([\w.-]+)'/g)].map((m) => m[1] ?? ''));
  expect(asked.length).toBeGreaterThan(100);
  expect(asked.filter((k) => !known.has(k))).toEqual([]);
});
