import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('rounds', { 'zh-CN': zh, en });
