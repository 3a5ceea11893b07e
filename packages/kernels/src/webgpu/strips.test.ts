import { describe, expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { stripsBytes, stripsOf } from './strips.ts';

describe('stripsOf', () => {
  it.each([
    ['one strip', { rows: 10, columns: 64 }, { width: 32, height: 10, strip: 128, pitch: 0, below: 10, step: 1 }],
    [
      'strips below each other',
      { rows: 1024, columns: 1024 },
      { width: 32, height: 8192, strip: 128, pitch: 0, below: 1024, step: 1 },
    ],
    [
      'a last strip that is not full',
      { rows: 3, columns: 192 },
      { width: 32, height: 6, strip: 128, pitch: 0, below: 3, step: 1 },
    ],
    [
      'wider strips',
      { rows: 2048, columns: 2048 },
      { width: 128, height: 8192, strip: 512, pitch: 0, below: 2048, step: 1 },
    ],
    [
      'rows that a copy cannot cut',
      { rows: 5, columns: 100 },
      { width: 32, height: 4, strip: 128, pitch: 100, below: 1, step: 0 },
    ],
  ])('lays out %s', (_, rows, strips) => {
    expect(stripsOf(rows)).toEqual(strips);
  });

  it('refuses rows of no whole texels, and more than a texture holds', () => {
    expect(stripsOf({ rows: 4, columns: 102 })).toBeNull();
    expect(stripsOf({ rows: 8193, columns: 64 })).toBeNull();
  });
});

describe('stripsBytes', () => {
  it('counts the largest texture that each operand needs', () => {
    const call = (strips: { rows: number; columns: number }[]) => ({ strips }) as unknown as Plan['calls'][number];
    const plan = {
      calls: [
        call([
          { rows: 10, columns: 64 },
          { rows: 2, columns: 128 },
        ]),
        call([
          { rows: 4, columns: 256 },
          { rows: 3, columns: 128 },
        ]),
        { strips: undefined } as unknown as Plan['calls'][number],
      ],
    } as unknown as Plan;
    expect(stripsBytes([plan])).toBe((32 * 10 + 32 * 3) * 16);
  });
});
