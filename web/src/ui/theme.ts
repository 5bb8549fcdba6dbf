/** Light or dark: as chosen, else as the system. `early.js` does the same before the first paint. */
import { createStore } from '../sync/valueStore';

export type ThemeChoice = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const KEY = 'thunderline:theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

export const themeChoice = createStore<ThemeChoice>(readChoice());
export const theme = createStore<Theme>(resolve());

systemDark.addEventListener('change', apply);

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.set(choice);
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  apply();
}

function apply(): void {
  theme.set(resolve());
  document.documentElement.dataset.theme = theme.get();
}

function resolve(): Theme {
  const choice = themeChoice.get();
  if (choice !== 'system') return choice;
  return systemDark.matches ? 'dark' : 'light';
}

function readChoice(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}
