// The words of the task board.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('tasks', { 'zh-CN': zh, en });
