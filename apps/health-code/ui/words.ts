// The words of the health code's pages.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('health-code', { 'zh-CN': zh, en });
