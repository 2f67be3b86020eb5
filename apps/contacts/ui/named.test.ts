import { expect, test } from 'vitest';
import { contactsIn } from './named';

test('each group is one contact with what was filled in, choices by their codes', () => {
  const item = [
    { linkId: 'contact', item: [{ linkId: 'name', answer: [{ valueString: ' 何小明 ' }] }, { linkId: 'kind', answer: [{ valueCoding: { code: 'close', display: '密切接触者' } }] }, { linkId: 'last', answer: [{ valueDate: '2026-11-20' }] }, { linkId: 'place' }] },
    { linkId: 'contact', item: [{ linkId: 'name', answer: [{ valueString: '李四' }] }] },
    { linkId: 'other', item: [] },
  ];
  expect(contactsIn({ resourceType: 'QuestionnaireResponse', status: 'completed', item: item as never })).toEqual([{ name: '何小明', kind: 'close', last: '2026-11-20' }, { name: '李四' }]);
});
