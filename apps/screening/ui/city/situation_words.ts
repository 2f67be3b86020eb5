// The words of the situation: a file of their own, which a phone at a gate does not load.
import { addWords } from '@tk/shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('situation', { 'zh-CN': zh, en });
