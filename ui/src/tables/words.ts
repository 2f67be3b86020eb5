// The words of the page of tables, in their own name.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('tables', { 'zh-CN': zh, en });
