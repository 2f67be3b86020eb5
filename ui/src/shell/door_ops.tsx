// The desk of those who run the platform and keep its data: /ops
import { pages as appPages } from 'virtual:tk-pages/ops';
import { Desk } from './desk';
import { openDoor, warmPage } from './door_root';
import { kOwnPages } from './own_pages';

const pages = [...kOwnPages.ops, ...appPages];
warmPage('ops', pages);
openDoor('ops', <Desk door="ops" pages={pages} />);
