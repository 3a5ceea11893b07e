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

const icon = (path: string) => (
  <svg viewBox="0 0 16 16" aria-hidden="true">
    <path d={path} />
  </svg>
);

/** A disc half full, a sun, a moon. */
const icons = {
  system: icon('M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11v11M10 4.5v7M12 6v4'),
  light: icon(
    'M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 0 0 0-5.6M8 1v1.5M8 13.5v1.5M1 8h1.5M13.5 8h1.5M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  ),
  dark: icon('M13 9.7A5.6 5.6 0 0 1 6.3 3a5.6 5.6 0 1 0 6.7 6.7z'),
};

export const ThemeChoice = () => (
  <Segmented label="Colours" hideLabel choices={choices} icons={icons} value={chosen.value} onChange={choose} />
);
