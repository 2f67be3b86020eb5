// The words of the alerts' page.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('point-of-care', { 'zh-CN': zh, en });
