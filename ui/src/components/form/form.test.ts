import { expect, test } from 'vitest';
import { keepDraft, readDraft, type Shelf } from './draft';
import { type Filled, initialOf, isEnabled, type Item, knownOf, kNothing, placesOf, problemsOf, type Questionnaire, type Raw, responseOf, withoutCopy } from './model';

const form = (...item: Item[]): Questionnaire => ({ resourceType: 'Questionnaire', url: 'http://x/q', version: '2', item });
const filled = (values: Record<string, Raw[]>, copies: Record<string, number> = {}): Filled => ({ values, copies });
const kCode = (code: string): { system: string; code: string } => ({ system: 'http://x/c', code });
const enabled = (q: Questionnaire, linkId: string, now: Filled, path = linkId): boolean => isEnabled(knownOf(q).items.get(linkId) as Item, path, now, knownOf(q));

const count = form(
  { linkId: 'counted', type: 'decimal', required: true },
  { linkId: 'damaged', type: 'decimal' },
  { linkId: 'usable', type: 'decimal', readOnly: true, required: true },
  { linkId: 'why', type: 'string', required: true, maxLength: 4, enableWhen: [{ question: 'damaged', operator: '>', answerDecimal: 0 }] },
);

test('a question stands there when its condition holds, and what is hidden is not asked for nor sent', () => {
  expect(enabled(count, 'why', filled({ damaged: ['0'] }))).toBe(false);
  expect(enabled(count, 'why', filled({ damaged: ['2'] }))).toBe(true);
  expect(enabled(count, 'why', filled({ damaged: ['two'] }))).toBe(false);
  expect([...problemsOf(count, kNothing)]).toEqual([['counted', 'required']]);
  expect([...problemsOf(count, filled({ counted: ['5'], damaged: ['1'], why: ['压坏了一箱'] }))]).toEqual([['why', 'long']]);
  expect(responseOf(count, filled({ counted: [' 5 '], damaged: ['0'], why: ['压坏'], usable: ['9'] })).item).toEqual([{ linkId: 'counted', answer: [{ valueDecimal: 5 }] }, { linkId: 'damaged', answer: [{ valueDecimal: 0 }] }]);
  expect(responseOf(count, kNothing)).toEqual({ resourceType: 'QuestionnaireResponse', questionnaire: 'http://x/q|2', status: 'completed' });
});

test('conditions: codes, yes and no, exists, all or any; answers to what is hidden do not count', () => {
  const q = form(
    { linkId: 'form', type: 'choice' },
    { linkId: 'travelled', type: 'boolean', enableWhen: [{ question: 'form', operator: '=', answerCoding: kCode('a') }] },
    { linkId: 'where', type: 'string', enableWhen: [{ question: 'travelled', operator: '=', answerBoolean: true }] },
    { linkId: 'any', type: 'string', enableBehavior: 'any', enableWhen: [{ question: 'where', operator: 'exists', answerBoolean: true }, { question: 'form', operator: '=', answerCoding: kCode('b') }] },
    { linkId: 'none', type: 'string', enableWhen: [{ question: 'form', operator: 'exists', answerBoolean: false }] },
  );
  const asked = (values: Record<string, Raw[]>): string[] => ['travelled', 'where', 'any', 'none'].filter((id) => enabled(q, id, filled(values)));
  expect(asked({})).toEqual(['none']);
  expect(asked({ form: [kCode('a')], travelled: [true], where: ['武州'] })).toEqual(['travelled', 'where', 'any']);
  expect(asked({ form: [kCode('b')], travelled: [true], where: ['武州'] })).toEqual(['any']);
});

test('questions that wait for one another are not asked, and end nothing', () => {
  const q = form({ linkId: 'a', type: 'string', enableWhen: [{ question: 'b', operator: 'exists', answerBoolean: true }] }, { linkId: 'b', type: 'string', enableWhen: [{ question: 'a', operator: 'exists', answerBoolean: true }] });
  expect(enabled(q, 'a', filled({ a: ['x'], b: ['y'] }))).toBe(false);
});

const visits = form({
  linkId: 'contact', type: 'group', repeats: true,
  item: [{ linkId: 'name', type: 'string', required: true }, { linkId: 'mask', type: 'boolean' }, { linkId: 'why', type: 'string', required: true, enableWhen: [{ question: 'mask', operator: '=', answerBoolean: false }] }],
});

