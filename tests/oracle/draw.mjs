// What a search must find each official example by, worked out without any of our code: the expressions of R4's own SearchParameters, evaluated by
// fhirpath.js, and what R4 search.html 3.1.1.4 says a value of each data type is searched by.
// Usage:  node draw.mjs EXAMPLES_FOLDER SHARD SHARDS EVERY > questions
//         Of R4's own definitions (four fifths of the examples) each EVERY-th, beginning with the first; with -EVERY those that EVERY leaves out.
// Output: for each example a line  + TAB file,  then lines of  type TAB id TAB parameter TAB query; the query is as a client writes it, its
//         values percent-encoded. Read by kernel/search/index_examples_harness.h.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

const [folder, ...given] = process.argv.slice(2);
const [shard, shards, every] = given.map(Number);
const kFileBytesMax = 4_000_000; // above are R4's own definitions gathered in Bundles, whose entries are examples by themselves
const kPerParameterMax = 12; // values of one parameter of one resource: some have thousands of alike ones

const definitions = JSON.parse(readFileSync(join(folder, 'Bundle-searchParams.json'), 'utf8'))
  .entry.map(entry => entry.resource);
const kResourceTypes = new Set(definitions.flatMap(parameter => parameter.base));
const byUrl = new Map(definitions.map(parameter => [parameter.url, parameter]));
// Not offered here (docs/api.md), or no matter of the resource's text: _lastUpdated is when it was written here.
const kNotAsked = new Set(['_text', '_content', '_list', '_query', '_filter', '_lastUpdated', '_type', '_has']);

/// The parts of a union that say something of `type`; all where none can be told. Each is evaluated by itself: a union compares its items, and
/// fhirpath.js does not compare a quantity with a comparator.
function partsOf(expression, type) {
  const parts = [];
  let depth = 0, begin = 0;
  for (let i = 0; i <= expression.length; ++i) {
    const c = expression[i];
    if (c === '(') ++depth;
    if (c === ')') --depth;
    if (i === expression.length || (c === '|' && depth === 0)) {
      parts.push(expression.slice(begin, i).trim());
      begin = i + 1;
    }
  }
  const own = parts.filter(part => [type, 'Resource', 'DomainResource'].includes(/[A-Za-z]+/.exec(part)?.[0]));
  return own.length > 0 ? own : parts;
}
const valuesOf = (parameter, type, resource) =>
  partsOf(parameter.expression, type).flatMap(part => evaluate(part, resource));

const compiled = new Map();
const options = { resolveInternalTypes: false };
/// fhirpath.js fetches what resolve() names; which type a reference names stands in it.
function evaluate(expression, resource, context) {
  let of = null;
  const plain = expression.replace(/\.where\(resolve\(\) is (\w+)\)/g, (_, type) => { of = type; return ''; })
    // "as" takes a single item; R4 writes it where there may be several and means those of the type.
    .replace(/\(([\w.]+) as (\w+)\)/g, '$1.ofType($2)').replace(/\.as\((\w+)\)/g, '.ofType($1)')
    .replace(/^([\w.]+) as (\w+)$/, '$1.ofType($2)');
  if (!compiled.has(plain)) compiled.set(plain, fhirpath.compile(plain, r4, options));
  let items = compiled.get(plain)(context ?? resource, { resource });
  const types = fhirpath.types(items);
  items = items.map((item, i) => ({ item: plainOf(item), type: types[i].replace(/^(FHIR|System)\./, ''), node: item }));
  // "as uri" takes no canonical: of simple types it takes exactly the one (HL7's suite of FHIRPath, testFHIRPathAsFunction11).
  const exactly = /\.ofType\(([a-z]\w*)\)\)*$/.exec(plain)?.[1];
  if (exactly !== undefined) items = items.filter(({ type }) => type === exactly);
  return of === null ? items : items.filter(({ item }) => [of, undefined].includes(typeOfReference(item, resource)));
}
const plainOf = item => (item !== null && typeof item === 'object' && 'data' in item && 'path' in item ? item.data : item);
/// Of an absolute address the type that it ends in, where it does: undefined for others, and for one by identifier or display that does not say its
/// type. Those count as references to any (docs/api.md).
function typeOfReference(reference, resource) {
  const text = reference.reference ?? '';
  if (text.startsWith('#')) return (resource.contained ?? []).find(each => '#' + each.id === text)?.resourceType;
  const named = /^(?:\w+:\/\/.+\/)?([A-Z]\w+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[^/]+)?$/.exec(text)?.[1];
  if (text) return kResourceTypes.has(named) ? named : /:\/\/|^urn:/.test(text) ? undefined : '';
  return reference.type ?? (reference.identifier || reference.display ? undefined : '');
}

