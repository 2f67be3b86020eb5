// The texts of a PDF as somebody finds and copies them: what its pages show, by the ToUnicode tables of its fonts. For PDF as Cairo 1.16 writes it.
// Source: ISO 32000-1, 7.3.8 (streams), 9.4.3 (showing text), 9.10.3 (ToUnicode).
import zlib from 'node:zlib';

/** Object number → { head, stream }. */
function objectsOf(bytes) {
  const text = bytes.toString('latin1'), objects = new Map();
  for (const match of text.matchAll(/(\d+) 0 obj\b/g)) {
    const from = match.index + match[0].length, end = text.indexOf('endobj', from);
    const begin = text.indexOf('stream\n', from);
    const head = text.slice(from, begin > 0 && begin < end ? begin : end);
    let stream = null;
    if (begin > 0 && begin < end) {
      const length = /\/Length (\d+) 0 R/.exec(head), direct = /\/Length (\d+)\b/.exec(head);
      const size = length ? Number(/(\d+)/.exec(text.slice(text.search(new RegExp(`\\b${length[1]} 0 obj`)) + length[1].length + 6))[1]) : Number(direct[1]);
      stream = bytes.subarray(begin + 7, begin + 7 + size);
      if (head.includes('/FlateDecode')) stream = zlib.inflateSync(stream);
    }
    objects.set(Number(match[1]), { head, stream });
  }
  return objects;
}

const unicodeOf = (hex) => Buffer.from(hex, 'hex').swap16().toString('utf16le');

/** Code of a glyph → characters; codes are of `digits` hexadecimal digits. */
function tableOf(cmap) {
  const table = new Map(), text = cmap.toString('latin1');
  let digits = 4;
  const space = /begincodespacerange\s*<([0-9a-fA-F]+)>/.exec(text);
  if (space) digits = space[1].length;
  for (const block of text.matchAll(/beginbfchar([\s\S]*?)endbfchar/g)) {
    for (const [, code, to] of block[1].matchAll(/<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>/g)) table.set(parseInt(code, 16), unicodeOf(to));
  }
  for (const block of text.matchAll(/beginbfrange([\s\S]*?)endbfrange/g)) {
    for (const [, low, high, to] of block[1].matchAll(/<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>/g)) {
      for (let code = parseInt(low, 16), i = 0; code <= parseInt(high, 16); ++code, ++i) table.set(code, unicodeOf((parseInt(to, 16) + i).toString(16).padStart(to.length, '0')));
    }
    for (const [, low, list] of block[1].matchAll(/<([0-9a-fA-F]+)>\s*<[0-9a-fA-F]+>\s*\[([^\]]*)\]/g)) {
      [...list.matchAll(/<([0-9a-fA-F]+)>/g)].forEach((to, i) => table.set(parseInt(low, 16) + i, unicodeOf(to[1])));
    }
  }
  return { table, digits };
}

/** The characters of a literal string, (…), of a font of Latin letters. */
const literal = (text) => Buffer.from(text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))).replace(/\\(.)/g, '$1'), 'latin1').toString('latin1');

/** { pages, text }: what is written, in the order in which it is drawn, without anything between. */
export function readPdf(bytes) {
  const objects = objectsOf(bytes), fonts = new Map();
  for (const [number, { head }] of objects) {
    const unicode = /\/ToUnicode (\d+) 0 R/.exec(head);
    if (unicode) fonts.set(number, tableOf(objects.get(Number(unicode[1])).stream));
  }
  const names = new Map();
  for (const { head } of objects.values()) {
    for (const [, name, number] of head.matchAll(/\/(f-\d+-\d+) (\d+) 0 R/g)) names.set(name, fonts.get(Number(number)));
  }
  let pages = 0, text = '';
  for (const { head, stream } of objects.values()) {
    if (/\/Type \/Page\b/.test(head)) ++pages;
    const drawn = stream?.toString('latin1') ?? '';
    if (!/ Tf\b/.test(drawn)) continue;
    let font = null;
    for (const [, name, hex, plain] of drawn.matchAll(/\/(f-\d+-\d+) \S+ Tf|<([0-9a-fA-F\s]+)>|\(((?:[^\\()]|\\.)*)\)/g)) {
      if (name) font = names.get(name) ?? null;
      const codes = (hex ?? '').replace(/\s/g, '');
      for (let i = 0; font && i < codes.length; i += font.digits) text += font.table.get(parseInt(codes.slice(i, i + font.digits), 16)) ?? '\ufffd';
      if (plain !== undefined) text += literal(plain);
    }
  }
  return { pages, text };
}
