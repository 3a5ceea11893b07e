/**
 * attention: softmax(factor · q kᵀ) v by heads, without a matrix of probabilities that outlives the op. Queries are
 * [batch, heads, n, d], keys and values [batch, groups, m, d] with groups dividing heads: query head h reads key head
 * ⌊h / (heads / groups)⌋ (grouped queries). Causal: row i sees columns ≤ i.
 *
 * The backward pass keeps of the probabilities one number a row, their logarithm's normaliser (`attentionLogSum`), and works
 * the rest out again from q and k, tile by tile, after Dao et al., "FlashAttention", 2022. Every op here also expands to
 * products and softmaxes, whose common calls are shared: what backends take for which that is faster.
 */
import { attentionLogSumExactly } from '../canonical/lowerings/attention.ts';
import { flag, number } from '../graph/attributes.ts';
import type { Attributes, TensorType, ValueId } from '../graph/graph.ts';
import type { Emitter, OpCall, OpDefinition, TypedCall } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import {
  attentionKeyGradientLowering,
  attentionLogSumLowering,
  attentionLowering,
  attentionQueryGradientLowering,
  attentionValueGradientLowering,
} from '../webgpu/kernels/attention.ts';
import {
  attentionReference,
  type AttentionSizes,
  attentionSizes,
  logSumReference,
  scoreGradientReference,
  valueGradientReference,
} from './attention-reference.ts';
import {
  backwardOnly,
  expectRank,
  expectShape,
  f32,
  refuse,
  type Shape,
  sameShape,
  shapeAt,
  streamedBytes,
} from './shape.ts';
import { onnxCausalMask, onnxScaled } from './softmax.ts';

const ATTRIBUTES = { factor: 'number', causal: 'flag' } as const;

/** Checks q and k, operands 0 and 1, against one another. */
function checkQueriesAndKeys(call: OpCall): void {
  expectRank(call, 0, 4);
  expectRank(call, 1, 4);
  const [q, k] = [shapeAt(call, 0), shapeAt(call, 1)];
  if (q[0] !== k[0] || q[3] !== k[3])
    refuse(call, `queries [${q}] and keys [${k}] differ in batch or head size`, 'Make axes 0 and 3 equal.');
  if ((q[1] ?? 1) % (k[1] ?? 1) !== 0)
    refuse(
      call,
      `${k[1]} key heads don't divide ${q[1]} query heads`,
      'Use a number of key heads that divides the query heads.',
    );
}

/** Checks the other operands in order: `query` ones have q's shape, `key` ones k's, `row` ones a number a query row. */
function checkRest(call: OpCall, kinds: readonly ('query' | 'key' | 'row')[]): void {
  checkQueriesAndKeys(call);
  const [q, k] = [shapeAt(call, 0), shapeAt(call, 1)];
  const shapes: Record<(typeof kinds)[number], Shape> = { query: q, key: k, row: q.slice(0, 3) };
  kinds.forEach((kind, index) => expectShape(call, index + 2, shapes[kind]));
}

/** FLOPs of `products` products of the scores' size. */
const flops =
  (products: number) =>
  (call: TypedCall): number => {
    const { batch, heads, n, m, d } = attentionSizes(call.inputs);
    return batch * heads * n * m * (2 * d * products + 4);
  };

const reshaped = (emit: Emitter, value: ValueId, shape: Shape): ValueId =>
  sameShape(emit.typeOf(value).shape, shape) ? value : emit.apply('reshape', [value], { shape });

/** How expansions see the operands: queries of one key head stacked under one another, [batch, groups, repeat · n, d]. */
interface Stacked {
  readonly emit: Emitter;
  readonly sizes: AttentionSizes;
  readonly attributes: Attributes;
}

const stack = ({ emit, sizes: { batch, groups, repeat, n } }: Stacked, value: ValueId): ValueId =>
  reshaped(emit, value, [batch, groups, repeat * n, emit.typeOf(value).shape.at(-1) ?? 1]);

const product = (emit: Emitter, a: ValueId, b: ValueId, transposeA: boolean, transposeB: boolean): ValueId =>
  emit.apply('matmul', [a, b], { transposeA, transposeB });

/** Something [batch, groups, repeat · n, m] as rows of one head: causal masks count rows within n. */
const perHead = ({ emit, sizes: { batch, heads, n, m } }: Stacked, value: ValueId): ValueId =>
  reshaped(emit, value, [batch, heads, n, m]);

/** The probabilities [batch, heads, n, m]. */
function probabilities(context: Stacked, q: ValueId, k: ValueId): ValueId {
  const scores = product(context.emit, stack(context, q), k, false, true);
  // The op's attributes are softmax's own: factor and causal.
  return context.emit.apply('softmax', [perHead(context, scores)], context.attributes);
}

/** ∂loss/∂scores [batch, groups, repeat · n, m]. */
function scoreGradient(context: Stacked, [q, k, v, dy]: readonly [ValueId, ValueId, ValueId, ValueId]): ValueId {
  const { emit, attributes } = context;
  const received = perHead(context, product(emit, stack(context, dy), v, false, true));
  const p = probabilities(context, q, k);
  return stack(context, emit.apply('softmaxGradient', [p, received], { factor: number(attributes, 'factor') }));
}

