// The desk of clinicians and disease control: /work
import { pages as appPages } from 'virtual:tk-pages/work';
import { Desk } from './desk';
import { openDoor, warmPage } from './door_root';
import type { Key } from './help';
import { kOwnPages } from './own_pages';
import { WorkSearch, WorkStrip } from './work_parts';

// What needs one now stands first, and the door opens there.
const [today, ...own] = kOwnPages.work;
const pages = [...(today ? [today] : []), ...appPages, ...own];
warmPage('work', pages);
const kKeys: Key[] = [
  { key: '/', does: { 'zh-CN': '找人', en: 'Find a person' } },
  { key: 'Alt+K', does: { 'zh-CN': '提醒：已知晓', en: 'An alert: seen' } },
];
openDoor('work', <Desk door="work" pages={pages} search={<WorkSearch />} strip={<WorkStrip />} keys={kKeys} />);
