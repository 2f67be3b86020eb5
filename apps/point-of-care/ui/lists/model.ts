// Watch-lists as the page knows them, and the form of a new one. Pure. Source: apps/point-of-care/types/watch_list.json, watch_entry.json.
import type { Questionnaire, QuestionnaireResponse } from '@tk/components/form/model';
import type { CodeableConcept, Period, Reference, Resource } from '@tk/fhir/types';

export interface WatchList extends Resource {
  resourceType: 'WatchList';
  status: string;
  name: string;
  title: string;
  publisher: string;
  level: string;
  text: string;
  instruction?: string;
  show?: string[];
  validDays?: number;
}
export interface WatchEntry extends Resource {
  resourceType: 'WatchEntry';
  status: string;
  list: Reference;
  subject: Reference;
  reason: CodeableConcept;
  period?: Period;
  recorded?: string;
  evidence?: Reference[];
}

type Words = (key: string) => string;
const kLevels = ['critical', 'warning', 'info'];
const kShown = ['source', 'reason', 'until'];

export function listForm(t: Words): Questionnaire {
  const choice = (group: string, codes: readonly string[]) => codes.map((code) => ({ valueCoding: { code, display: t(`${group}.${code}`) } }));
  return {
    resourceType: 'Questionnaire', title: t('lists.new'),
    item: [
      { linkId: 'title', text: t('lists.name'), type: 'string', required: true, maxLength: 100 }, { linkId: 'publisher', text: t('lists.publisher'), type: 'string', required: true, maxLength: 100 },
      { linkId: 'level', text: t('lists.level'), type: 'choice', required: true, answerOption: choice('level', kLevels) }, { linkId: 'text', text: t('lists.text'), type: 'string', required: true, maxLength: 200 },
      { linkId: 'instruction', text: t('lists.instruction'), type: 'string', maxLength: 300 }, { linkId: 'show', text: t('lists.show'), type: 'choice', repeats: true, answerOption: choice('show', kShown) },
      { linkId: 'validDays', text: t('lists.validDays'), type: 'integer' },
    ],
  };
}

interface Answered {
  linkId: string;
  answer?: { valueString?: string; valueInteger?: number; valueCoding?: { code?: string } }[];
}
/** The list that a filled form says; `key` becomes its short name for programs. */
export function listOf(response: QuestionnaireResponse, key: string): WatchList {
  const items = (response.item ?? []) as unknown as Answered[];
  const all = (name: string) => items.find((item) => item.linkId === name)?.answer ?? [];
  const text = (name: string): string => all(name)[0]?.valueString ?? '';
  const days = all('validDays')[0]?.valueInteger;
  const show = all('show').flatMap((answer) => answer.valueCoding?.code ?? []);
  return {
    resourceType: 'WatchList', status: 'active', name: `list-${key}`, title: text('title'), publisher: text('publisher'), level: all('level')[0]?.valueCoding?.code ?? '', text: text('text'),
    ...(text('instruction') ? { instruction: text('instruction') } : {}), ...(show.length > 0 ? { show } : {}), ...(days !== undefined && days > 0 ? { validDays: days } : {}),
  };
}

/** The program's names of the columns -> their titles in the empty table. */
export const kColumns = { name: '姓名', number: '证件号码', phone: '电话', birth: '出生日期', gender: '性别', reason: '原因', from: '起始日期', until: '截止日期', entry: '编号', level: '级别', instruction: '处置要求', status: '状态' };
