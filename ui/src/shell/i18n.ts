// Languages: Chinese first, English complete. An app adds its own words under its own name.
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';

export const kLanguages = ['zh-CN', 'en'] as const;
export type Language = (typeof kLanguages)[number];
const kKey = 'tk.language';

function remembered(): Language {
  try {
    return localStorage.getItem(kKey) === 'en' ? 'en' : 'zh-CN';
  } catch {
    return 'zh-CN';
  }
}

void i18next.use(initReactI18next).init({
  lng: remembered(),
  fallbackLng: 'zh-CN',
  defaultNS: 'shell',
  resources: { 'zh-CN': { shell: zh }, en: { shell: en } },
  interpolation: { escapeValue: false },
  returnNull: false,
});
// Not where the sign-in form is written into the pages (first_paint.tsx).
if (typeof document !== 'undefined') document.documentElement.lang = i18next.language;

export function setLanguage(language: Language): void {
  try {
    localStorage.setItem(kKey, language);
  } catch {
    // Private windows may refuse storage; the choice then lasts for this page only.
  }
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** Called once by an app's page when it loads. */
export function addWords(app: string, words: Record<Language, object>): void {
  for (const language of kLanguages) i18next.addResourceBundle(language, app, words[language], true, true);
}

export function titleIn(title: Record<string, string>): string {
  return title[i18next.language] ?? title['zh-CN'] ?? title['en'] ?? '';
}
