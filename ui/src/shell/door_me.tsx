// The resident's phone: /me. It opens at the day and what can be done.
import { pages as appPages } from 'virtual:tk-pages/me';
import { openDoor } from './door_root';
import { LargeSwitch } from './large_type';
import { MeTop } from './me_parts';
import { kOwnPages } from './own_pages';
import { Phone } from './phone';

const pages = [...appPages, ...kOwnPages.me];
openDoor('me', <Phone door="me" pages={pages} opensHome bar={<LargeSwitch />} top={<MeTop />} />);
