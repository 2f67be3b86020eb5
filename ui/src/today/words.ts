// The words of the day's page.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('today', { 'zh-CN': zh, en });
