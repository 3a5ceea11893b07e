/** The benchmark's models and kernels as a user of TensorFlow.js writes them. */
import * as tf from '@tensorflow/tfjs-core';
import type { ConvnetSpec, GptSpec, MlpSpec, ModelSpec } from '@murmuration/kernels/graph';
import type { KernelWork } from '../work/work.ts';

export interface TfjsModel {
  readonly variables: tf.Variable[];
  readonly loss: () => tf.Scalar;
}

const weight = (...shape: number[]): tf.Tensor => tf.randomNormal(shape, 0, 0.05);
const numbers = (count: number, below: number): tf.Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length: count }, (_, index) => index % below),
    'int32',
  );

class Variables {
  readonly all: tf.Variable[] = [];

  make<T extends tf.Tensor>(value: T): T {
    this.all.push(tf.variable(value));
    return this.all.at(-1) as unknown as T;
  }

  dense(inputs: number, outputs: number): (x: tf.Tensor) => tf.Tensor {
    const w = this.make(weight(inputs, outputs));
    const b = this.make<tf.Tensor>(tf.zeros([outputs]));
    return (x) => tf.add(tf.matMul(x, w), b);
  }

  norm(width: number): (x: tf.Tensor) => tf.Tensor {
    const [gain, bias] = [this.make<tf.Tensor>(tf.ones([width])), this.make<tf.Tensor>(tf.zeros([width]))];
    return (x) => layerNorm(x, gain, bias);
  }
}

function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const normalised = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normalised, gain), bias);
}

const gelu = (x: tf.Tensor): tf.Tensor => {
  const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
};

const crossEntropy = (logits: tf.Tensor, oneHot: tf.Tensor): tf.Scalar =>
  tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits as tf.Tensor2D), oneHot), -1)));

function denseStack(variables: Variables, sizes: readonly number[]): (x: tf.Tensor) => tf.Tensor {
  const layers = sizes.slice(1).map((width, index) => variables.dense(sizes[index] ?? 1, width));
  return (x) => layers.reduce((y, layer, index) => (index === 0 ? layer(y) : layer(tf.relu(y))), x);
}

function mlp({ inputs, hidden, outputs }: MlpSpec, batch: number): TfjsModel {
  const variables = new Variables();
  const body = denseStack(variables, [inputs, ...hidden, outputs]);
  const x = weight(batch, inputs);
  const labels = tf.oneHot(numbers(batch, outputs), outputs);
  return { variables: variables.all, loss: () => crossEntropy(body(x), labels) };
}

/** Images are [n, h, w, c], the layout that TensorFlow.js has kernels for. */
function convnet(spec: ConvnetSpec, batch: number): TfjsModel {
  const [colours, height, width] = spec.input;
  const variables = new Variables();
  const convolutions = spec.channels.map((outputs, layer) => {
    const kernel = variables.make(
      weight(spec.kernel, spec.kernel, spec.channels[layer - 1] ?? colours, outputs) as tf.Tensor4D,
    );
    const bias = variables.make<tf.Tensor>(tf.zeros([outputs]));
    return (x: tf.Tensor4D): tf.Tensor4D =>
      tf.maxPool(tf.relu(tf.add(tf.conv2d(x, kernel, 1, 'same'), bias)), 2, 2, 'valid');
  });
  const shrink = 2 ** spec.channels.length;
  const features = (spec.channels.at(-1) ?? colours) * (height / shrink) * (width / shrink);
  const head = denseStack(variables, [features, ...spec.hidden, spec.outputs]);
  const x = weight(batch, height, width, colours) as tf.Tensor4D;
  const labels = tf.oneHot(numbers(batch, spec.outputs), spec.outputs);
  const body = (): tf.Tensor =>
    head(
      tf.reshape(
        convolutions.reduce((y, layer) => layer(y), x),
        [batch, features],
      ),
    );
  return { variables: variables.all, loss: () => crossEntropy(body(), labels) };
}

/** 0 where row i may see column j ≤ i, −1e9 elsewhere. */
function causalMask(length: number): tf.Tensor {
  const values = Float32Array.from({ length: length * length }, (_, at) =>
    at % length <= Math.floor(at / length) ? 0 : -1e9,
  );
  return tf.tensor(values, [length, length]);
}

