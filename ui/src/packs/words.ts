// The words of the page of packs and rules, in their own name.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('packs', { 'zh-CN': zh, en });
