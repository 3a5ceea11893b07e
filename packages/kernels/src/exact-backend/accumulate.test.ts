/** Fixed-point accumulation in WebAssembly against the rule in plain JavaScript. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accumulateFixed } from '../canonical/fixed-point.ts';
import { accumulateFunction } from './accumulate.ts';
import { encodeModule } from './wasm/module.ts';

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
const module = new WebAssembly.Module(encodeModule({ accumulate: accumulateFunction() }, { shared: false }));
const { accumulate } = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
  string,
  CallableFunction
>;

function both(sums: readonly bigint[], gradient: readonly number[]): readonly [bigint[], bigint[]] {
  const count = gradient.length;
  const [mine, values] = [
    new BigInt64Array(memory.buffer, 64, count + 1),
    new Float32Array(memory.buffer, 64 + (count + 1) * 8, count),
  ];
  mine.set([...sums, 77n]);
  values.set(gradient);
  accumulate!(64, 64 + (count + 1) * 8, count);
  const defined = BigInt64Array.from(sums);
  accumulateFixed(defined, Float32Array.from(gradient));
  return [[...mine], [...defined, 77n]];
}

const OVERFLOWN = -(2n ** 63n);

describe('accumulation', () => {
  it('is the rule at its edges', () => {
    const unit = 2 ** -44;
    const edges = [
      0,
      -0,
      unit,
      -unit,
      unit / 2,
      -unit / 2,
      unit * 0.499999,
      unit * 1.5,
      unit * 2.5,
      -unit * 2.5,
      1,
      -1,
      127.99999,
      128,
      -128,
      129.5,
      2 ** 17,
      262_143.98,
      -262_143.98,
      2 ** 18,
      -(2 ** 18),
      3e38,
      Infinity,
      -Infinity,
      Number.NaN,
      1e-40,
    ];
    for (const sum of [0n, 5n, -5n, 2n ** 62n, 2n ** 63n - 1n, OVERFLOWN + 1n, OVERFLOWN]) {
      const [rendered, defined] = both(
        Array.from(edges, () => sum),
        edges,
      );
      expect(rendered).toEqual(defined);
    }
  });

  it('is the rule for random sums and gradients', () => {
    const sum = fc.oneof(
      fc.bigInt(-(2n ** 50n), 2n ** 50n),
      fc.bigInt(OVERFLOWN, 2n ** 63n - 1n),
      fc.constant(OVERFLOWN),
    );
    const value = fc.oneof(
      fc.float({ min: -2, max: 2, noNaN: true }),
      fc.float(),
      fc.integer({ min: -(2 ** 23), max: 2 ** 23 }).map((n) => n * 2 ** -45),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(sum, value), { minLength: 1, maxLength: 9 }), (pairs) => {
        const [rendered, defined] = both(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        );
        expect(rendered).toEqual(defined);
      }),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
