/** Generated attentions, norms and rotations: heads that share keys and values, queries and keys of unequal number. */
import fc from 'fast-check';
import { type Call, call, fixed, free } from './gradient-calls.testing.ts';

export const languageCalls = (side: fc.Arbitrary<number>): Readonly<Record<string, fc.Arbitrary<Call>>> => ({
  rmsNorm: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), c: side })
    .map(({ lead, c }) => [...lead, Math.max(c, 2)])
    .map((shape) => call([free(...shape), free(shape.at(-1) ?? 1)], { epsilon: 1e-3 })),
  rotaryTable: fc
    .record({ length: side, half: side })
    .map(({ length, half }) => call([], { length, size: 2 * half, theta: 100 })),
  rotary: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), n: side, half: side, inverse: fc.boolean() })
    .map(({ lead, n, half, inverse }) => call([free(...lead, n, 2 * half), fixed(2, n, half)], { inverse })),
  attention: fc
    .record({
      b: side,
      g: fc.integer({ min: 1, max: 2 }),
      r: fc.integer({ min: 1, max: 3 }),
      n: side,
      m: side,
      d: side,
      causal: fc.boolean(),
    })
    .map(({ b, g, r, n, m, d, causal }) =>
      call([free(b, g * r, n, d), free(b, g, m, d), free(b, g, m, d)], { factor: 0.6, causal }),
    ),
});