type Operands = readonly ValueId[];
const expansion =
  (expand: (context: Stacked, operands: Operands) => ValueId): NonNullable<OpDefinition['expand']> =>
  ({ emit, inputs, attributes }) => {
    const types: TensorType[] = inputs.map((value) => emit.typeOf(value));
    return expand({ emit, attributes, sizes: attentionSizes(types) }, inputs);
  };

/** q, k, v → y of q's shape. */
export const attention: OpDefinition = {
  name: 'attention',
  operands: ['f32', 'f32', 'f32'],
  attributes: ATTRIBUTES,
  infer: (call) => {
    checkRest(call, ['key']);
    return f32(shapeAt(call, 0));
  },
  gradient: ({ emit, inputs: [q = -1, k = -1, v = -1], output: y, outputGradient: dy, attributes }) => {
    const logSum = emit.apply('attentionLogSum', [q, k], attributes);
    return [
      emit.apply('attentionQueryGradient', [q, k, v, y, dy, logSum], attributes),
      emit.apply('attentionKeyGradient', [q, k, v, y, dy, logSum], attributes),
      emit.apply('attentionValueGradient', [q, k, dy, logSum], attributes),
    ];
  },
  reference: attentionReference,
  flops: flops(2),
  bytes: streamedBytes,
  expand: expansion((context, [q = -1, k = -1, v = -1]) => {
    const { emit } = context;
    const mixed = product(emit, stack(context, probabilities(context, q, k)), v, false, false);
    return reshaped(emit, mixed, emit.typeOf(q).shape);
  }),
  onnx: 'expand',
  wgsl: attentionLowering,
};

const onnxLogSum: OnnxLowering = ({ emit, names: [q = '', k = ''], inputs, attributes }) => {
  const { batch, heads, groups, repeat, n, m, d } = attentionSizes(inputs.map(({ type }) => type));
  const stacked = emit.reshape(q, [batch, groups, repeat * n, d]);
  const product = emit.node('MatMul', [stacked, emit.transpose(k, [0, 1, 3, 2])]);
  const scores = onnxScaled(emit, emit.reshape(product, [batch, heads, n, m]), number(attributes, 'factor'));
  const seen = flag(attributes, 'causal') ? emit.node('Add', [scores, onnxCausalMask(emit, [n, m])]) : scores;
  return emit.node('ReduceLogSumExp', [seen, emit.integers([3])], { keepdims: 0 });
};

/** q, k → log Σⱼ exp(factor · q · kⱼ) over the columns that a row sees, [batch, heads, n]. */
export const attentionLogSum: OpDefinition = {
  name: 'attentionLogSum',
  operands: ['f32', 'f32'],
  attributes: ATTRIBUTES,
  infer: (call) => {
    checkQueriesAndKeys(call);
    return f32(shapeAt(call, 0).slice(0, 3));
  },
  gradient: backwardOnly,
  reference: logSumReference,
  flops: flops(1),
  bytes: streamedBytes,
  onnx: onnxLogSum,
  wgsl: attentionLogSumLowering,
  exact: attentionLogSumExactly,
};

/** q, k, v, y, dy, logSum → ∂loss/∂q. */
export const attentionQueryGradient: OpDefinition = {
  name: 'attentionQueryGradient',
  operands: ['f32', 'f32', 'f32', 'f32', 'f32', 'f32'],
  attributes: ATTRIBUTES,
  infer: (call) => {
    checkRest(call, ['key', 'query', 'query', 'row']);
    return f32(shapeAt(call, 0));
  },
  gradient: backwardOnly,
  reference: scoreGradientReference('query'),
  flops: flops(3),
  bytes: streamedBytes,
  expand: expansion((context, [q = -1, k = -1, v = -1, , dy = -1]) => {
    const { emit } = context;
    const gradient = product(emit, scoreGradient(context, [q, k, v, dy]), k, false, false);
    return reshaped(emit, gradient, emit.typeOf(q).shape);
  }),
  onnx: 'expand',
  wgsl: attentionQueryGradientLowering,
};

/** q, k, v, y, dy, logSum → ∂loss/∂k, summed over the query heads of each key head. */
export const attentionKeyGradient: OpDefinition = {
  ...attentionQueryGradient,
  name: 'attentionKeyGradient',
  infer: (call) => {
    checkRest(call, ['key', 'query', 'query', 'row']);
    return f32(shapeAt(call, 1));
  },
  reference: scoreGradientReference('key'),
  expand: expansion((context, [q = -1, k = -1, v = -1, , dy = -1]) =>
    product(context.emit, scoreGradient(context, [q, k, v, dy]), stack(context, q), true, false),
  ),
  wgsl: attentionKeyGradientLowering,
};

/** q, k, dy, logSum → ∂loss/∂v, of k's shape. */
export const attentionValueGradient: OpDefinition = {
  name: 'attentionValueGradient',
  operands: ['f32', 'f32', 'f32', 'f32'],
  attributes: ATTRIBUTES,
  infer: (call) => {
    checkRest(call, ['query', 'row']);
    return f32(shapeAt(call, 1));
  },
  gradient: backwardOnly,
  reference: valueGradientReference,
  flops: flops(2),
  bytes: streamedBytes,
  expand: expansion((context, [q = -1, k = -1, dy = -1]) =>
    product(context.emit, stack(context, probabilities(context, q, k)), stack(context, dy), true, false),
  ),
  onnx: 'expand',
  wgsl: attentionValueGradientLowering,
};
