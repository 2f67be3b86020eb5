// The pages behind /ops, in the order in which they stand there.
import type { PageEntry } from '../shell/pages';

export const opsPages: PageEntry[] = [
  {
    app: 'ops',
    title: { 'zh-CN': '人员审核', en: 'Person review' },
    path: '/review',
    call: '$link',
    icon: 'person',
    help: {
      'zh-CN': '机器拿不准是不是同一人的记录，由人来判。左边是待审的，中间把两份记录逐项摆开：实心条支持是同一人，斜线条反对，长短是分量。写了理由才能判；判错了按 Z 回去改判。',
      en: 'Records of which the machine cannot tell whether they are one person are decided by a person. The queue is at the left; in the middle the two records row by row: solid bars speak for one person, hatched ones against, by their weight. Give the reason, then decide; Z goes back to turn a decision.',
    },
    keys: [
      { key: 'J K', does: { 'zh-CN': '上一件、下一件', en: 'Previous, next' } },
      { key: 'Y', does: { 'zh-CN': '同一人', en: 'One person' } },
      { key: 'N', does: { 'zh-CN': '不同人', en: 'Not the same' } },
      { key: 'U', does: { 'zh-CN': '先放一放', en: 'Later' } },
      { key: 'R', does: { 'zh-CN': '写理由（Esc 离开）', en: 'To the reason (Esc leaves it)' } },
      { key: 'V', does: { 'zh-CN': '显示或遮住姓名和号码', en: 'Show or mask names and numbers' } },
      { key: 'Z', does: { 'zh-CN': '回到上一个判定', en: 'Back to the last decision' } },
    ],
    load: () => import('./review/page'),
  },
  {
    app: 'ops',
    title: { 'zh-CN': '账号', en: 'Accounts' },
    path: '/accounts',
    call: 'accounts',
    icon: 'lock',
    help: {
      'zh-CN': '谁能登录、是什么岗位、管哪个区域。新增、停用、重设密码、结束登录都在这里；每一步都记入审计。',
      en: 'Who may sign in, with which post, for which area. Add, disable, reset a password, end sessions; each step is in the audit.',
    },
    keys: [
      { key: 'J K', does: { 'zh-CN': '上一个、下一个', en: 'Previous, next' } },
      { key: 'N', does: { 'zh-CN': '新增账号', en: 'New account' } },
      { key: '/', does: { 'zh-CN': '查找', en: 'Find' } },
      { key: 'Esc', does: { 'zh-CN': '关闭', en: 'Close' } },
    ],
    load: () => import('../accounts/page'),
  },
  {
    app: 'ops',
    title: { 'zh-CN': '应用与规则', en: 'Packs and rules' },
    path: '/packs',
    call: 'packs',
    icon: 'desk',
    help: {
      'zh-CN': '装了哪些应用、各是哪一版、带来什么；规则用话写出来，界线是多少、依据是什么。“用历史试一试”算过去一段时间里它会立出什么，只算不写；也可以改一改再试。',
      en: 'Which packs are loaded, in which version, and what they bring; a rule in words, with its limits and its source. "Try on history" tells what it would have made of a past period: nothing is written, and it can be changed first.',
    },
    load: () => import('../packs/page'),
  },
  {
    app: 'ops',
    title: { 'zh-CN': '资源浏览', en: 'FHIR browser' },
    path: '/fhir',
    read: 'StructureDefinition',
    icon: 'search',
    help: {
      'zh-CN': '按类型查看平台里存的每一条资源：查找、逐项内容、每一版改了什么、校验有什么问题。看到的只是您的岗位能看到的；每次查看都记入审计。',
      en: 'Every resource that is stored, by type: search, content element by element, what each version changed, what validation finds. You see what your post may see; each look is in the audit.',
    },
    load: () => import('./fhir/page'),
  },
  {
    app: 'ops',
    title: { 'zh-CN': '审计', en: 'Audit' },
    path: '/audit',
    call: 'audit',
    icon: 'shield',
    help: {
      'zh-CN': '谁在什么时候做了什么，做成了还是被拒。可以按账号、动作、时间查，也可以按一条记录的编号查；可导出表格，可核验审计链有没有被改过。您的查询本身也记入审计。',
      en: 'Who did what and when, and whether it was refused. Find by account, action, time, or by the id of a record; take it out as a table; verify that the chain was not changed. Your own search is in the audit too.',
    },
    load: () => import('./audit/page'),
  },
  {
    app: 'ops',
    title: { 'zh-CN': '系统健康', en: 'System health' },
    path: '/health',
    call: 'metrics',
    icon: 'gear',
    help: {
      'zh-CN': '现在能不能服务、有什么要处理、各个索引读到哪里；可以从日志重建一个索引。下面是监控系统也在读的指标。',
      en: 'Whether everything is served, what needs doing, how far each index has read; an index can be rebuilt from the log. Below are the metrics that monitoring reads too.',
    },
    load: () => import('./health/page'),
  },
];
