import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

type Scheme = 'light' | 'dark';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name!,
    { light: light!, dark: dark! },
  ]),
);

/** Relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((place) => {
    const part = Number.parseInt(hex.slice(place, place + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string, scheme: Scheme): number {
  const [low, high] = [a, b].map((name) => luminance(tokens.get(name)![scheme])).toSorted((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const surfaces = ['canvas', 'surface', 'surface-2'];
const words = ['ink', 'ink-2', 'ink-3', 'accent', 'good', 'warning', 'bad', 'info'];
const marks = ['line-strong', ...[...tokens.keys()].filter((name) => name.startsWith('did-') && name !== 'did-waited')];

describe.each(['light', 'dark'] as const)('contrast in %s', (scheme) => {
  it.each(surfaces)('of text on %s is at least 4.5', (surface) => {
    for (const word of words) expect(contrast(word, surface, scheme), word).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['good', 'warning', 'bad', 'info', 'accent'])('of %s on its wash is at least 4.5', (tone) => {
    expect(contrast(tone, `${tone}-wash`, scheme)).toBeGreaterThanOrEqual(4.5);
  });

  it('of buttons’ words on the accent is at least 4.5', () => {
    expect(contrast('accent-ink', 'accent', scheme)).toBeGreaterThanOrEqual(4.5);
  });

  // Waiting is told by a thin line and has words; it is to stay in the background.
  it.each(marks)('of %s on a surface is at least 3', (mark) => {
    expect(contrast(mark, 'surface', scheme)).toBeGreaterThanOrEqual(3);
  });

  it('of curves on a surface is at least 3', () => {
    for (const curve of ['accent', 'curve-2']) expect(contrast(curve, 'surface', scheme)).toBeGreaterThanOrEqual(3);
  });
});
