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

export const kOwnPages: Record<DoorName, PageEntry[]> = {
  work: [kInbox],
  m: [],
  me: [],
  city: [kInbox],
  ops: [...opsPages, kInbox],
};
