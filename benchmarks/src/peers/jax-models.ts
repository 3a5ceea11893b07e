/** The benchmark's models and kernels as a user of jax-js writes them. Arrays are moved when used: `.ref` keeps one for later. */
import { lax, nn, numpy as np, random } from '@jax-js/jax';
import type { ConvnetSpec, GptSpec, MlpSpec, ModelSpec } from '@murmuration/kernels/graph';
import type { KernelWork } from '../work/work.ts';

/** Parameters of a model by name: a tree that jax-js can differentiate by. */
export type Parameters = Record<string, np.Array>;
/** The mean loss of a model over its batch. */
export type Loss = (parameters: Parameters, x: np.Array, labels: np.Array) => np.Array;

export interface JaxModel {
  readonly parameters: Parameters;
  readonly loss: Loss;
  readonly x: np.Array;
  /** One-hot [predictions, classes]. */
  readonly labels: np.Array;
}

let seed = 0;
const weight = (...shape: number[]): np.Array => random.normal(random.key(seed++), shape).mul(0.05);
const numbers = (count: number, below: number): np.Array =>
  np.array(Int32Array.from({ length: count }, (_, index) => index % below));

const crossEntropy = (logits: np.Array, labels: np.Array): np.Array =>
  np.mean(np.sum(nn.logSoftmax(logits, -1).mul(labels), -1)).neg();

function denseParameters(sizes: readonly number[]): Parameters {
  const parameters: Parameters = {};
  sizes.slice(1).forEach((width, index) => {
    parameters[`w${index}`] = weight(sizes[index] ?? 1, width);
    parameters[`b${index}`] = np.zeros([width]);
  });
  return parameters;
}

function denseStack(parameters: Parameters, layers: number, input: np.Array): np.Array {
  let x = input;
  for (let layer = 0; layer < layers; layer++) {
    x = np.matmul(x, parameters[`w${layer}`]!.ref).add(parameters[`b${layer}`]!.ref);
    if (layer < layers - 1) x = nn.relu(x);
  }
  return x;
}

function mlp({ inputs, hidden, outputs }: MlpSpec, batch: number): JaxModel {
  return {
    parameters: denseParameters([inputs, ...hidden, outputs]),
    loss: (parameters, x, labels) => crossEntropy(denseStack(parameters, hidden.length + 1, x), labels),
    x: weight(batch, inputs),
    labels: nn.oneHot(numbers(batch, outputs), outputs),
  };
}

/** Same padding, then 2 × 2 pooling. */
function convolutionBlock(parameters: Parameters, layer: number, kernel: number, input: np.Array): np.Array {
  const pad = (kernel - 1) / 2;
  const bias = parameters[`cb${layer}`]!.ref.reshape([1, -1, 1, 1]);
  const y = lax.convGeneralDilated(
    input,
    parameters[`c${layer}`]!.ref,
    [1, 1],
    [
      [pad, pad],
      [pad, pad],
    ],
  );
  const [n = 1, c = 1, h = 2, w = 2] = y.shape;
  return np.max(nn.relu(y.add(bias)).reshape([n, c, h / 2, 2, w / 2, 2]), [3, 5]);
}

function convnet(spec: ConvnetSpec, batch: number): JaxModel {
  const [colours, height, width] = spec.input;
  const shrink = 2 ** spec.channels.length;
  const features = (spec.channels.at(-1) ?? colours) * (height / shrink) * (width / shrink);
  const parameters = denseParameters([features, ...spec.hidden, spec.outputs]);
  spec.channels.forEach((outputs, layer) => {
    parameters[`c${layer}`] = weight(outputs, spec.channels[layer - 1] ?? colours, spec.kernel, spec.kernel);
    parameters[`cb${layer}`] = np.zeros([outputs]);
  });
  return {
    parameters,
    loss: (p, x, labels) => {
      const blocks = spec.channels.reduce((y, _, layer) => convolutionBlock(p, layer, spec.kernel, y), x);
      return crossEntropy(denseStack(p, spec.hidden.length + 1, blocks.reshape([batch, features])), labels);
    },
    x: weight(batch, ...spec.input),
    labels: nn.oneHot(numbers(batch, spec.outputs), spec.outputs),
  };
}

function gptParameters({ vocab, layers, width, block }: GptSpec): Parameters {
  const parameters: Parameters = { tokens: weight(vocab, width), positions: weight(block, width) };
  for (let layer = 0; layer < layers; layer++) {
    Object.assign(parameters, {
      [`gain0.${layer}`]: np.ones([width]),
      [`bias0.${layer}`]: np.zeros([width]),
      [`gain1.${layer}`]: np.ones([width]),
      [`bias1.${layer}`]: np.zeros([width]),
      [`qkv.${layer}`]: weight(width, 3 * width),
      [`qkvBias.${layer}`]: np.zeros([3 * width]),
      [`out.${layer}`]: weight(width, width),
      [`outBias.${layer}`]: np.zeros([width]),
      [`up.${layer}`]: weight(width, 4 * width),
      [`upBias.${layer}`]: np.zeros([4 * width]),
      [`down.${layer}`]: weight(4 * width, width),
      [`downBias.${layer}`]: np.zeros([width]),
    });
  }
  return { ...parameters, gain: np.ones([width]), bias: np.zeros([width]), head: weight(width, vocab) };
}

