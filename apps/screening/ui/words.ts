// The words of the screening pages.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('screening', { 'zh-CN': zh, en });