const written = text => encodeURIComponent(String(text).replace(/[\\,|$]/g, '\\$&')).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase());
const isWord = text => /[\p{L}\p{N}]/u.test(text);
const list = value => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function* tokens({ item, type }) {
  if (typeof item !== 'object') return void (yield ['', written(item)]);
  if (type === 'ContactPoint') { // nobody minds the case of an address
    if (item.value) yield ['', written(item.value)], yield ['', written(item.value.replace(/[a-z]/g, c => c.toUpperCase()))];
    return;
  }
  const one = function* (system, code) {
    if (code !== undefined && code !== '') {
      yield ['', written(code)];
      yield ['', (system ? written(system) : '') + '|' + written(code)];
    }
    if (system) yield ['', written(system) + '|'];
  };
  if (type === 'Identifier') return void (yield* one(item.system, item.value));
  if (type === 'Coding') return void (yield* one(item.system, item.code));
  for (const coding of list(item.coding)) yield* one(coding.system, coding.code);
  if (item.text && isWord(item.text)) yield [':text', written(item.text)];
}
function* strings({ item }) {
  const texts = typeof item === 'string' ? [item]
    : ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country']
      .flatMap(name => list(item[name]));
  for (const text of texts) {
    if (typeof text !== 'string') continue;
    yield [':exact', written(text)];
    if (!isWord(text)) continue; // nothing is left of it when case and punctuation are folded
    yield ['', written(text)];
    const points = [...text], half = points.slice(points.length >> 1).join('');
    yield [':contains', written(isWord(half) ? half : text)];
  }
}
function* dates({ item, type }) {
  if (['date', 'dateTime', 'instant'].includes(type)) return void (yield ['', written(item)]);
  if (typeof item !== 'object') return; // "CarePlan.activity.detail.scheduled" may be a string: no date
  if (type === 'Timing') {
    for (const event of list(item.event)) yield ['ge', written(event)], yield ['le', written(event)];
    item = item.repeat?.boundsPeriod ?? {};
  }
  if (item.start) yield ['ge', written(item.start)];
  if (item.end) yield ['le', written(item.end)];
}
function* numbers({ item }) {
  yield ['', written(item)];
  yield ['ge', written(item)];
  yield ['le', written(item)];
}
function* quantities({ item, type }) {
  if (type === 'Range') {
    if (item.low?.value !== undefined) yield ['ge', written(item.low.value)];
    if (item.high?.value !== undefined) yield ['le', written(item.high.value)];
    return;
  }
  if (item.value === undefined) return;
  const units = [''];
  const [system, code] = type === 'Money' ? ['urn:iso:std:iso:4217', item.currency] : [item.system, item.code];
  if (system && code) units.push(`|${written(system)}|${written(code)}`);
  for (const unit of new Set([code, item.unit])) if (unit) units.push(`||${written(unit)}`);
  // A comparator makes a range with one end of the number (docs/api.md).
  const prefixes = { undefined: ['', 'ge', 'le'], '>': ['gt', 'ge'], '>=': ['gt', 'ge'], '<': ['lt', 'le'], '<=': ['lt', 'le'] }[item.comparator];
  // Numbers are told apart to 15 digits (docs/api.md).
  const value = String(item.value).replace(/\D/g, '').length > 15 ? Number(item.value.toPrecision(15)) : item.value;
  for (const unit of units) for (const prefix of prefixes) yield [value === item.value ? prefix : '', written(value) + unit];
}
function* references({ item, type }, parameter) {
  if (typeof item !== 'object') { // canonical, uri
    if (!item.startsWith('#')) yield ['', written(item)]; // what is contained is no resource of its own
    return;
  }
  if (item.resourceType !== undefined) { // it stands there whole: R4 search.html 3.1.1.4.12, the last paragraph
    const { resourceType, id } = item;
    if (id) yield ['', written(id)], yield ['', written(`${resourceType}/${id}`)], yield [`:${resourceType}`, written(id)];
    return;
  }
  if (type === 'Reference' || type === 'BackboneElement') {
    const text = item.reference;
    if (text && !text.startsWith('#')) {
      const local = /^([A-Z]\w+)\/([A-Za-z0-9.-]{1,64})(\/_history\/.*)?$/.exec(text);
      yield ['', written(local ? `${local[1]}/${local[2]}` : text)];
      // Some examples refer to types that the parameter does not lead to: an id alone is not sought there.
      if (local && (!parameter.target || parameter.target.includes(local[1]))) {
        yield ['', written(local[2])];
        yield [`:${local[1]}`, written(local[2])];
      }
    }
    const { system, value } = item.identifier ?? {};
    if (value) yield [':identifier', (system ? written(system) + '|' : '') + written(value)];
  }
}
function* uris({ item }) { yield ['', written(item)]; }
function* places({ item }) {
  if (item.latitude !== undefined) yield ['', `${item.latitude}%7C${item.longitude}%7C1%7Ckm`];
}
const kAsked = { token: tokens, string: strings, date: dates, number: numbers, quantity: quantities, reference: references, uri: uris, special: places };

