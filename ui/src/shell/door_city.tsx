// The desk of those who command: /city
import { pages as appPages } from 'virtual:tk-pages/city';
import { Desk } from './desk';
import { openDoor, warmPage } from './door_root';
import { kOwnPages } from './own_pages';

const pages = [...appPages, ...kOwnPages.city];
warmPage('city', pages);
openDoor('city', <Desk door="city" pages={pages} />);
