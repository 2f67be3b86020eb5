// The words of the patient's page.
import { addWords } from '../shell/i18n';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

addWords('patient', { 'zh-CN': zh, en });
