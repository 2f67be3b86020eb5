// Finds the pages of the apps: which page stands behind which door.
// Flow:   apps/*/manifest.json -> `doors` -> the module virtual:tk-pages/<door>, one lazy import per page.
// Shape:  manifest.doors = [{ door: "m", path: "/screening", entry: "ui/m/index.tsx" }], with, where wanted, what src/shell/pages.ts says of a page: `title`
//         (else the app's), `call`, `read`, `write`, `icon`, `help`, `keys`, `ownBar`, `main`, `tab`, `opens`;
//         `rank`: pages of a lower one (0 unless said) stand first, and the first one that a post may use is what the door opens.
//         manifest.parts = [{ at: "person", entry: "ui/person/index.tsx", read: "AlertReceipt" }]: what an app brings to a page of the platform -> the module
//         virtual:tk-parts/<at>. "head-work": below the desk's head, wherever one is; "person": above a person's record; "home-me": on the
//         resident's home, above the notices; "today": what needs somebody now, at work (src/today/today.ts: a function, no component); "code": what is scanned of a person, on the page of his colour (src/shell/pages.ts, PartEntry).
// Errors: a manifest that names a missing entry or a bad path stops the build with the file's name.
// Adding an app edits no file here. APPS="screening;recall" in the environment builds only those.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';

const kVirtual = 'virtual:tk-pages/';
const kVirtualParts = 'virtual:tk-parts/';
const kPlaces = ['head-work', 'person', 'home-me', 'code', 'today'];
const kPathShape = /^\/[a-z0-9-]+(\/[a-z0-9-]+)*$/;

interface DoorEntry {
  door: string;
  path: string;
  entry: string;
  rank?: number;
  title?: Record<string, string>;
  [told: string]: unknown;
}

/** What a page's entry may tell beside door, path, entry and rank, as PageEntry has it. */
const kTold = ['title', 'call', 'read', 'write', 'icon', 'help', 'keys', 'ownBar', 'main', 'tab', 'opens'];

interface PartEntry {
  at: string;
  entry: string;
  [told: string]: unknown;
}

interface Manifest {
  id: string;
  title: Record<string, string>;
  doors?: DoorEntry[];
  parts?: PartEntry[];
}

function readManifests(appsDir: string): { dir: string; manifest: Manifest }[] {
  if (!existsSync(appsDir)) return [];
  const wanted = (process.env['APPS'] ?? '').split(';').filter(Boolean);
  return readdirSync(appsDir, { withFileTypes: true })
    .filter((e) => e.isDirectory() && existsSync(join(appsDir, e.name, 'manifest.json')))
    .filter((e) => wanted.length === 0 || wanted.includes(e.name))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((e) => {
      const dir = join(appsDir, e.name);
      return { dir, manifest: JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest };
    });
}

/** The source text of one door's page table. */
export function pagesModule(appsDir: string, door: string): string {
  const rows: { rank: number; text: string }[] = [];
  for (const { dir, manifest } of readManifests(appsDir)) {
    for (const d of manifest.doors ?? []) {
      if (d.door !== door) continue;
      const file = join(dir, d.entry);
      const where = join(dir, 'manifest.json');
      if (!kPathShape.test(d.path)) throw new Error(`${where}: doors.path "${d.path}" must look like /name`);
      if (!existsSync(file)) throw new Error(`${where}: doors.entry "${d.entry}" does not exist`);
      const unknown = Object.keys(d).find((key) => !['door', 'path', 'entry', 'rank', ...kTold].includes(key));
      if (unknown !== undefined) throw new Error(`${where}: doors has no "${unknown}"`);
      const told = Object.fromEntries(kTold.filter((key) => d[key] !== undefined).map((key) => [key, d[key]]));
      const page = JSON.stringify({ app: manifest.id, title: manifest.title, path: d.path, ...told });
      const text = `{ ...${page}, load: () => import(${JSON.stringify(file)}) }`;
      rows.push({ rank: d.rank ?? 0, text });
    }
  }
  rows.sort((a, b) => a.rank - b.rank);
  return `export const pages = [\n${rows.map((row) => row.text).join(',\n')}\n];\n`;
}

/** The source text of what the apps bring to one place of the platform's pages. */
export function partsModule(appsDir: string, at: string): string {
  const rows: string[] = [];
  for (const { dir, manifest } of readManifests(appsDir)) {
    const where = join(dir, 'manifest.json');
    for (const part of manifest.parts ?? []) {
      if (!kPlaces.includes(part.at)) throw new Error(`${where}: parts.at "${part.at}" must be one of ${kPlaces.join(', ')}`);
      if (part.at !== at) continue;
      const file = join(dir, part.entry);
      if (!existsSync(file)) throw new Error(`${where}: parts.entry "${part.entry}" does not exist`);
      const { at: _, entry: __, ...needs } = part;
      rows.push(`{ ...${JSON.stringify({ ...needs, app: manifest.id })}, load: () => import(${JSON.stringify(file)}) }`);
    }
  }
  return `export const parts = [\n${rows.join(',\n')}\n];\n`;
}

/** App pages live outside this npm project; their bare imports resolve as if they stood in src/. */
export function appsPlugin(options: { appsDir: string; uiDir: string }): Plugin {
  const anchor = join(options.uiDir, 'src', 'shell', 'router.tsx');
  const inside = (file: string): boolean => !relative(options.appsDir, dirname(file)).startsWith('..' + sep);
  return {
    name: 'tk-apps',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (source.startsWith(kVirtual) || source.startsWith(kVirtualParts)) return '\0' + source;
      const bare = !source.startsWith('.') && !source.startsWith('/') && !source.startsWith('\0') && !source.startsWith('@tk/');
      if (importer && bare && inside(importer)) return this.resolve(source, anchor, { skipSelf: true });
      return null;
    },
    load(id) {
      const kind = [kVirtual, kVirtualParts].find((each) => id.startsWith('\0' + each));
      if (kind === undefined) return null;
      for (const { dir } of readManifests(options.appsDir)) this.addWatchFile(join(dir, 'manifest.json'));
      const name = id.slice(kind.length + 1);
      return kind === kVirtual ? pagesModule(options.appsDir, name) : partsModule(options.appsDir, name);
    },
  };
}
