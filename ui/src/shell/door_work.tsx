// The desk of clinicians and disease control: /work
import { pages as appPages } from 'virtual:tk-pages/work';
import { Desk } from './desk';
import { openDoor, warmPage } from './door_root';
import { kOwnPages } from './own_pages';

const pages = [...appPages, ...kOwnPages.work];
warmPage('work', pages);
openDoor('work', <Desk door="work" pages={pages} />);