/** [batch, heads, length, width] each. */
function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const scores = tf.mul(tf.matMul(q, k, false, true), (q.shape.at(-1) ?? 1) ** -0.5);
  return tf.matMul(tf.softmax(tf.add(scores, mask)), v);
}

function gptBlock(variables: Variables, { width, heads, block }: GptSpec, batch: number, mask: tf.Tensor) {
  const [norm0, norm1] = [variables.norm(width), variables.norm(width)];
  const [qkv, out] = [variables.dense(width, 3 * width), variables.dense(width, width)];
  const [up, down] = [variables.dense(width, 4 * width), variables.dense(4 * width, width)];
  return (x: tf.Tensor): tf.Tensor => {
    const parts = tf.split(tf.reshape(qkv(norm0(x)), [batch, block, 3 * heads, width / heads]), 3, 2);
    const [q, k, v] = parts.map((part) => tf.transpose(part, [0, 2, 1, 3]));
    const mixed = tf.transpose(attention(q!, k!, v!, mask), [0, 2, 1, 3]);
    const y = tf.add(x, out(tf.reshape(mixed, [batch * block, width])));
    return tf.add(y, down(gelu(up(norm1(y)))));
  };
}

function gpt(spec: GptSpec, batch: number): TfjsModel {
  const { vocab, layers, width, block } = spec;
  const variables = new Variables();
  const tokens = variables.make(weight(vocab, width));
  const positions = variables.make(weight(block, width));
  const mask = causalMask(block);
  const blocks = Array.from({ length: layers }, () => gptBlock(variables, spec, batch, mask));
  const norm = variables.norm(width);
  const head = variables.make(weight(width, vocab));
  const ids = numbers(batch * block, vocab);
  const labels = tf.oneHot(ids, vocab);
  const body = (): tf.Tensor => {
    const embedded = tf.reshape(tf.gather(tokens, ids), [batch, block, width]);
    const x = tf.reshape(tf.add(embedded, positions), [batch * block, width]);
    return tf.matMul(norm(blocks.reduce((y, each) => each(y), x)), head);
  };
  return { variables: variables.all, loss: () => crossEntropy(body(), labels) };
}

/** @throws Error for models that are not written for TensorFlow.js */
export function tfjsModel(spec: ModelSpec, batch: number): TfjsModel {
  if (spec.type === 'mlp') return mlp(spec, batch);
  if (spec.type === 'convnet') return convnet(spec, batch);
  if (spec.type === 'gpt') return gpt(spec, batch);
  throw new Error(`no ${(spec as { type: string }).type} is written for TensorFlow.js`);
}

/** A kernel; its operands are made once. @throws Error for kernels that are not written for TensorFlow.js */
export function tfjsKernel(work: KernelWork): () => tf.Tensor {
  switch (work.kind) {
    case 'matmul': {
      const { form, batch, m, k, n } = work;
      const lead = batch > 1 ? [batch] : [];
      const [turnA, turnB] = [form[0] === 'T', form[1] === 'T'];
      const a = weight(...lead, ...(turnA ? [k, m] : [m, k]));
      const b = weight(...lead, ...(turnB ? [n, k] : [k, n]));
      return () => tf.matMul(a, b, turnA, turnB);
    }
    case 'attention': {
      if (work.backward)
        throw new Error('gradients of attention alone are not written for TensorFlow.js; see the GPT step');
      const [q, k, v] = [0, 1, 2].map(() => weight(work.batch, work.heads, work.length, work.width));
      const mask = causalMask(work.length);
      return () => attention(q!, k!, v!, mask);
    }
    case 'conv2d': {
      const { batch, inputs, outputs, size, kernel } = work;
      const x = weight(batch, size, size, inputs) as tf.Tensor4D;
      const w = weight(kernel, kernel, inputs, outputs) as tf.Tensor4D;
      return () => tf.conv2d(x, w, 1, 'same');
    }
    case 'layerNorm': {
      const x = weight(work.rows, work.columns);
      const [gain, bias] = [tf.ones([work.columns]), tf.zeros([work.columns])];
      return () => layerNorm(x, gain, bias);
    }
    case 'softmax': {
      const x = weight(work.rows, work.columns);
      return () => tf.softmax(x);
    }
    default: {
      const x = weight(work.rows, work.columns);
      return () => tf.sum(x, work.kind === 'reduceRows' ? 1 : 0);
    }
  }
}