test('a repeated group: each copy for itself, one taken out moves the others up', () => {
  const group = visits.item?.[0] as Item;
  const now = filled({ 'contact#0/name': ['张'], 'contact#0/mask': [true], 'contact#1/name': ['李'], 'contact#1/mask': [false], 'contact#2/name': ['王'] }, { contact: 3 });
  expect(placesOf(group, '', now)).toEqual(['contact#0', 'contact#1', 'contact#2']);
  expect([...problemsOf(visits, now)]).toEqual([['contact#1/why', 'required']]);
  const less = withoutCopy(now, 'contact', 1);
  expect(less).toEqual(filled({ 'contact#0/name': ['张'], 'contact#0/mask': [true], 'contact#1/name': ['王'] }, { contact: 2 }));
  expect(responseOf(visits, less).item).toEqual([
    { linkId: 'contact', item: [{ linkId: 'name', answer: [{ valueString: '张' }] }, { linkId: 'mask', answer: [{ valueBoolean: true }] }] },
    { linkId: 'contact', item: [{ linkId: 'name', answer: [{ valueString: '王' }] }] },
  ]);
});

test('each kind of value, as FHIR has it; what is plainly wrong is told', () => {
  const unit = { url: 'http://hl7.org/fhir/StructureDefinition/questionnaire-unit', valueCoding: { system: 'http://unitsofmeasure.org', code: 'Cel', display: '°C' } };
  const most = { url: 'http://hl7.org/fhir/StructureDefinition/maxValue', valueDecimal: 43 };
  const q = form(
    { linkId: 't', type: 'quantity', extension: [unit, most] }, { linkId: 'n', type: 'integer' }, { linkId: 'd', type: 'date' }, { linkId: 'at', type: 'time' }, { linkId: 'c', type: 'choice', repeats: true },
    { linkId: 'p', type: 'attachment' }, { linkId: 'r', type: 'reference' }, { linkId: 'say', type: 'display', text: '请核对' },
  );
  const now = filled({ t: ['37.6'], n: ['3'], d: ['2026-11-24'], at: ['09:05'], c: [kCode('x'), kCode('y')], p: [{ contentType: 'image/png', data: 'AA==' }], r: ['StockItem/1'] });
  expect(responseOf(q, now).item?.flatMap((i) => i.answer)).toEqual([
    { valueQuantity: { value: 37.6, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } }, { valueInteger: 3 }, { valueDate: '2026-11-24' }, { valueTime: '09:05:00' }, { valueCoding: kCode('x') }, { valueCoding: kCode('y') },
    { valueAttachment: { contentType: 'image/png', data: 'AA==' } }, { valueReference: { reference: 'StockItem/1' } },
  ]);
  expect([...problemsOf(q, filled({ t: ['99'], n: ['1.5'], d: ['24/11'], at: ['9'], r: ['x'] })).values()]).toEqual(['large', 'whole', 'date', 'time', 'reference']);
  expect(responseOf(form({ linkId: 'w', type: 'dateTime' }), filled({ w: ['2026-11-24T09:05'] })).item?.[0]?.answer?.[0]?.valueDateTime).toMatch(/^2026-11-24T09:05:00[+-]\d\d:\d\d$/);
});

test('a repeated group of which nothing is filled in is left out; one that must be there, or was begun, is not', () => {
  const group = { linkId: 'place', type: 'group', repeats: true, item: [{ linkId: 'where', type: 'string', required: true }, { linkId: 'car', type: 'string' }] };
  expect(problemsOf(form(group), kNothing).size).toBe(0);
  expect([...problemsOf(form(group), filled({ 'place#0/car': ['K1'] })).keys()]).toEqual(['place#0/where']);
  expect([...problemsOf(form({ ...group, required: true }), kNothing).keys()]).toEqual(['place#0/where']);
});

test('what is given first stands there', () => {
  expect(initialOf(form({ linkId: 'g', type: 'group', item: [{ linkId: 'a', type: 'decimal', initial: [{ valueDecimal: 36.5 }] }, { linkId: 'b', type: 'boolean', initial: [{ valueBoolean: false }] }] }))).toEqual(filled({ 'g/a': ['36.5'], 'g/b': [false] }));
});

test('a draft outlives a reload, without photos; what cannot be read is none', () => {
  const kept = new Map<string, string>();
  const shelf: Shelf = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, v), removeItem: (k) => void kept.delete(k) };
  keepDraft(shelf, 'q', filled({ a: ['x'], p: [{ data: 'AA==' }] }, { g: 2 }));
  expect(readDraft(shelf, 'q')).toEqual(filled({ a: ['x'], p: [] }, { g: 2 }));
  keepDraft(shelf, 'q', null);
  expect(readDraft(shelf, 'q')).toBeNull();
  kept.set('tk.form.q', '{"values":{"a":"x","b":[1]},"copies":{"g":-1}}');
  expect(readDraft(shelf, 'q')).toEqual(kNothing);
  kept.set('tk.form.q', 'no json');
  expect(readDraft(shelf, 'q')).toBeNull();
});
