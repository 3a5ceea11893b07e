/** WGSL index expressions, evaluated here as the same arithmetic in JavaScript. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { broadcastStrides, denseStrides, type StridedIndex, stridedIndex } from './strided-index.ts';

/** Evaluates an expression of unsigned integers; `/` is the integer division of WGSL. */
function evaluate({ expression, uniforms }: StridedIndex, index: number): number {
  const text = expression
    .replace(/dims\.(\w+)/g, (_, name: string) => String(uniforms[name]))
    .replace(/(\d)u\b/g, '$1')
    .replace(/\(at \/ (\d+)\)/g, 'quotient(at, $1)');
  const quotient = (x: number, d: number): number => Math.floor(x / d);
  const remainder = (x: number, d: number): number => x % d;
  return runInNewContext(text, { at: index, quotient, remainder }) as number;
}

/** All offsets of a view by counting up its indices, the last axis fastest. */
function offsets(shape: readonly number[], strides: readonly number[]): number[] {
  let all = [0];
  shape.forEach((size, axis) => {
    all = all.flatMap((offset) => Array.from({ length: size }, (_, step) => offset + step * strides[axis]!));
  });
  return all;
}

const views: Readonly<Record<string, { shape: number[]; strides: number[] }>> = {
  'a dense tensor': { shape: [2, 3, 4], strides: [12, 4, 1] },
  'a scalar': { shape: [], strides: [] },
  'a broadcast scalar': { shape: [3, 4], strides: [0, 0] },
  'a broadcast row': { shape: [3, 4], strides: [0, 1] },
  'a broadcast column': { shape: [3, 4], strides: [1, 0] },
  'broadcast axes inside and outside': { shape: [2, 3, 1, 4, 5], strides: [0, 4, 9, 1, 0] },
  'a transpose': { shape: [4, 3], strides: [1, 4] },
  'a split of heads': { shape: [2, 5, 3, 4], strides: [60, 4, 20, 1] },
  'axes of one element': { shape: [1, 7, 1], strides: [7, 1, 1] },
};

describe('stridedIndex', () => {
  it.each(Object.keys(views))('finds every element of %s', (name) => {
    const { shape, strides } = views[name]!;
    const index = stridedIndex({ shape, strides, variable: 'at', prefix: 'p' });
    const expected = offsets(shape, strides);
    expect(expected.map((_, at) => evaluate(index, at))).toEqual(expected);
  });

  it('shares its expression among shapes of one pattern', () => {
    const row = (rows: number, columns: number) =>
      stridedIndex({ shape: [rows, columns], strides: [0, 1], variable: 'at', prefix: 'p' });
    expect(row(3, 4).expression).toBe(row(128, 512).expression);
  });

  it('divides more elements than floats can count as integers', () => {
    const transposed = (rows: number) =>
      stridedIndex({ shape: [rows, 3], strides: [1, rows], variable: 'at', prefix: 'p' });
    expect(transposed(2 ** 20 - 1).expression).toContain('quotient(at, dims.pi0)');
    const { expression, uniforms, ...rest } = transposed(2 ** 20);
    expect(expression).toContain('(at / dims.pi0)');
    const last = 3 * 2 ** 20 - 1;
    expect(evaluate({ expression, uniforms, ...rest }, last)).toBe(2 ** 20 - 1 + 2 * 2 ** 20);
  });

  it('is the linear index itself for a dense tensor', () => {
    expect(
      stridedIndex({ shape: [2, 3, 4], strides: denseStrides([2, 3, 4]), variable: 'at', prefix: 'p' }).expression,
    ).toBe('at');
  });

  it.each([
    ['together', [3, 8], [8, 1]],
    ['together', [2, 3, 8], [0, 8, 1]],
    ['one element', [3, 8], [1, 0]],
    ['one element', [4, 4], [0, 0]],
    ['apart', [3, 6], [0, 1]],
    ['apart', [8, 4], [1, 8]],
    ['apart', [2, 8], [9, 1]],
  ] as const)('tells that four neighbours lie %s', (fours, shape, strides) => {
    expect(stridedIndex({ shape, strides, variable: 'at', prefix: 'p' }).fours).toBe(fours);
  });
});

describe('broadcastStrides', () => {
  it('repeats missing axes and axes of one element', () => {
    expect(broadcastStrides([3, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides([2, 3, 4], [2, 3, 4])).toEqual([12, 4, 1]);
  });
});
