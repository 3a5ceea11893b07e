/** Conformance rows of what language models are made of: attention, its norm and its positions. */
import { type Draw, normal, type Row, wide } from './conformance-draws.ts';
import type { Shape } from './shape.ts';

/** Query shape, key shape, causal: one geometry for the attention ops. */
const attentions: readonly (readonly [Shape, Shape, boolean])[] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], false],
  [[2, 3, 9, 8], [2, 3, 9, 8], true],
  [[1, 4, 5, 6], [1, 2, 7, 6], false],
  [[2, 6, 70, 5], [2, 2, 70, 5], true],
  [[1, 2, 130, 32], [1, 1, 130, 32], true],
  [[1, 2, 3, 132], [1, 2, 4, 132], false],
];
/** The operands of an attention op by what they are; y and logSum are what the forward pass gives. */
const attentionRows = (...names: ('q' | 'k' | 'v' | 'y' | 'dy' | 'logSum')[]): Row[] =>
  attentions.map(([q, k, causal]): Row => {
    const attributes = { factor: 0.4, causal };
    const draws: Record<(typeof names)[number], Draw> = {
      q: normal(...q),
      k: normal(...k),
      v: normal(...k),
      y: { kind: 'resultOf', shape: q, op: 'attention', attributes },
      dy: normal(...q),
      logSum: { kind: 'resultOf', shape: q.slice(0, 3), op: 'attentionLogSum', attributes, operands: 2 },
    };
    return [names.map((name) => draws[name]), attributes];
  });
const rotations: Row[] = [false, true].flatMap((inverse): Row[] => [
  [[normal(1, 2), normal(2, 1, 1)], { inverse }],
  [[normal(2, 3, 5, 6), normal(2, 5, 3)], { inverse }],
]);

export const languageRows: Readonly<Record<string, readonly Row[]>> = {
  rmsNorm: [
    [[normal(1), normal(1)], { epsilon: 1e-5 }],
    [[normal(5, 7), normal(7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65)], { epsilon: 1e-5 }],
  ],
  rmsNormInputGradient: [
    [[normal(5, 7), normal(7), normal(5, 7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65), normal(2, 3, 65)], { epsilon: 1e-5 }],
  ],
  rmsNormGainGradient: [
    [[normal(7), normal(7)], { epsilon: 1e-5 }],
    [[wide(2, 33, 65), normal(2, 33, 65)], { epsilon: 1e-5 }],
  ],
  rotaryTable: [
    [[], { length: 1, size: 2, theta: 10_000 }],
    [[], { length: 70, size: 16, theta: 10_000 }],
    [[], { length: 5000, size: 6, theta: 500_000 }],
  ],
  rotary: rotations,
  attention: attentionRows('q', 'k', 'v'),
  attentionLogSum: attentionRows('q', 'k'),
  attentionQueryGradient: attentionRows('q', 'k', 'v', 'y', 'dy', 'logSum'),
  attentionKeyGradient: attentionRows('q', 'k', 'v', 'y', 'dy', 'logSum'),
  attentionValueGradient: attentionRows('q', 'k', 'dy', 'logSum'),
};
