// Tables that go in: which there are, with their columns. Pure.
// Source: docs/flow/areas.md (areas, institutions, posts), kernel/app/import.h (those of packs).
import { tableText } from '../../components/list/model';
import type { Words } from '../../packs/ask';

export interface Head {
  words: Words;
  required: boolean;
}
export interface Table {
  id: string; // "areas", "emergency-stock.items"
  title: Words;
  send: string; // POST here, with check=true for a look
  pack: boolean;
  heads: Head[];
  template: string; // "": made here of the heads
}

const head = (zh: string, en: string, required = false): Head => ({ words: { 'zh-CN': zh, en }, required });

/** Those of the platform itself. */
export const kTables: readonly (Table & { call: string })[] = [
  {
    id: 'areas', call: '$import-areas', title: { 'zh-CN': '区划', en: 'Areas' }, send: '/fhir/$import-areas', pack: false, template: '',
    heads: [head('代码', 'code', true), head('名称', 'name'), head('上级代码', 'parent'), head('级别', 'level'), head('状态', 'status'), head('启用日期', 'from'), head('停用日期', 'until'), head('继任代码', 'successor'), head('经度', 'longitude'), head('纬度', 'latitude'), head('边界', 'boundary')],
  },
  {
    id: 'organizations', call: '$import-organizations', title: { 'zh-CN': '机构', en: 'Institutions' }, send: '/fhir/$import-organizations', pack: false, template: '',
    heads: [head('名称', 'name', true), head('统一社会信用代码', 'credit_code'), head('上级机构', 'parent'), head('科室代码', 'code'), head('类型', 'type'), head('区划代码', 'area'), head('状态', 'status'), head('电话', 'phone'), head('地址', 'address')],
  },
  {
    id: 'posts', call: '$import-posts', title: { 'zh-CN': '人员岗位', en: 'Staff and their posts' }, send: '/fhir/$import-posts', pack: false, template: '',
    heads: [head('工号', 'number', true), head('姓名', 'name', true), head('机构', 'organization', true), head('科室代码', 'department'), head('岗位', 'post'), head('电话', 'phone'), head('状态', 'status'), head('启用日期', 'from'), head('停用日期', 'until')],
  },
];

interface PackTable {
  id: string;
  title: Words;
  type: string;
  columns: { id: string; title: Words; required?: boolean }[];
}

export function tablesOfPack(pack: string, imports: readonly PackTable[]): (Table & { type: string })[] {
  return imports.map((one) => {
    const name = encodeURIComponent(one.id.startsWith(`${pack}.`) ? one.id.slice(pack.length + 1) : one.id);
    const where = `/app/${encodeURIComponent(pack)}/imports/${name}`;
    return { id: one.id.includes('.') ? one.id : `${pack}.${one.id}`, title: one.title, type: one.type, send: where, pack: true, template: `${where}/template?as=xlsx`, heads: one.columns.map((column) => ({ words: column.title, required: column.required === true })) };
  });
}

/** An empty table with its heads. */
export const emptyTable = (table: Table, language: string): string => tableText(table.heads.map((each) => each.words[language] ?? each.words['en'] ?? ''), []);
