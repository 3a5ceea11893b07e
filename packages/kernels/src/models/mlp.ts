/**
 * The multilayer perceptron: linear layers with an activation between them, with the names of a PyTorch `Sequential` called
 * `layers`.
 */
import type { Initialiser } from './initialise.ts';
import { activation, dropout, type Layer, linear, numbered, sequential } from './layer.ts';
import type { Model } from './model.ts';
import type { Activation, MlpSpec } from './spec.ts';

/** He's uniform bound: keeps the variance of activations through a rectifier. */
export const heUniform = (fanIn: number): Initialiser => ({ kind: 'uniform', bound: Math.sqrt(6 / fanIn) });
/** Keeps the variance through a linear layer. */
const linearUniform = (fanIn: number): Initialiser => ({ kind: 'uniform', bound: Math.sqrt(3 / fanIn) });

export interface DenseStackOptions {
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly activation: Activation;
  readonly dropout?: number;
}

/**
 * x [n, inputs] → logits [n, outputs]: a linear layer for each width, with the activation between them. Dropout belongs to
 * the activation, so that names do not depend on it.
 */
export function denseStack(options: DenseStackOptions): ((name: string) => Layer)[] {
  const { inputs, hidden, outputs, activation: op, dropout: rate } = options;
  const fanIn = (index: number): number => (index === 0 ? inputs : (hidden[index - 1] ?? inputs));
  const last = fanIn(hidden.length);
  return [
    ...hidden.flatMap((size, index) => [
      (name: string) => linear(name, { inputs: fanIn(index), outputs: size, initialiser: heUniform(fanIn(index)) }),
      () => sequential(activation(op), dropout(rate)),
    ]),
    (name) => linear(name, { inputs: last, outputs, initialiser: linearUniform(last) }),
  ];
}

export const mlp = (spec: MlpSpec): Model => ({
  body: numbered('layers', denseStack(spec)),
  input: { name: 'x', dtype: 'f32', shape: [spec.inputs] },
  labels: { name: 'y', shape: [] },
  classes: spec.outputs,
});
