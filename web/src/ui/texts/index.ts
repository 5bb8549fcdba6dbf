/**
 * The words of the page in the reader's language.
 *
 * `useTexts()` in components, `texts()` elsewhere. Texts with a value in them are functions: `t.shell.changes(3)`.
 */
import { createStore } from '../../sync/valueStore';
import { useStore } from '../useStore';
import { de } from './de';
import { en } from './en';

export type Texts = typeof en;
export type Language = 'en' | 'de';

export const LANGUAGES: Readonly<Record<Language, { texts: Texts; name: string; excalidraw: string }>> = {
  en: { texts: en, name: 'English', excalidraw: 'en' },
  de: { texts: de, name: 'Deutsch', excalidraw: 'de-DE' },
};

const KEY = 'thunderline:language';

function isLanguage(value: string | null): value is Language {
  return value !== null && Object.hasOwn(LANGUAGES, value);
}

function initialLanguage(): Language {
  try {
    const chosen = localStorage.getItem(KEY);
    if (isLanguage(chosen)) return chosen;
  } catch {
    // Storage is blocked: the browser's language decides.
  }
  const preferred = typeof navigator === 'undefined' ? 'en' : navigator.language.slice(0, 2);
  return isLanguage(preferred) ? preferred : 'en';
}

export const language = createStore<Language>(initialLanguage());

export function setLanguage(next: Language): void {
  language.set(next);
  document.documentElement.lang = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}

/** The reader's own form of the language (`en-GB`, say), for dates and numbers. */
export function localeOf(chosen: Language): string {
  return typeof navigator === 'undefined' ? chosen : (navigator.languages.find((one) => one.startsWith(chosen)) ?? chosen);
}

export function texts(): Texts {
  return LANGUAGES[language.get()].texts;
}

export function useTexts(): Texts {
  return LANGUAGES[useStore(language)].texts;
}
