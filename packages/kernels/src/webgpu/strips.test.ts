import { describe, expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { stripsBytes, stripsOf } from './strips.ts';

describe('stripsOf', () => {
  it.each([
    ['one strip', { rows: 10, columns: 64 }, { width: 32, height: 10, strip: 128 }],
    ['strips below each other', { rows: 1024, columns: 1024 }, { width: 32, height: 8192, strip: 128 }],
    ['a last strip that is not full', { rows: 3, columns: 192 }, { width: 32, height: 6, strip: 128 }],
    ['wider strips', { rows: 2048, columns: 2048 }, { width: 128, height: 8192, strip: 512 }],
  ])('lays out %s', (_, rows, strips) => {
    expect(stripsOf(rows)).toEqual(strips);
  });

  it('refuses rows that a copy cannot begin, and more than a texture holds', () => {
    expect(stripsOf({ rows: 4, columns: 100 })).toBeNull();
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
