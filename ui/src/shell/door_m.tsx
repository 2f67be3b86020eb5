// The phone of those who work outside: /m. It opens at the work itself; who, where and the rest stand at /m/home.
import { pages as appPages } from 'virtual:tk-pages/m';
import { openDoor, warmPage } from './door_root';
import { kOwnPages } from './own_pages';
import { Phone } from './phone';

const pages = [...appPages, ...kOwnPages.m];
warmPage('m', pages);
openDoor('m', <Phone door="m" pages={pages} opensHome={false} />);
