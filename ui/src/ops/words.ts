// The words of the pages behind /ops, in their own name.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('ops', { 'zh-CN': zh, en });
