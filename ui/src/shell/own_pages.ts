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

export const kOwnPages: Record<DoorName, PageEntry[]> = {
  work: [kPatient, kInbox],
  m: [],
  me: [],
  city: [kInbox],
  ops: [...opsPages, kInbox],
};
