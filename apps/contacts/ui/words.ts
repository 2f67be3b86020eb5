// The words of the pages of contact tracing.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('contacts', { 'zh-CN': zh, en });
