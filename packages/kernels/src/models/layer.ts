/** A layer: the parameters that it declares and the nodes that it emits. Models are layers put together. */
import type { ValueId } from '../graph/graph.ts';
import type { Emitter } from '../graph/op.ts';
import type { ParameterUpdate } from '../graph/parameter-layout.ts';
import type { Initialiser } from './initialise.ts';

export interface ParameterDeclaration {
  /** As in Hugging Face's checkpoint of the model, where it has one: `transformer.h.0.attn.c_attn.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies: matrices and kernels yes; biases, norms and position tables no. */
  readonly decay: boolean;
  /** `optimizer` unless given. */
  readonly update?: ParameterUpdate;
  readonly initialiser: Initialiser;
  /** Whether a checkpoint may leave it out, which then starts from its initial values. */
  readonly fresh?: boolean;
}

/** What a layer may use in the train graph alone. */
export interface Training {
  /** [batch] f32: 1 for a sample, 0 for padding, which must leave no trace in any output. */
  readonly weight: ValueId;
  /**
   * Asks that the running statistic `name` become θ − `change`, for this micro-batch alone. Rounds average what their
   * micro-batches ask for, weighted by samples.
   */
  statistic(name: string, change: ValueId): void;
  /** x with a share of its elements dropped, others than any other call drops. The layer must say that it is random. */
  dropout(x: ValueId, rate: number): ValueId;
}

/** What a layer emits into. */
export interface Scope {
  readonly emit: Emitter;
  readonly batch: number;
  /** The value of a parameter that this or another layer declared. */
  parameter(name: string): ValueId;
  /** Null where a model is evaluated or exported: statistics are read there, nothing is dropped out. */
  readonly training: Training | null;
}

export interface Layer {
  readonly parameters: readonly ParameterDeclaration[];
  /** Whether it draws random numbers in training: then the train graph has a seed. */
  readonly random?: boolean;
  apply(scope: Scope, x: ValueId): ValueId;
}

/** One layer after another. */
export const sequential = (...layers: readonly Layer[]): Layer => ({
  parameters: layers.flatMap(({ parameters }) => parameters),
  random: layers.some(({ random }) => random),
  apply: (scope, x) => layers.reduce((value, layer) => layer.apply(scope, value), x),
});

/** Layers one after another, each made with the name `<name>.<its place>`, as PyTorch's `Sequential` names them. */
export const numbered = (name: string, layers: readonly ((name: string) => Layer)[]): Layer =>
  sequential(...layers.map((make, index) => make(`${name}.${index}`)));

/** x + layer(x). */
export const residual = (layer: Layer): Layer => ({
  ...layer,
  apply: (scope, x) => scope.emit.apply('add', [x, layer.apply(scope, x)]),
});

/** Drops a share of the elements in training; the identity elsewhere, and at rate 0. */
export const dropout = (rate: number = 0): Layer => ({
  parameters: [],
  random: rate > 0,
  apply: ({ training }, x) => (training === null || rate === 0 ? x : training.dropout(x, rate)),
});

/** A layer without parameters. */
export const stateless = (apply: Layer['apply']): Layer => ({ parameters: [], apply });

export interface DenseOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly initialiser: Initialiser;
}

/** x [n, inputs] · weight [inputs, outputs] + bias [outputs]. */
export const dense = (name: string, { inputs, outputs, initialiser }: DenseOptions): Layer => ({
  parameters: [
    { name: `${name}.weight`, shape: [inputs, outputs], decay: true, initialiser },
    { name: `${name}.bias`, shape: [outputs], decay: false, initialiser: { kind: 'constant', value: 0 } },
  ],
  apply: ({ emit, parameter }, x) => {
    const product = emit.apply('matmul', [x, parameter(`${name}.weight`)], { transposeA: false, transposeB: false });
    return emit.apply('add', [product, parameter(`${name}.bias`)]);
  },
});

/** x [n, inputs] · weightᵀ + bias [outputs], the weight [outputs, inputs] as in PyTorch's `Linear`. */
export const linear = (name: string, { inputs, outputs, initialiser }: DenseOptions): Layer => ({
  parameters: [
    { name: `${name}.weight`, shape: [outputs, inputs], decay: true, initialiser },
    { name: `${name}.bias`, shape: [outputs], decay: false, initialiser: { kind: 'constant', value: 0 } },
  ],
  apply: ({ emit, parameter }, x) => {
    const product = emit.apply('matmul', [x, parameter(`${name}.weight`)], { transposeA: false, transposeB: true });
    return emit.apply('add', [product, parameter(`${name}.bias`)]);
  },
});

/** Layer normalisation over the last axis, [n, width]. */
export const norm = (name: string, width: number): Layer => ({
  parameters: [
    { name: `${name}.weight`, shape: [width], decay: false, initialiser: { kind: 'constant', value: 1 } },
    { name: `${name}.bias`, shape: [width], decay: false, initialiser: { kind: 'constant', value: 0 } },
  ],
  apply: ({ emit, parameter }, x) =>
    emit.apply('layerNorm', [x, parameter(`${name}.weight`), parameter(`${name}.bias`)], { epsilon: 1e-5 }),
});

/** An elementwise op as a layer. */
export const activation = (op: 'relu' | 'gelu'): Layer => stateless(({ emit }, x) => emit.apply(op, [x]));
