// Where an element stands in the text of a resource: for the findings of $validate, which name elements. Pure.

export interface Place {
  line: number; // from 1
  begin: number;
  end: number;
}

const kSpace = /\s/;

/** Each element's path ("name[0].family") with where its name, or the item of a list, begins. Stops where the text is no JSON. */
export function elementsIn(text: string): Map<string, number> {
  const places = new Map<string, number>();
  let at = 0;
  const skip = (): void => {
    while (at < text.length && kSpace.test(text[at] ?? '')) at += 1;
  };
  const string = (): string => {
    const begin = at;
    at += 1;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    return text.slice(begin + 1, at - 1);
  };
  const value = (path: string): boolean => {
    skip();
    const c = text[at];
    if (c === '{') return members(path);
    if (c === '[') return items(path);
    if (c === '"') string();
    else while (at < text.length && !/[\s,\]}]/.test(text[at] ?? '')) at += 1;
    return at <= text.length;
  };
  const members = (path: string): boolean => {
    at += 1;
    for (skip(); text[at] !== '}'; skip()) {
      if (text[at] !== '"') return false;
      const begin = at;
      const name = string();
      const inner = path === '' ? name : `${path}.${name}`;
      places.set(inner, begin);
      skip();
      if (text[at] !== ':') return false;
      at += 1;
      if (!value(inner)) return false;
      skip();
      if (text[at] === ',') at += 1;
      else if (text[at] !== '}') return false;
    }
    at += 1;
    return true;
  };
  const items = (path: string): boolean => {
    at += 1;
    skip();
    for (let i = 0; text[at] !== ']'; i += 1) {
      skip();
      if (at >= text.length) return false;
      places.set(`${path}[${i}]`, at);
      if (!value(`${path}[${i}]`)) return false;
      skip();
      if (text[at] === ',') at += 1;
      else if (text[at] !== ']') return false;
      skip();
    }
    at += 1;
    return true;
  };
  value('');
  return places;
}

/** "Patient.name[0].family" → "name[0].family"; "" for the resource itself. */
const withoutType = (expression: string): string => expression.replace(/^[A-Z]\w*(\.|$)/, '');

function placeAt(text: string, begin: number): Place {
  const after = text.indexOf('\n', begin);
  return { line: text.slice(0, begin).split('\n').length, begin, end: after === -1 ? text.length : after };
}

/** Of an element, or where that does not stand there (it is missing), of what it would stand in; null: nowhere. */
export function placeOf(text: string, expression: string): Place | null {
  if (expression === '') return null;
  const places = elementsIn(text);
  for (let path = withoutType(expression); path !== ''; path = path.replace(/(\.[^.[\]]*|\[\d+\]|^[^.[\]]+)$/, '')) {
    const begin = places.get(path) ?? places.get(path.replace(/\[0\]$/, '')) ?? places.get(path + '[0]');
    if (begin !== undefined) return placeAt(text, begin);
    if (!/[.[]/.test(path)) break;
  }
  const begin = text.indexOf('{');
  return begin === -1 ? null : placeAt(text, begin);
}

/** What the server says of a text that is no JSON: "JSON, line 3, column 7: …". */
export function placeSaid(text: string, said: string): Place | null {
  const [, line, column] = /line (\d+), column (\d+)/.exec(said) ?? [];
  if (line === undefined || column === undefined) return null;
  const before = text.split('\n').slice(0, Number(line) - 1).join('\n');
  const begin = Math.min(text.length, (Number(line) > 1 ? before.length + 1 : 0) + Number(column) - 1);
  return { ...placeAt(text, begin), line: Number(line) };
}
