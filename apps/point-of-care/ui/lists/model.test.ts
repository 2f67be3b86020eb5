import { expect, test } from 'vitest';
import { listForm, listOf } from './model';

test('a list is what was filled in, and says nothing that was not', () => {
  const item = [{ linkId: 'title', answer: [{ valueString: '密切接触者' }] }, { linkId: 'publisher', answer: [{ valueString: '疾控中心' }] }, { linkId: 'level', answer: [{ valueCoding: { code: 'critical' } }] }, { linkId: 'text', answer: [{ valueString: '在筛人员' }] }];
  const response = { resourceType: 'QuestionnaireResponse' as const, status: 'completed', item: item as never };
  expect(listOf(response, 'k')).toEqual({ resourceType: 'WatchList', status: 'active', name: 'list-k', title: '密切接触者', publisher: '疾控中心', level: 'critical', text: '在筛人员' });
  const more = { ...response, item: [...item, { linkId: 'show', answer: [{ valueCoding: { code: 'source' } }, { valueCoding: { code: 'until' } }] }, { linkId: 'validDays', answer: [{ valueInteger: 14 }] }] as never };
  expect([listOf(more, 'k').show, listOf(more, 'k').validDays]).toEqual([['source', 'until'], 14]);
  expect(listForm((key) => key).item?.filter((one) => one.required).map((one) => one.linkId)).toEqual(['title', 'publisher', 'level', 'text']);
});
