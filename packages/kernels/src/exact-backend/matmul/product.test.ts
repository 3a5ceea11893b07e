/** The canonical product, bit for bit against the interpreter that defines it. */
import { describe, expect, it } from 'vitest';
import { interpretProduct } from '../../canonical/interpret.ts';
import { instantiateProduct } from './product.testing.ts';
import { DEFAULT_TILE, type TileShape } from './tile.ts';

const tiles: readonly TileShape[] = [
  DEFAULT_TILE,
  { rows: 4, columns: 4 },
  { rows: 4, columns: 12 },
  { rows: 5, columns: 8 },
];
const shapes = [
  [1, 1, 1],
  [5, 7, 3],
  [4, 8, 8],
  [13, 17, 300],
  [64, 16, 256],
  [33, 43, 513],
] as const;

/** Deterministic values around zero, some of them below the floor of 2⁻⁵⁰. */
function draw(size: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: size }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const value = state / 2 ** 31 - 1;
    return i % 11 === 0 ? value * 2 ** -48 : value;
  });
}

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe.each(tiles)('products in tiles of $rows × $columns', (tile) => {
  const product = instantiateProduct(tile);
  it.each(shapes)('is the canonical sequence at %i × %i × %i, in every layout', (m, n, k) => {
    const [a, b] = [draw(m * k, 1), draw(k * n, 2)];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = transposeA ? { aRow: 1, aStep: m } : { aRow: k, aStep: 1 };
        const right = transposeB ? { bStep: 1, bColumn: k } : { bStep: n, bColumn: 1 };
        const defined = interpretProduct({ count: 1, m, n, k, transposeA, transposeB }, a, b);
        expect(bits(product(a, b, { m, n, k, ...left, ...right }))).toEqual(bits(defined));
      }
    }
  });
});

describe('products', () => {
  const product = instantiateProduct();
  const square = { aRow: 1, aStep: 1, bStep: 1, bColumn: 1 };

  it('sets results below 2⁻⁵⁰ to +0 and keeps those at it', () => {
    const one = (x: number, y: number) =>
      product(Float32Array.of(x), Float32Array.of(y), { m: 1, n: 1, k: 1, ...square })[0];
    expect(one(2 ** -25, 2 ** -25)).toBe(2 ** -50);
    expect(Object.is(one(2 ** -25, -(2 ** -25.5)), 0)).toBe(true);
    expect(Object.is(one(-0, 1), 0)).toBe(true);
  });

  it('passes NaN and infinity on', () => {
    const row = (values: readonly number[]) =>
      product(Float32Array.from(values), Float32Array.of(1, 1), { ...square, m: 1, n: 1, k: 2, aRow: 2 })[0];
    expect(row([Number.NaN, 1])).toBeNaN();
    expect(row([Infinity, 1])).toBe(Infinity);
    expect(row([Infinity, -Infinity])).toBeNaN();
  });

  it('computes parts of batches, each from its own operands, and nothing beside them', () => {
    const [m, n, k, count] = [9, 21, 5, 3];
    const [a, b] = [draw(count * m * k, 3), draw(k * n, 4)];
    const layout = { aRow: k, aStep: 1, bStep: n, bColumn: 1 };
    const part = { row: 4, rowEnd: 8, column: 8, columnEnd: 21 };
    const results = product(a, b, { m, n, k, count, aBatch: m * k, ...layout, ...part });
    const problem = { count, m, n, k, transposeA: false, transposeB: false, sharedRight: true };
    const defined = interpretProduct(problem, a, b);
    for (let batch = 0; batch < count; batch++) {
      const whole = defined.subarray(batch * m * n, (batch + 1) * m * n);
      const inside = (i: number) =>
        Math.floor(i / n) >= part.row && Math.floor(i / n) < part.rowEnd && i % n >= part.column;
      const expected = whole.map((value, i) => (inside(i) ? value : 0));
      expect(bits(results.slice(batch * m * n, (batch + 1) * m * n))).toEqual(bits(expected));
    }
  });
});
