// The platform's own pages, behind each door below those of the apps.
import { opsPages } from '../ops/pages';
import type { DoorName, PageEntry } from './pages';

const kInbox: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '通知', en: 'Notices' },
  path: '/inbox',
  icon: 'bell',
  help: {
    'zh-CN': '平台发给您、您的岗位或值班人的通知，新的在上面。点开就到它说的那条记录；看过的留在“全部”里。',
    en: 'What the platform has told you, your post or whoever is on duty, newest first. Each opens at the record that it is about; what you have read stays under "All".',
  },
  load: () => import('./inbox_page'),
};

const kPatient: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '患者', en: 'Patient' },
  path: '/patient',
  read: 'Patient',
  icon: 'person',
  opens: [{ type: 'Patient', as: 'id' }],
  help: {
    'zh-CN': '一个人在各家机构的记录合在一起看：过敏史紧挨着姓名；左边是在管问题、用药和异常结果，中间是什么时候在哪里做了什么，右边是体征和变化。姓名和号码遮着，点“显示”要写原因，会记入审计。',
    en: 'What all institutions recorded of one person: allergies beside the name; problems, medicines and results out of range at the left, what happened where in the middle, vital signs and courses at the right. Names and numbers are masked; showing them asks for the reason and is in the audit.',
  },
  load: () => import('../patient/page'),
};

const kRecord: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '我的档案', en: 'My record' },
  path: '/record',
  read: 'Patient',
  icon: 'desk',
  help: {
    'zh-CN': '各家医院、社区有您的什么：过敏、最近的结果、正在吃的药、看过的病，按日子排。字小可按右上角“大字”。',
    en: 'What hospitals and clinics have of you: allergies, latest results, medicines, visits, by day. For larger letters press "Large type" at the top.',
  },
  load: () => import('../me/record_page'),
};
const kLooks: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '谁看过我', en: 'Who looked at me' },
  path: '/looks',
  read: 'Patient',
  icon: 'eye',
  help: {
    'zh-CN': '谁、什么岗位、什么时候看过或写过您的档案。不认识、不该看的，请向那家单位或卫健委反映。',
    en: 'Who, of which post, looked at your record or wrote in it, and when. If somebody should not have, tell that institution or the health commission.',
  },
  load: () => import('../me/looks_page'),
};

const kToday: PageEntry = {
  app: 'today', // among the businesses' pages, at their head
  title: { 'zh-CN': '今天要办', en: 'To do now' },
  path: '/today',
  icon: 'home',
  help: {
    'zh-CN': '现在要您办的事，各个业务的放在一起，按时限排：超时的在前。点一行就到办它的地方。',
    en: 'What needs you now, of all businesses together, by time limit: what is late stands first. A row leads to where it is done.',
  },
  keys: [{ key: 'J K', does: { 'zh-CN': '上一件、下一件', en: 'Previous, next' } }],
  load: () => import('../today/page'),
};
const kTasks: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '任务看板', en: 'Task board' },
  path: '/tasks',
  read: 'Task',
  icon: 'list',
  opens: [{ type: 'Task', as: 'task' }],
  help: {
    'zh-CN': '各个业务的任务，按办到哪一步分列，超时的在前。点一件看能办的事：接手、转交、办结。勾选几件可以一起接手。',
    en: 'Tasks of all businesses, in columns by state, what is late first. A task opens at what can be done: take, hand over, close. Mark several to take them at once.',
  },
  load: () => import('../tasks/page'),
};

const kRounds: PageEntry = {
  app: 'shell',
  title: { 'zh-CN': '任务', en: 'Tasks' },
  tab: { 'zh-CN': '任务', en: 'Tasks' },
  path: '/tasks',
  read: 'Task',
  icon: 'task',
  ownBar: true,
  opens: [{ type: 'Task', as: 'task' }],
  help: {
    'zh-CN': '辖区里要您办的事：逾期的先办，其余按到期时间。地图和列表上是同一个号码；点开一件看找谁、去哪里、为什么，按钮就是现在能办的。没有网络照常办：先记在手机里，有网自动上传一次。',
    en: 'What is to be done in your area: late ones first, then by time limit. A task has the same number on the map and in the list. Opened, it says who, where and why; the buttons are what can be done now. It works without network: what you do waits on the phone and is sent once.',
  },
  load: () => import('../rounds/page'),
};

export const kOwnPages: Record<DoorName, PageEntry[]> = {
  work: [kToday, kTasks, kPatient, kInbox],
  m: [kRounds],
  me: [kRecord, kLooks],
  city: [kInbox],
  ops: [...opsPages, kInbox],
};
