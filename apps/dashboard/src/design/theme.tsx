/** Light, dark, or as the system has it; kept in this browser (public/theme.js sets it before anything is painted). */
import { signal } from '@preact/signals';
import { Segmented } from './controls.tsx';

const KEY = 'murmuration.theme';
const choices = { system: 'Auto', light: 'Light', dark: 'Dark' } as const;
type Theme = keyof typeof choices;

function kept(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** Changes whenever colours do, the system's own changes included: what draws on a canvas reads it. */
export const themeVersion = signal(0);
const chosen = signal<Theme>(kept());

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (themeVersion.value += 1));

function choose(theme: Theme): void {
  chosen.value = theme;
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
  themeVersion.value += 1;
}

export const ThemeChoice = () => (
  <Segmented label="Colours" hideLabel choices={choices} value={chosen.value} onChange={choose} />
);
