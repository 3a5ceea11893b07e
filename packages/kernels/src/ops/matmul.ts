/**
 * matmul: a′·b′ over the last two axes, where a flag says that a side is stored transposed. Leading (batch) axes of both
 * sides are equal, or b has rank 2 and serves every batch.
 */
import { flag } from '../graph/attributes.ts';
import type { Attributes, ValueId } from '../graph/graph.ts';
import type { Emitter, GradientRule, OpCall, OpDefinition, ReferenceCall, TypedCall } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { input, output } from '../webgpu/kernels/lanes.ts';
import { matmulCall } from '../webgpu/kernels/matmul.ts';
import { elements, f32, refuse, type Shape, sameShape, shapeAt, streamedBytes } from './shape.ts';

/** The sizes of one matrix product; `sharedRight`: b has rank 2 and serves every batch. */
interface MatmulSizes {
  readonly batch: readonly number[];
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly sharedRight: boolean;
}

const matrix = (shape: Shape, transposed: boolean): [number, number] => {
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  return transposed ? [columns, rows] : [rows, columns];
};

/** Sizes of a legal call. */
function matmulSizes(inputs: TypedCall['inputs'], attributes: Attributes): MatmulSizes {
  const [a, b] = [shapeAt({ inputs }, 0), shapeAt({ inputs }, 1)];
  const [transposeA, transposeB] = [flag(attributes, 'transposeA'), flag(attributes, 'transposeB')];
  const [[m, k], [, n]] = [matrix(a, transposeA), matrix(b, transposeB)];
  return { batch: a.slice(0, -2), m, k, n, transposeA, transposeB, sharedRight: b.length === 2 };
}

function infer(call: OpCall) {
  const [a, b] = [shapeAt(call, 0), shapeAt(call, 1)];
  if (a.length < 2 || b.length < 2)
    refuse(call, `shapes [${a}] and [${b}] are not both matrices`, 'Reshape to rank 2 or more.');
  const { batch, m, k, n, transposeB, sharedRight } = matmulSizes(call.inputs, call.attributes);
  if (matrix(b, transposeB)[0] !== k) {
    refuse(
      call,
      `inner sizes of [${a}] and [${b}] differ (${k} and ${matrix(b, transposeB)[0]})`,
      'Make them equal, or set a transpose flag.',
    );
  }
  if (!sharedRight && !sameShape(batch, b.slice(0, -2))) {
    refuse(call, `batch axes of [${a}] and [${b}] differ`, 'Make them equal, or give the right side rank 2.');
  }
  return f32([...batch, m, n]);
}

function reference({ inputs, attributes, output, operands: [a, b] }: ReferenceCall): Float64Array {
  const { batch, m, k, n, transposeA, transposeB, sharedRight } = matmulSizes(inputs, attributes);
  const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
  const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
  const result = new Float64Array(elements(output.shape));
  if (!a || !b) return result;
  for (let index = 0; index < elements(batch); index++) {
    const [aBase, bBase] = [index * m * k, sharedRight ? 0 : index * k * n];
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let i = 0; i < k; i++)
          sum += a[aBase + row * aRow + i * aColumn]! * b[bBase + i * bRow + column * bColumn]!;
        result[(index * m + row) * n + column] = sum;
      }
    }
  }
  return result;
}

type Product = (left: ValueId, right: ValueId, transposeA: boolean, transposeB: boolean) => ValueId;
const productOf =
  (emit: Emitter): Product =>
  (left, right, transposeA, transposeB) =>
    emit.apply('matmul', [left, right], { transposeA, transposeB });

