/** Kernel work as a graph of this product's ops, with its cost: what our backends run, and the count of FLOPs and bytes for all. */
import { costOf, GraphBuilder } from '@murmuration/kernels/graph';
import type { Graph, ValueId } from '@murmuration/kernels/graph';
import type { AttentionWork, ConvolutionWork, KernelWork, MatmulWork, RowsWork } from './work.ts';

const data = (builder: GraphBuilder, name: string, ...shape: number[]): ValueId =>
  builder.input(name, { dtype: 'f32', shape }, 'data');

function matmul(builder: GraphBuilder, { form, batch, m, k, n }: MatmulWork): void {
  const [transposeA, transposeB] = [form[0] === 'T', form[1] === 'T'];
  const lead = batch > 1 ? [batch] : [];
  const a = data(builder, 'a', ...lead, ...(transposeA ? [k, m] : [m, k]));
  const b = data(builder, 'b', ...lead, ...(transposeB ? [n, k] : [k, n]));
  builder.output('y', builder.apply('matmul', [a, b], { transposeA, transposeB }));
}

function attention(builder: GraphBuilder, { batch, heads, length, width, backward }: AttentionWork): void {
  const operands = ['q', 'k', 'v'].map((name) => data(builder, name, batch, heads, length, width));
  const [q = -1, k = -1, v = -1] = operands;
  const dy = backward ? data(builder, 'dy', batch, heads, length, width) : -1;
  const attributes = { factor: width ** -0.5, causal: true };
  const y = builder.apply('attention', [q, k, v], attributes);
  builder.output('y', y);
  if (!backward) return;
  const logSum = builder.apply('attentionLogSum', [q, k], attributes);
  builder.output('dq', builder.apply('attentionQueryGradient', [q, k, v, y, dy, logSum], attributes));
  builder.output('dk', builder.apply('attentionKeyGradient', [q, k, v, y, dy, logSum], attributes));
  builder.output('dv', builder.apply('attentionValueGradient', [q, k, dy, logSum], attributes));
}

function rows(builder: GraphBuilder, { kind, rows: count, columns }: RowsWork): void {
  const x = data(builder, 'x', count, columns);
  if (kind === 'layerNorm') {
    const [gain, bias] = [data(builder, 'gain', columns), data(builder, 'bias', columns)];
    builder.output('y', builder.apply('layerNorm', [x, gain, bias], { epsilon: 1e-5 }));
  } else if (kind === 'softmax') {
    builder.output('y', builder.apply('softmax', [x], { factor: 1, causal: false }));
  } else {
    const axes = [kind === 'reduceRows' ? 1 : 0];
    builder.output('y', builder.apply('reduceSum', [x], { axes, keepDims: false }));
  }
}

function convolution(builder: GraphBuilder, { batch, inputs, outputs, size, kernel }: ConvolutionWork): void {
  const x = data(builder, 'x', batch, inputs, size, size);
  const pads = [0, 0, 0, 0].map(() => (kernel - 1) / 2);
  const weights = data(builder, 'kernel', outputs, inputs, kernel, kernel);
  builder.output('y', builder.apply('conv2d', [x, weights], { strides: [1, 1], pads, dilations: [1, 1], groups: 1 }));
}

/** Its inputs are all f32 data. */
export function graphOf(work: KernelWork): Graph {
  const builder = new GraphBuilder();
  if (work.kind === 'matmul') matmul(builder, work);
  else if (work.kind === 'attention') attention(builder, work);
  else if (work.kind === 'conv2d') convolution(builder, work);
  else rows(builder, work);
  return builder.build();
}

/** FLOPs, and bytes that must be moved at least: every input read once, every output written once. */
export function costOfWork(work: KernelWork): { readonly flops: number; readonly bytes: number } {
  const graph = graphOf(work);
  const shapes = [
    ...graph.inputs.map(({ type }) => type.shape),
    ...graph.outputs.map(({ value }) => graph.nodes[value - graph.inputs.length]?.output.shape ?? []),
  ];
  const bytes = shapes.reduce((sum, shape) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  return { flops: costOf(graph).flops, bytes };
}

/** Made-up values in [−1, 1) for every input of `graph`: a kernel's time does not depend on them. */
export function feedsOf({ inputs }: Graph): Record<string, Float32Array> {
  let seed = 1;
  const next = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  };
  return Object.fromEntries(
    inputs.map(({ name, type }) => {
      const size = type.shape.reduce((product, length) => product * length, 1);
      return [name, Float32Array.from({ length: size }, next)];
    }),
  );
}
