import { expect, test } from 'vitest';
import { asksFor, canFill, formOf, openWays, parametersOf, waysOf } from './ways';

const kTold = {
  parameter: [
    { name: 'state', valueCode: 'accepted' },
    { name: 'title', valueString: '办理中', _valueString: { extension: [{ extension: [{ url: 'lang', valueCode: 'en' }, { url: 'content', valueString: 'Taken' }] }] } },
    { name: 'since', valueInstant: '2026-11-24T01:00:00Z' },
    { name: 'transition', part: [
      { name: 'code', valueCode: 'close' }, { name: 'title', valueString: '办结' }, { name: 'may', valueBoolean: true }, { name: 'reason', valueCode: 'required' },
      { name: 'input', part: [{ name: 'name', valueString: 'outcome' }, { name: 'title', valueString: '结果' }, { name: 'type', valueCode: 'code' }, { name: 'required', valueBoolean: true }, { name: 'code', valueCode: 'home' }, { name: 'code', valueCode: 'other' }] },
      { name: 'input', part: [{ name: 'name', valueString: 'temperature' }, { name: 'title', valueString: '体温' }, { name: 'type', valueCode: 'decimal' }, { name: 'required', valueBoolean: false }] },
    ] },
    { name: 'transition', part: [{ name: 'code', valueCode: 'hand-over' }, { name: 'may', valueBoolean: true }, { name: 'input', part: [{ name: 'name', valueString: 'to' }, { name: 'type', valueCode: 'Reference' }] }] },
    { name: 'transition', part: [{ name: 'code', valueCode: 'cancel' }, { name: 'may', valueBoolean: false }, { name: 'why', valueString: 'not your post' }] },
  ],
};

test('ways are read with their titles in both languages, and why not', () => {
  const told = waysOf(kTold);
  expect(told.state).toEqual({ zh: '办理中', en: 'Taken' });
  expect(told.ways.map((w) => [w.code, w.may, canFill(w), asksFor(w)])).toEqual([['close', true, true, true], ['hand-over', true, false, true], ['cancel', false, true, false]]);
  expect(openWays({ ...told, ways: [{ ...told.ways[0]!, code: 'back', to: 'requested' }, { ...told.ways[0]!, to: 'completed' }, ...told.ways.slice(1)] }).map((w) => w.code)).toEqual(['close', 'back']);
  expect(told.ways[2]?.why).toBe('not your post');
});

test('a way becomes a form, and its answers what the server takes', () => {
  const way = waysOf(kTold).ways[0];
  if (!way) throw new Error('no way');
  const form = formOf(way, 'zh-CN', (code) => `<${code}>`, { reason: '原因' });
  expect(form.item?.map((i) => [i.linkId, i.type, i.required, i.answerOption?.map((o) => o.valueCoding?.display)])).toEqual([['outcome', 'choice', true, ['<home>', '<other>']], ['temperature', 'decimal', false, undefined], ['-reason', 'text', true, undefined]]);
  const item = [{ linkId: 'outcome', answer: [{ valueCoding: { code: 'home' } }] }, { linkId: 'temperature', answer: [{ valueDecimal: 37.6 }] }, { linkId: '-reason', answer: [{ valueString: '在家' }] }];
  expect(parametersOf(way, { resourceType: 'QuestionnaireResponse', status: 'completed', item })).toEqual({
    resourceType: 'Parameters',
    parameter: [{ name: 'code', valueCode: 'close' }, { name: 'reason', valueString: '在家' }, { name: 'inputs', part: [{ name: 'outcome', valueCode: 'home' }, { name: 'temperature', valueDecimal: 37.6 }] }],
  });
  expect(parametersOf(way, null)).toEqual({ resourceType: 'Parameters', parameter: [{ name: 'code', valueCode: 'close' }] });
});
