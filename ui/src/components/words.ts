// The words of the shared parts, in their own name.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('parts', { 'zh-CN': zh, en });
