// Synthea's bundles, when they are there: unpacked into a folder, one transaction a file, each resource put into one measured area.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { root } from '../tests/lib/server.mjs';
import { kMeasuredArea } from './house.mjs';

const kArchive = 'blaze-synthea-transactions-bz2.tar';

/** The archive in TK_SHARED (default ../shared); '' when it is not there. */
export function syntheaArchive() {
  const shared = process.env.TK_SHARED ?? path.join(root, '../shared');
  const file = path.join(shared, 'corpora/synthea', kArchive);
  return fs.existsSync(file) ? file : '';
}

/** Answers { folder, first, bundles, resources, bytes }: `first` holds what others name by condition and is sent before. */
export function unpackSynthea(archive, most = Infinity) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tk-bench-synthea-'));
  execFileSync('tar', ['xf', archive, '-C', folder]);
  const packed = execFileSync('find', [folder, '-name', '*.bz2'], { encoding: 'utf8' }).trim().split('\n').sort();
  const out = { folder, first: path.join(folder, 'first'), rest: path.join(folder, 'rest'), bundles: 0, resources: 0, bytes: 0 };
  fs.mkdirSync(out.first);
  fs.mkdirSync(out.rest);
  for (const file of packed) {
    const text = execFileSync('bzip2', ['-dc', file], { encoding: 'utf8', maxBuffer: 1 << 29 });
    const bundle = JSON.parse(text);
    const isFirst = /hospital|practitioner/i.test(path.basename(file));
    if (!isFirst && out.bundles >= most) continue;
    for (const { resource } of bundle.entry) {
      resource.meta ??= {};
      (resource.meta.tag ??= []).push({ system: 'http://tongkang.dev/fhir/sid/area', code: kMeasuredArea });
      delete resource.meta.profile;  // profiles are another step of the platform
    }
    const minified = JSON.stringify(bundle);
    fs.writeFileSync(path.join(isFirst ? out.first : out.rest, path.basename(file).replace(/\.bz2$/, '')), minified);
    if (isFirst) continue;
    out.bundles++;
    out.resources += bundle.entry.length;
    out.bytes += minified.length;
  }
  return out;
}
