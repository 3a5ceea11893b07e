import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as e from './build.ts';
import type { Expr } from './expression.ts';
import { FLUSH_LIMIT } from './flush.ts';
import { interpretMap, interpretProduct } from './interpret.ts';

const seed = 20_261_122;
const map = (shape: number[], value: Expr, ...operands: (Float32Array | Int32Array)[]) => [
  ...interpretMap({ shape, value }, operands),
];

describe('a map call', () => {
  it('rounds the product before it adds', () => {
    const a = 1 + 2 ** -12;
    const value = e.subtract(e.multiply(e.load(0, e.int(0)), e.load(0, e.int(0))), e.float(1 + 2 ** -11));
    // The exact square is 2⁻²⁴ larger than what it rounds to; fused, that would be left.
    expect(map([1], value, Float32Array.of(a))).toEqual([0]);
  });

  it('reads operands by broadcast and walks the shape in row-major order', () => {
    const value = e.add(e.load(0, e.broadcastIndex([2, 1], [2, 3])), e.load(1, e.broadcastIndex([3], [2, 3])));
    expect(map([2, 3], value, Float32Array.of(10, 20), Float32Array.of(1, 2, 3))).toEqual([11, 12, 13, 21, 22, 23]);
  });

  it('sums in eight interleaved parts', () => {
    const terms = Float32Array.from({ length: 21 }, (_, i) => Math.fround(Math.sin(i) * 10 ** (i % 5)));
    const parts = new Float32Array(8);
    terms.forEach((term, i) => {
      parts[i % 8]! += term;
    });
    const f = Math.fround;
    const [p0, p1, p2, p3, p4, p5, p6, p7] = [...parts] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const expected = f(f(f(p0 + p1) + f(p2 + p3)) + f(f(p4 + p5) + f(p6 + p7)));
    expect(
      map(
        [1],
        e.sum(e.size(21), (i) => e.load(0, i)),
        terms,
      ),
    ).toEqual([expected]);
  });

  it('runs nested loops whose bounds depend on the element and on the outer loop', () => {
    // Σ over i ≤ row of Σ over j ≤ i of 1
    const value = e.sum(e.add(e.axis(0), e.int(1)), (i) => e.sum(e.add(i, e.int(1)), () => e.float(1)));
    expect(map([4], value)).toEqual([1, 3, 6, 10]);
  });

  it('steps all states of a loop at once', () => {
    const [, second = e.int(0)] = e.loop(e.axis(0), [e.int(0), e.int(1)], (_, [a = e.int(0), b = e.int(0)]) => [
      b,
      e.add(a, b),
    ]);
    expect(map([8], second)).toEqual([1, 1, 2, 3, 5, 8, 13, 21]);
  });

  it('computes a shared node once: a chain of forty doublings ends', () => {
    let value: Expr = e.load(0, e.axis(0));
    for (let i = 0; i < 40; i++) value = e.add(value, value);
    expect(map([1], value, Float32Array.of(1))).toEqual([2 ** 40]);
  });

  it('names an index outside its operand', () => {
    expect(() => map([2], e.load(0, e.axis(0)), Float32Array.of(1))).toThrow(/Operand 0 has no element 1/);
  });

  it('refuses an expression of mixed types', () => {
    expect(() => e.add(e.float(1), e.int(1))).toThrow(/add of f32 and i32/);
  });
});

describe('flushing', () => {
  const stored = fc
    .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -50, max: 20 }))
    .map(([m, exponent]) => Math.fround(m * 2 ** exponent))
    .map((x) => (Math.abs(x) < FLUSH_LIMIT ? 0 : x));

  /** Random chains of + − × over stored values, with every intermediate value that the interpreter sees. */
  const chain = fc.array(fc.tuple(fc.constantFrom(e.add, e.subtract, e.multiply), fc.nat(3)), {
    maxLength: 12,
  });

  it('lets no denormal appear, whatever is multiplied and added', () => {
    fc.assert(
      fc.property(fc.array(stored, { minLength: 4, maxLength: 4 }), chain, (values, steps) => {
        let value: Expr = e.load(0, e.int(0));
        for (const [combine, operand] of steps) {
          value = combine(value, e.load(0, e.int(operand)));
          const [result = 0] = map([1], value, Float32Array.from(values));
          expect(Math.abs(result) >= FLUSH_LIMIT || Object.is(result, 0)).toBe(true);
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('gives the same with every denormal made zero at once, as some adapters do', () => {
    // The chain below passes 2⁻¹⁴⁰ on its way: kept, it would be scaled back up; flushed, it is 0 on every adapter.
    const tiny = e.multiply(e.multiply(e.load(0, e.int(0)), e.load(0, e.int(0))), e.load(0, e.int(0)));
    const value = e.multiply(tiny, e.multiply(e.float(2 ** 60), e.float(2 ** 60)));
    expect(map([1], value, Float32Array.of(2 ** -47))).toEqual([0]);
  });

  it('makes +0 of −0 and of everything below the limit, and keeps the limit itself', () => {
    const below = Math.fround(FLUSH_LIMIT * (1 - 2 ** -24));
    const result = interpretMap({ shape: [4], value: e.load(0, e.axis(0)) }, [
      Float32Array.of(-0, -below, FLUSH_LIMIT, -FLUSH_LIMIT),
    ]);
    expect([...result].map((x) => (Object.is(x, -0) ? '-0' : x))).toEqual([0, 0, FLUSH_LIMIT, -FLUSH_LIMIT]);
  });
});

describe('a matrix product', () => {
  const random = (size: number, salt: number) =>
    Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(i * 12.9898 + salt)));

  it('adds blocks of 256 steps in ascending order', () => {
    const k = 600;
    const [a, b] = [random(k, 1), random(k, 2)];
    let total = 0;
    for (const [from, to] of [
      [0, 256],
      [256, 512],
      [512, 600],
    ] as const) {
      let partial = 0;
      for (let i = from; i < to; i++) partial = Math.fround(partial + Math.fround(a[i]! * b[i]!));
      total = Math.fround(total + partial);
    }
    const problem = { count: 1, m: 1, k, n: 1, transposeA: false, transposeB: false };
    expect([...interpretProduct(problem, a, b)]).toEqual([total]);
  });

  it('gives one result for every storage of its operands', () => {
    const [m, k, n] = [3, 5, 4];
    const [a, b] = [random(m * k, 3), random(k * n, 4)];
    const turned = (x: Float32Array, rows: number, columns: number) =>
      Float32Array.from({ length: x.length }, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
    const product = (transposeA: boolean, transposeB: boolean) =>
      interpretProduct(
        { count: 1, m, k, n, transposeA, transposeB },
        transposeA ? turned(a, m, k) : a,
        transposeB ? turned(b, k, n) : b,
      );
    const plain = product(false, false);
    for (const [left, right] of [
      [true, false],
      [false, true],
      [true, true],
    ] as const)
      expect(product(left, right)).toEqual(plain);
  });
});
