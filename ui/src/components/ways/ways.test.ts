import { expect, test } from 'vitest';
import { lockedIn, limitOf, type Part, problemIn, spokenIn, stepsIn, valuesOf, waysIn } from './ways';

const said = (name: string, zh: string, en: string): Part => ({
  name, valueString: zh, _valueString: { extension: [{ extension: [{ url: 'lang', valueCode: 'en' }, { url: 'content', valueString: en }] }] },
});
const kTold: Part[] = [
  { name: 'workflow', valueString: 'contacts.watch|2' }, { name: 'state', valueCode: 'observation' }, said('title', '观察中', 'Observed'),
  { name: 'due', valueInstant: '2026-11-24T08:00:00Z' },
  { name: 'transition', part: [{ name: 'code', valueCode: 'convert' }, said('title', '转为病例', 'Make him a case'), { name: 'to', valueCode: 'case' }, { name: 'may', valueBoolean: true }, { name: 'post', valueCode: 'contact-investigator' }, { name: 'reason', valueCode: 'optional' },
    { name: 'input', part: [{ name: 'name', valueString: 'form' }, said('title', '分类', 'Classification'), { name: 'type', valueCode: 'code' }, { name: 'required', valueBoolean: true }, { name: 'code', valueCode: 'confirmed' }, { name: 'code', valueCode: 'suspected' }] },
    { name: 'input', part: [{ name: 'name', valueString: 'onset' }, said('title', '发病日期', 'Onset'), { name: 'type', valueCode: 'date' }, { name: 'required', valueBoolean: false }] }] },
  { name: 'transition', part: [{ name: 'code', valueCode: 'release' }, said('title', '解除观察', 'Release'), { name: 'may', valueBoolean: false }, { name: 'why', valueString: 'Your post may not make the transition release.' }, { name: 'post', valueCode: 'platform' }, said('unmet', '观察期未满', 'The days are not over'), said('unmet', '阴性检测次数不够', 'Negative tests are missing')] },
  { name: 'transition', part: [{ name: 'code', valueCode: 'lose' }, said('title', '列为失访', 'Lost'), { name: 'may', valueBoolean: false }, { name: 'post', valueCode: 'platform' }, said('unmet', '次数还不够', 'Not often enough')] },
];

test('ways are read with what they ask for and what they lack', () => {
  const ways = waysIn(kTold);
  expect([ways.state, ways.title.en, ways.dueMs]).toEqual(['observation', 'Observed', Date.parse('2026-11-24T08:00:00Z')]);
  expect(ways.ways.map((w) => [w.code, w.may, w.reason, w.inputs.map((i) => [i.name, i.type, i.required, i.codes.length])])).toEqual([['convert', true, false, [['form', 'code', true, 2], ['onset', 'date', false, 0]]], ['release', false, false, []], ['lose', false, false, []]]);
  // Of the platform's own the page names which are told: a release is, what nobody asks for is not.
  expect(lockedIn(ways, 'contact-investigator', ['release']).map((w) => w.unmet.map((u) => u.zh))).toEqual([['观察期未满', '阴性检测次数不够']]);
  expect(lockedIn(ways, 'contact-investigator', [])).toEqual([]);
});

test('what was filled in goes as the type that the way asks for, and nothing where nothing was', () => {
  const inputs = [['n', 'integer'], ['d', 'decimal'], ['b', 'boolean'], ['r', 'Reference'], ['c', 'code'], ['w', 'date'], ['e', 'string']].map(([name = '', type = '']) => ({ name, type, title: { zh: '', en: '' }, required: false, codes: [] }));
  expect(valuesOf(inputs, { n: '3', d: '37.6', b: 'false', r: 'Practitioner/1', c: 'x', w: '2026-11-20', e: ' ' })).toEqual({ n: { valueInteger: 3 }, d: { valueDecimal: 37.6 }, b: { valueBoolean: false }, r: { valueReference: { reference: 'Practitioner/1' } }, c: { valueCode: 'x' }, w: { valueDate: '2026-11-20' } });
  const of = (type: string, required: boolean, text: string): unknown => problemIn({ name: 'x', title: { zh: '', en: '' }, type, required, codes: [] }, text);
  expect([of('decimal', false, '37,6'), of('decimal', true, ''), of('integer', false, '3.5'), of('string', false, ''), of('decimal', true, '37.6'), of('Reference', true, '小李'), of('Reference', true, 'Practitioner/li')]).toEqual(['number', 'required', 'whole', null, null, 'reference', null]);
});

test('a guard speaks the reader\'s language, anything else stays whole', () => {
  expect([spokenIn('观察期未满 / The days are not over', 'zh-CN'), spokenIn('观察期未满 / The days are not over', 'en'), spokenIn('a / b', 'en'), spokenIn('not from here', 'zh-CN')]).toEqual(['观察期未满', 'The days are not over', 'a / b', 'not from here']);
});

test('the steps of a record, and the limit by which it is late', () => {
  const steps = stepsIn([{ name: 'step', part: [{ name: 'state', valueCode: 'accepted' }, { name: 'transition', valueCode: 'accept' }, { name: 'at', valueInstant: '2026-11-24T08:00:00Z' }, { name: 'by', valueReference: { identifier: { value: 'li' } } }] }, { name: 'limit', part: [{ name: 'state', valueCode: 'accepted' }] }]);
  expect(steps.map((s) => [s.state, s.transition, s.by, s.isLimit])).toEqual([['accepted', 'accept', 'li', false], ['accepted', '', '', true]]);
  const marked = { resourceType: 'Task', extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/workflow', extension: [{ url: 'due', valueInstant: '2026-11-24T08:00:00Z' }, { url: 'due', valueInstant: '2026-11-24T10:00:00Z' }] }] };
  expect([limitOf(marked), limitOf({ resourceType: 'Task' })]).toEqual([Date.parse('2026-11-24T08:00:00Z'), null]);
});
