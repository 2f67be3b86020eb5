// The phone door: /m
import { pages } from 'virtual:tk-pages/m';
import { openDoor, Pages } from './door_root';

openDoor('m', <Pages door="m" pages={pages} />);
