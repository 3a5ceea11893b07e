/** Layers of networks that see images: x [n, c, h, w]. Parameters have PyTorch's names and shapes. */
import type { ValueId } from '../graph/graph.ts';
import { channelShape, planeOf } from '../ops/channels.ts';
import { conv2dAttributes } from '../ops/conv2d.ts';
import { type PoolOptions, poolAttributes } from '../ops/pool2d.ts';
import type { Initialiser } from './initialise.ts';
import { type Layer, type Scope, stateless, type Training } from './layer.ts';

/** PyTorch's defaults. */
const EPSILON = 1e-5;
const MOMENTUM = 0.1;

export interface ConvolutionOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Odd side of the kernel; the padding is half of it, so that a stride of 1 keeps the size. */
  readonly kernel: number;
  readonly stride?: number;
  readonly bias: boolean;
  readonly initialiser: Initialiser;
}

/** [n, inputs, h, w] → [n, outputs, ⌈h / stride⌉, ⌈w / stride⌉]. */
export const convolution = (name: string, options: ConvolutionOptions): Layer => {
  const { inputs, outputs, kernel, stride = 1, bias, initialiser } = options;
  const zeros = { name: `${name}.bias`, shape: [outputs], decay: false, initialiser: constant(0) };
  return {
    parameters: [
      { name: `${name}.weight`, shape: [outputs, inputs, kernel, kernel], decay: true, initialiser },
      ...(bias ? [zeros] : []),
    ],
    apply: ({ emit, parameter }, x) => {
      const attributes = conv2dAttributes({ stride, padding: (kernel - 1) / 2 });
      const y = emit.apply('conv2d', [x, parameter(`${name}.weight`)], attributes);
      if (!bias) return y;
      return emit.apply('add', [y, emit.apply('reshape', [parameter(zeros.name)], { shape: [outputs, 1, 1] })]);
    },
  };
};

const constant = (value: number): Initialiser => ({ kind: 'constant', value });

/**
 * Batch normalisation of [n, channels, …]: by the micro-batch's own statistics in training, by the running ones elsewhere.
 * Running statistics are parameters that no optimizer touches; PyTorch's `num_batches_tracked` does not exist here.
 */
export const batchNorm = (name: string, channels: number): Layer => {
  const statistic = (key: string, value: number) =>
    ({
      name: `${name}.${key}`,
      shape: [channels],
      decay: false,
      update: 'statistic',
      initialiser: constant(value),
    }) as const;
  return {
    parameters: [
      { name: `${name}.weight`, shape: [channels], decay: false, initialiser: constant(1) },
      { name: `${name}.bias`, shape: [channels], decay: false, initialiser: constant(0) },
      statistic('running_mean', 0),
      statistic('running_var', 1),
    ],
    apply: (scope, x) => {
      const { emit, parameter, training } = scope;
      const shape = channelShape(emit.typeOf(x).shape);
      const own = (key: string) => emit.apply('reshape', [parameter(`${name}.${key}`)], { shape });
      const [mean, variance] = training
        ? batchStatistics(scope, x, name, training)
        : [own('running_mean'), own('running_var')];
      return emit.apply('batchNorm', [x, own('weight'), own('bias'), mean, variance], { epsilon: EPSILON });
    },
  };
};

/** The micro-batch's mean and variance, [c, 1, …]; asks the running ones to move a tenth of the way to them. */
function batchStatistics(scope: Scope, x: ValueId, name: string, training: Training): readonly [ValueId, ValueId] {
  const { emit, parameter } = scope;
  const mean = emit.apply('channelMean', [x, training.weight]);
  const variance = emit.apply('channelVariance', [x, mean, training.weight]);
  const follow = (key: string, value: ValueId) => {
    const running = parameter(`${name}.${key}`);
    const flat = emit.apply('reshape', [value], { shape: emit.typeOf(running).shape });
    const away = emit.apply('sub', [running, flat]);
    training.statistic(`${name}.${key}`, emit.apply('scale', [away], { factor: MOMENTUM }));
  };
  follow('running_mean', mean);
  follow('running_var', emit.apply('mul', [variance, besselFactor(scope, x, training)]));
  return [mean, variance];
}

/** N / (N − 1) for the N elements of a channel that have weight; N where there is but one. */
function besselFactor({ emit }: Scope, x: ValueId, { weight }: Training): ValueId {
  const fill = (value: number) => emit.apply('fill', [], { value, shape: [] });
  const total = emit.apply('reduceSum', [weight], { axes: [0], keepDims: false });
  const count = emit.apply('scale', [total], { factor: planeOf(emit.typeOf(x).shape) });
  return emit.apply('div', [count, emit.apply('maximum', [emit.apply('sub', [count, fill(1)]), fill(1)])]);
}

/** Maxima over windows. */
export const maxPool = (options: PoolOptions): Layer =>
  stateless(({ emit }, x) => emit.apply('maxPool2d', [x], poolAttributes(options)));

/** [n, c, h, w] → [n, c], the mean of each plane. */
export const globalAveragePool: Layer = stateless(({ emit }, x) => {
  const sums = emit.apply('reduceSum', [x], { axes: [2, 3], keepDims: false });
  return emit.apply('scale', [sums], { factor: 1 / planeOf(emit.typeOf(x).shape) });
});
