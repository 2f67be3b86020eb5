// The pages behind /ops, in the order in which they stand there.
import type { PageEntry } from '../shell/pages';

export const opsPages: PageEntry[] = [
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
];
