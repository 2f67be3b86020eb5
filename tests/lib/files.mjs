// Searching what lies on disk for what must not be there.
import fs from 'node:fs';
import path from 'node:path';

/** The files of a folder that hold one of the strings, plainly, in UTF-16 or in base64. */
export function filesWith(folder, strings) {
  const needles = strings.flatMap((text) => [Buffer.from(text), Buffer.from(text.toLowerCase()), Buffer.from(text.toUpperCase()),
    Buffer.from(text, 'utf16le'), Buffer.from(Buffer.from(text).toString('base64').replace(/.{0,2}=*$/, ''))]);
  const found = [];
  for (const file of fs.readdirSync(folder, { recursive: true })) {
    const full = path.join(folder, file.toString());
    if (!fs.statSync(full, { throwIfNoEntry: false })?.isFile()) continue;
    const bytes = fs.readFileSync(full);
    for (const needle of needles) if (bytes.includes(needle)) found.push(`${full}: ${needle}`);
  }
  return found;
}
