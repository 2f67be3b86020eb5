// The words of the resident's own pages.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('me', { 'zh-CN': zh, en });
