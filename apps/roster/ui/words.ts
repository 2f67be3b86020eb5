// The words of an organization's page.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('roster', { 'zh-CN': zh, en });
