// What an organization asks of its roster: how a day stands, who has not reported, who is an exception, who may come back; each list page by page.
// Source: apps/roster/day.h, apps/roster/coming_back.h.
import type { ListPage, ListSource } from '@tk/components/list/model';
import type { Http } from '@tk/fhir/http';

export const kLists = ['missing', 'exceptions', 'return'] as const;
export type ListName = (typeof kLists)[number];

export interface RosterRow {
  key: string;
  name: string;
  unit: string;
  number: string;
  reasons: string[];
  temperature: string;
  healthCode: string;
  attendance: string;
  followUp: string;
  state: string;
  lastException: string;
  from: string;
  missingDays: string;
}
export interface DayFigures {
  day: string;
  roster: number;
  reported: number;
  missing: number;
  share?: number;
  exceptions: Record<string, number>;
}
interface Answer {
  day: string;
  total: number;
  rows: Record<string, unknown>[];
}

const kCount = 50;
const textOf = (value: unknown): string => (value === undefined || value === null ? '' : Array.isArray(value) ? value.join(',') : String(value));

/** Rows of all three lists alike; what a list does not tell is empty. */
export function rowsOf(answer: Answer, from: number): RosterRow[] {
  return answer.rows.map((row, i) => {
    const text = (name: string): string => textOf(row[name]);
    const reasons = text('reasons').split(/[,，、;；\s]+/).filter(Boolean);
    return {
      key: text('member') || text('report') || String(from + i), name: text('name'), unit: text('unit'), number: text('number'), reasons, temperature: text('temperature'), healthCode: text('healthCode'),
      attendance: text('attendance'), followUp: text('followUp'), state: text('state'), lastException: text('lastException'), from: text('from'), missingDays: text('missingDays'),
    };
  });
}

const pathOf = (list: ListName, day: string, unit: string, more: Record<string, string>): string => `/app/roster/${list}?${new URLSearchParams({ ...(list === 'return' ? {} : { day }), ...(unit ? { unit } : {}), ...more })}`;
export const sheetPath = (list: ListName, day: string, unit: string): string => pathOf(list, day, unit, { format: 'xlsx' });

export const askDay = async (http: Http, day: string, unit: string, signal?: AbortSignal): Promise<DayFigures | null> => (await http.send<DayFigures>('GET', `/app/roster/day?${new URLSearchParams({ day, ...(unit ? { unit } : {}) })}`, { signal })).body;

/** The list whose counter is pressed; what is typed is the department or class. */
export function rosterSource(http: Http, day: string): ListSource<RosterRow> {
  const page = async (list: ListName, unit: string, offset: number, signal: AbortSignal): Promise<ListPage<RosterRow>> => {
    const answer = (await http.send<Answer>('GET', pathOf(list, day, unit, { _count: String(kCount), _offset: String(offset) }), { signal })).body ?? { day, total: 0, rows: [] };
    const next = offset + answer.rows.length;
    return { rows: rowsOf(answer, offset), total: answer.total, next: next < answer.total && answer.rows.length > 0 ? String(next) : null };
  };
  return {
    key: ['roster', day],
    page: (query, after, signal) => page(kLists.find((one) => one === query.show) ?? 'missing', query.text, Number(after ?? 0), signal),
    counts: async (query, signal) => {
      const [figures, back] = await Promise.all([askDay(http, day, query.text, signal), http.send<Answer>('GET', pathOf('return', day, query.text, { _count: '1' }), { signal })]);
      return { missing: figures?.missing ?? 0, exceptions: figures?.exceptions['all'] ?? 0, return: back.body?.total ?? 0 };
    },
  };
}

/** The program's names of the columns -> their titles in the empty tables. */
export const kMemberColumns = { name: '姓名', number: '证件号码', phone: '电话', birth: '出生日期', gender: '性别', unit: '部门', code: '工号', role: '人员类别', from: '首日', until: '末日', area: '网格代码', address: '住址' };
export const kReportColumns = { name: '姓名', number: '证件号码', code: '工号', day: '日期', temperature: '体温', symptoms: '症状', health_code: '健康码', attendance: '出勤' };
