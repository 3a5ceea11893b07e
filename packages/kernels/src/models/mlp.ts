/** The multilayer perceptron: dense layers with an activation between them. */
import type { Initialiser } from './initialise.ts';
import { activation, dense, dropout, type Layer, sequential } from './layer.ts';
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

/** x [n, inputs] → logits [n, outputs] through layers `dense0`, `dense1`, … and `output`. */
export function denseStack({ inputs, hidden, outputs, activation: op, dropout: rate }: DenseStackOptions): Layer {
  const fanIn = (index: number): number => (index === 0 ? inputs : (hidden[index - 1] ?? inputs));
  const last = fanIn(hidden.length);
  return sequential(
    ...hidden.flatMap((size, index) => [
      dense(`dense${index}`, { inputs: fanIn(index), outputs: size, initialiser: heUniform(fanIn(index)) }),
      activation(op),
      dropout(rate),
    ]),
    dense('output', { inputs: last, outputs, initialiser: linearUniform(last) }),
  );
}

export const mlp = (spec: MlpSpec): Model => ({
  body: denseStack(spec),
  input: { name: 'x', dtype: 'f32', shape: [spec.inputs] },
  labels: { name: 'y', shape: [] },
  classes: spec.outputs,
});
