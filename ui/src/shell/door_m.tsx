// The phone door: /m
import { pages } from 'virtual:tk-pages/m';
import { openDoor, Pages, warmPage } from './door_root';

warmPage('m', pages);
openDoor('m', <Pages door="m" pages={pages} />);