function gptBlock(
  p: Parameters,
  layer: number,
  x: np.Array,
  { heads, width, block }: GptSpec,
  batch: number,
): np.Array {
  const take = (name: string): np.Array => p[`${name}.${layer}`]!.ref;
  const norm = (y: np.Array, which: number) =>
    nn
      .standardize(y, -1)
      .mul(take(`gain${which}`))
      .add(take(`bias${which}`));
  const dense = (y: np.Array, name: string) => np.matmul(y, take(name)).add(take(`${name}Bias`));
  const qkv = dense(norm(x.ref, 0), 'qkv').reshape([batch, block, 3, heads, width / heads]);
  const [q, k, v] = [0, 1, 2].map((index) => qkv.ref.slice([], [], index));
  qkv.dispose();
  const mixed = nn.dotProductAttention(q!, k!, v!, { isCausal: true }).reshape([batch * block, width]);
  const y = x.add(dense(mixed, 'out'));
  return y.ref.add(dense(nn.gelu(dense(norm(y, 1), 'up'), { approximate: true }), 'down'));
}

/** Tokens arrive one-hot, so that the embedding and its gradient are products. */
function gpt(spec: GptSpec, batch: number): JaxModel {
  const { vocab, layers, width, block } = spec;
  const oneHot = nn.oneHot(numbers(batch * block, vocab), vocab);
  return {
    parameters: gptParameters(spec),
    loss: (p, x, labels) => {
      const embedded = np.matmul(x, p['tokens']!.ref).reshape([batch, block, width]);
      let y = embedded.add(p['positions']!.ref).reshape([batch * block, width]);
      for (let layer = 0; layer < layers; layer++) y = gptBlock(p, layer, y, spec, batch);
      const last = nn.standardize(y, -1).mul(p['gain']!.ref).add(p['bias']!.ref);
      return crossEntropy(np.matmul(last, p['head']!.ref), labels);
    },
    x: oneHot.ref,
    labels: oneHot,
  };
}

/** @throws Error for models that are not written for jax-js */
export function jaxModel(spec: ModelSpec, batch: number): JaxModel {
  if (spec.type === 'mlp') return mlp(spec, batch);
  if (spec.type === 'convnet') return convnet(spec, batch);
  if (spec.type === 'gpt') return gpt(spec, batch);
  throw new Error(`no ${(spec as { type: string }).type} is written for jax-js`);
}

/** A kernel as a function of its operands. @throws Error for kernels that are not written for jax-js */
export function jaxKernel(work: KernelWork): { operands: np.Array[]; compute: (...operands: np.Array[]) => np.Array } {
  switch (work.kind) {
    case 'matmul': {
      const { form, batch, m, k, n } = work;
      const lead = batch > 1 ? [batch] : [];
      const a = weight(...lead, ...(form[0] === 'T' ? [k, m] : [m, k]));
      const b = weight(...lead, ...(form[1] === 'T' ? [n, k] : [k, n]));
      const turned = (x: np.Array, turn: boolean) => (turn ? np.swapaxes(x, -1, -2) : x);
      return {
        operands: [a, b],
        compute: (x, y) => np.matmul(turned(x, form[0] === 'T'), turned(y, form[1] === 'T')),
      };
    }
    case 'attention': {
      if (work.backward) throw new Error('gradients of attention alone are not written for jax-js; see the GPT step');
      const operands = [0, 1, 2].map(() => weight(work.batch, work.length, work.heads, work.width));
      return { operands, compute: (q, k, v) => nn.dotProductAttention(q, k, v, { isCausal: true }) };
    }
    case 'conv2d': {
      const { batch, inputs, outputs, size, kernel } = work;
      const operands = [weight(batch, inputs, size, size), weight(outputs, inputs, kernel, kernel)];
      return { operands, compute: (x, w) => lax.conv(x, w, [1, 1], 'SAME') };
    }
    case 'layerNorm': {
      const operands = [weight(work.rows, work.columns), np.ones([work.columns]), np.zeros([work.columns])];
      return { operands, compute: (x, gain, bias) => nn.standardize(x, -1).mul(gain).add(bias) };
    }
    case 'softmax':
      return { operands: [weight(work.rows, work.columns)], compute: (x) => nn.softmax(x, -1) };
    default: {
      const axis = work.kind === 'reduceRows' ? 1 : 0;
      return { operands: [weight(work.rows, work.columns)], compute: (x) => np.sum(x, axis) };
    }
  }
}
