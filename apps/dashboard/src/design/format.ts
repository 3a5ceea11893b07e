/** Numbers as people read them. Pure; every face of the pages uses these, so that one thing reads the same everywhere. */

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const NARROW_SPACE = '\u202f';
/** What stands where there is no number yet. */
export const NOTHING = '–';

/** `12,345` */
export const count = (value: number): string => grouped.format(value);

/** Three figures that count: `0.0831`, `4.12`, `41.2`, `912`. */
export function figure(value: number, digits = 3): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(digits)); // 0.9996 has the size of 1.00
  const size = Math.floor(Math.log10(Math.abs(rounded)));
  if (size < -5) return value.toExponential(digits - 1).replace('e-', 'e−');
  return value.toFixed(Math.max(0, Math.min(8, digits - 1 - size)));
}

const steps = (value: number, units: readonly string[], base = 1000): string => {
  let unit = 0;
  let rest = value;
  while (Math.abs(rest) >= base * 0.9995 && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  const number = unit === 0 ? grouped.format(rest) : figure(rest);
  return units[unit] === '' ? number : `${number}${NARROW_SPACE}${units[unit]}`;
};

/** `912`, `41.2 k`, `3.40 M` */
export const compact = (value: number): string => steps(value, ['', 'k', 'M', 'G', 'T']);
/** `912 B`, `41.2 kB`, `3.40 MB`: powers of a thousand */
export const bytes = (value: number): string => steps(value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
/** 0 to 1 as `43 %`, or `97.4 %` with a place. */
export const percent = (part: number, places = 0): string => `${(part * 100).toFixed(places)}${NARROW_SPACE}%`;

/** `84 ms`, `1.24 s`, then as {@link duration}. */
export function milliseconds(value: number): string {
  if (value < 999.5) return `${value.toFixed(value < 9.95 && value > 0 ? 1 : 0)}${NARROW_SPACE}ms`;
  return value < 60_000 ? `${figure(value / 1000)}${NARROW_SPACE}s` : duration(value / 1000);
}

const spans = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** The two greatest units of it: `2 h 14 min`, `45 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = spans.findIndex(([, size]) => whole >= size);
  if (first < 0) return `0${NARROW_SPACE}s`;
  let rest = whole;
  const words: string[] = [];
  for (const [unit, size] of spans.slice(first, first + 2)) {
    const units = Math.floor(rest / size);
    rest -= units * size;
    if (units > 0) words.push(`${units}${NARROW_SPACE}${unit}`);
  }
  return words.join(' ');
}

/** `just now`, `12 s ago`, `2 h 14 min ago`; times that lie ahead (clocks differ) are now. */
export function ago(at: number, now: number): string {
  const seconds = (now - at) / 1000;
  return seconds < 5 ? 'just now' : `${duration(seconds).split(' ')[0]} ago`;
}

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const momentFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** `14:03:27` where the reader is. */
export const clock = (at: number): string => clockFormat.format(at);
/** `20 Nov 2026, 14:03` where the reader is. */
export const moment = (at: number): string => momentFormat.format(at);

/**
 * An amount of tokens from its smallest unit, exact up to `places` and cut there, never rounded up: nobody is told that
 * they have more than they have. `1,234.5`
 */
export function tokens(smallest: string, decimals: number, places = 4): string {
  if (!/^-?\d+$/.test(smallest)) return NOTHING;
  const negative = smallest.startsWith('-');
  const digits = smallest.replace('-', '').padStart(decimals + 1, '0');
  const units = digits.slice(0, digits.length - decimals);
  const parts = digits.slice(digits.length - decimals, digits.length - decimals + places).replace(/0+$/, '');
  return `${negative ? '−' : ''}${grouped.format(BigInt(units))}${parts === '' ? '' : `.${parts}`}`;
}

/** An amount with exactly two places, for columns of them: `1,234.50` */
export function amount(smallest: string, decimals: number): string {
  const [units, places = ''] = tokens(smallest, decimals, 2).split('.');
  return units === NOTHING ? NOTHING : `${units}.${places.padEnd(2, '0')}`;
}

/** `0x12ab…90ef` */
export const shortHex = (hex: string): string => (hex.length > 14 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex);

/** With a capital, as a sentence begins. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `1 member`, `12 members` */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** Numbers that follow each other as ranges: `3–5, 9`, at most `most` of them. */
export function ranges(numbers: readonly number[], most = 6): string {
  const found: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  const words = found.slice(0, most).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  return words.join(', ') + (found.length > most ? ', …' : '');
}