function swapLastAxes(emit: Emitter, value: ValueId): ValueId {
  const axes = emit.typeOf(value).shape.map((_, axis) => axis);
  return emit.apply('transpose', [value], { permutation: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
}

/** dA = dY·b′ᵀ, or its transpose where a is stored transposed. */
function leftGradient(
  emit: Emitter,
  b: ValueId,
  dy: ValueId,
  { transposeA, transposeB, batch, sharedRight }: MatmulSizes,
): ValueId {
  const product = productOf(emit);
  if (!transposeA) return product(dy, b, false, !transposeB);
  // A shared right side can't stand on the left of a batched product, so there the result is transposed instead.
  if (sharedRight && batch.length > 0) return swapLastAxes(emit, product(dy, b, false, !transposeB));
  return product(b, dy, transposeB, true);
}

/** dB = a′ᵀ·dY, or its transpose where b is stored transposed; summed over the batches that share b. */
function rightGradient(emit: Emitter, a: ValueId, dy: ValueId, sizes: MatmulSizes): ValueId {
  const { transposeA, transposeB, batch, sharedRight } = sizes;
  const summed = sharedRight && batch.length > 0;
  // With a stored as is, the batches are simply more rows: one long product instead of many and a sum.
  const [left, right] = summed && !transposeA ? [flatten(emit, a), flatten(emit, dy)] : [a, dy];
  const product = productOf(emit);
  const gradient = transposeB ? product(right, left, true, transposeA) : product(left, right, !transposeA, false);
  if (!summed || !transposeA) return gradient;
  return emit.apply('reduceSum', [gradient], { axes: batch.map((_, axis) => axis), keepDims: false });
}

function flatten(emit: Emitter, value: ValueId): ValueId {
  const { shape } = emit.typeOf(value);
  return emit.apply('reshape', [value], { shape: [elements(shape.slice(0, -1)), shape.at(-1) ?? 1] });
}

const gradient: GradientRule = ({ emit, inputs: [a = -1, b = -1], outputGradient, attributes }) => {
  const sizes = matmulSizes([emit.typeOf(a), emit.typeOf(b)], attributes);
  return [leftGradient(emit, b, outputGradient, sizes), rightGradient(emit, a, outputGradient, sizes)];
};

/**
 * MatMul where nothing is transposed, which onnxruntime fuses with the bias that follows; else the operator that takes
 * the flags without moving data: Gemm for rank 2, onnxruntime's FusedMatMul above, in portable models a Transpose.
 */
const onnx: OnnxLowering = ({ emit, inputs, names: [a = '', b = ''], attributes }) => {
  const [transA, transB] = [flag(attributes, 'transposeA') ? 1 : 0, flag(attributes, 'transposeB') ? 1 : 0];
  if (transA + transB === 0) return emit.node('MatMul', [a, b]);
  const ranks = inputs.map(({ type }) => type.shape.length);
  if (ranks.every((rank) => rank === 2)) return emit.node('Gemm', [a, b], { transA, transB });
  if (emit.target === 'onnxruntime')
    return emit.node('FusedMatMul', [a, b], { transA, transB }, { domain: 'com.microsoft' });
  const swapped = (value: string, rank = 2) => {
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    return emit.transpose(value, [...axes.slice(0, -2), rank - 1, rank - 2]);
  };
  return emit.node('MatMul', [transA ? swapped(a, ranks[0]) : a, transB ? swapped(b, ranks[1]) : b]);
};

export const matmul: OpDefinition = {
  name: 'matmul',
  operands: ['f32', 'f32'],
  attributes: { transposeA: 'flag', transposeB: 'flag' },
  infer,
  gradient,
  reference,
  flops: ({ inputs, attributes }) => {
    const { batch, m, k, n } = matmulSizes(inputs, attributes);
    return 2 * elements(batch) * m * k * n;
  },
  bytes: streamedBytes,
  onnx,
  wgsl: {
    kind: 'kernels',
    takesEpilogue: true,
    lower: ({ inputs, attributes, traits }) => {
      const { batch, ...sizes } = matmulSizes(inputs, attributes);
      return { calls: [matmulCall(traits, { ...sizes, count: elements(batch) }, [input(0), input(1), output])] };
    },
  },
  exact: {
    kind: 'calls',
    lower: ({ inputs, attributes }) => {
      const { batch, ...sizes } = matmulSizes(inputs, attributes);
      return {
        calls: [{ kind: 'product', a: input(0), b: input(1), output, problem: { ...sizes, count: elements(batch) } }],
      };
    },
  },
};