/// "modifier-or-prefix, value" as one query.
const queryOf = (code, [form, value]) => (form.startsWith(':') ? `${code}${form}=${value}` : `${code}=${form}${value}`);

function* composites(parameter, type, resource) {
  for (const { node } of valuesOf(parameter, type, resource)) {
    let all = [''];
    for (const component of parameter.component) {
      const definition = byUrl.get(component.definition);
      const values = partsOf(component.expression, type).flatMap(part => evaluate(part, resource, node))
        .flatMap(item => [...kAsked[definition.type](item, definition)]).filter(([form]) => !form.startsWith(':'))
        .map(([prefix, value]) => prefix + value).slice(0, 3);
      all = all.flatMap(before => values.map(value => (before === '' ? value : `${before}$${value}`)));
    }
    yield* all.slice(0, 9);
  }
}

const kChainsMax = 6; // parameters of one nested resource that are asked by a chain
/// What stands within, or is contained and referred to, is asked by chains: R4 search.html 3.1.1.5.5.
function* chains(parameter, { item }, resource) {
  const text = typeof item === 'object' ? item.reference : item;
  const nested = item.resourceType !== undefined ? item
    : typeof text === 'string' && text.startsWith('#') ? list(resource.contained).find(each => '#' + each.id === text) : undefined;
  if (nested === undefined || (parameter.target && !parameter.target.includes(nested.resourceType))) return;
  let count = 0;
  for (const own of parametersFor(nested.resourceType)) {
    if (own.code.startsWith('_') || own.type === 'special') continue;
    const asked = questions(own, nested.resourceType, nested).filter(query => !query.includes(`${own.code}:missing=true`));
    if (asked.length === 0) continue;
    yield `${parameter.code}:${nested.resourceType}.${asked[0]}`;
    yield `${parameter.code}:${nested.resourceType}.${asked.at(-1)}`;
    if (++count === kChainsMax) return;
  }
}

/// What one parameter must find the resource by.
function questions(parameter, type, resource) {
  const { code } = parameter;
  if (parameter.type === 'composite') {
    const found = [...new Set([...composites(parameter, type, resource)])];
    return found.map(value => `${code}=${value}`);
  }
  const isMeant = ({ item }) => item.resourceType === undefined || !parameter.target || parameter.target.includes(item.resourceType);
  const items = valuesOf(parameter, type, resource).filter(({ item }) => item !== null && item !== undefined)
    .filter(each => parameter.type !== 'reference' || isMeant(each));
  const asked = [...new Set(items.slice(0, 200).flatMap(item => [...kAsked[parameter.type](item, parameter)]).map(each => queryOf(code, each)))];
  const step = Math.max(1, Math.floor(asked.length / kPerParameterMax)); // from the first to the last, evenly
  const some = asked.filter((_, i) => i % step === 0);
  const chained = parameter.type !== 'reference' ? [] : [...new Set(items.slice(0, 3).flatMap(item => [...chains(parameter, item, resource)]))];
  if (asked.length === 0 && chained.length === 0 && items.length > 0) // a reference is there, if by its display alone
    return parameter.type === 'reference' && items.some(item => item.type === 'Reference') ? [`${code}:missing=false`] : [];
  return [...some, ...chained, `${code}:missing=${items.length === 0}`];
}

const parametersOf = new Map();
function parametersFor(type) {
  if (!parametersOf.has(type)) {
    parametersOf.set(type, definitions.filter(parameter => parameter.expression && !kNotAsked.has(parameter.code) &&
      (parameter.base.includes(type) || parameter.base.includes('Resource') || parameter.base.includes('DomainResource'))));
  }
  return parametersOf.get(type);
}

const kDefinition = /^(SearchParameter|ValueSet|CodeSystem|StructureDefinition|ConceptMap|OperationDefinition|CompartmentDefinition)-/;
let definitionsSeen = 0;
/// Is it of this run?
function isMeant(name) {
  if (!name.endsWith('.json') || name === 'package.json' || name.startsWith('.')) return false;
  const rest = kDefinition.test(name) ? definitionsSeen++ % Math.abs(every) : 0;
  return every > 0 ? rest === 0 : rest !== 0;
}

let count = 0;
const seen = new Set();
for (const name of readdirSync(folder).sort()) {
  const path = join(folder, name);
  if (!isMeant(name) || count++ % shards !== shard || statSync(path).size > kFileBytesMax) continue;
  const resource = JSON.parse(readFileSync(path, 'utf8')), { resourceType: type, id } = resource;
  if (!type || !id || seen.has(`${type}/${id}`)) continue; // some are there twice, under two names
  seen.add(`${type}/${id}`);
  const lines = [`+\t${path}\n`];
  for (const parameter of parametersFor(type)) {
    for (const query of questions(parameter, type, resource)) lines.push(`${type}\t${id}\t${parameter.code}\t${query}\n`);
  }
  process.stdout.write(lines.join(''));
}
