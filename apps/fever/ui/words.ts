// The words of the desk of fever patients.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('fever', { 'zh-CN': zh, en });
