/**
 * averagePool2d and its gradient, both linear. With `countPads` a window's sum is divided by kh · kw, the padding counting as
 * zeros; without by the elements of x that it covers. A global average is a reduceSum and a scale.
 */
import { averagePool2dExactly, averagePool2dGradientExactly } from '../canonical/lowerings/pool2d.ts';
import { flag, naturals } from '../graph/attributes.ts';
import type { Attributes, TensorType } from '../graph/graph.ts';
import type { OpCall, OpDefinition, TypedCall } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { averagePool2dGradientLowering, averagePool2dLowering } from '../webgpu/kernels/average-pool2d.ts';
import {
  onnxPool,
  POOL_ATTRIBUTES,
  type Pool2dSizes,
  pooledOperand,
  pooledShape,
  poolOf,
  poolSizes,
} from './pool2d.ts';
import { elements, expectRank, expectShape, f32, type Shape, shapeAt, streamedBytes } from './shape.ts';
import { checkPair, eachTap, onnxSteps } from './window2d.ts';

const ATTRIBUTES = { ...POOL_ATTRIBUTES, countPads: 'flag' } as const;

/** By what each window of a plane is divided, [h′ · w′]. */
function divisors(sizes: Pool2dSizes, countPads: boolean): Float64Array {
  const result = new Float64Array(sizes.outHeight * sizes.outWidth);
  if (countPads) return result.fill(sizes.kernelHeight * sizes.kernelWidth);
  eachTap(sizes, (_, __, out) => {
    result[out]! += 1;
  });
  return result;
}

/** x of the gradient's pooling: dy's planes at `size` [h, w]. */
const inputShape = (call: Pick<OpCall, 'inputs' | 'attributes'>): Shape => [
  ...shapeAt(call, 0).slice(0, 2),
  ...naturals(call.attributes, 'size'),
];
const gradientSizes = ({ inputs, attributes }: Pick<OpCall, 'inputs' | 'attributes'>): Pool2dSizes =>
  poolSizes(inputShape({ inputs, attributes }), attributes);

const sizesOfGradient = (inputs: readonly TensorType[], attributes: Attributes): Pool2dSizes =>
  gradientSizes({ inputs, attributes });

/** Visits (place in x, window in y, divisor) of every element that a window covers. */
function eachShare(
  sizes: Pool2dSizes,
  countPads: boolean,
  visit: (place: number, window: number, divisor: number) => void,
): void {
  const by = divisors(sizes, countPads);
  const [plane, windows] = [sizes.height * sizes.width, sizes.outHeight * sizes.outWidth];
  for (let at = 0; at < sizes.planes; at++) {
    eachTap(sizes, (place, _, out) => visit(at * plane + place, at * windows + out, by[out] ?? 1));
  }
}

/** dy ÷ divisors, spread over the windows by a transposed convolution of each plane with ones. */
const onnxGradient: OnnxLowering = ({ emit, names: [dy = ''], inputs, attributes, output }) => {
  const s = gradientSizes({ inputs: inputs.map(({ type }) => type), attributes });
  const planes = emit.reshape(dy, [s.planes, 1, s.outHeight, s.outWidth]);
  const shares = emit.node('Div', [planes, onnxDivisors(emit, s, flag(attributes, 'countPads'))]);
  const ones = emit.fill([1, 1, s.kernelHeight, s.kernelWidth], 1);
  const rest = [
    s.height - ((s.outHeight - 1) * s.strideY + s.kernelHeight - s.top - s.bottom),
    s.width - ((s.outWidth - 1) * s.strideX + s.kernelWidth - s.left - s.right),
  ];
  const spread = emit.node('ConvTranspose', [shares, ones], { ...onnxSteps(s), output_padding: rest });
  return emit.reshape(spread, output.shape);
};

function onnxDivisors(emit: OnnxEmitter, sizes: Pool2dSizes, countPads: boolean): OnnxValue {
  const by = divisors(sizes, countPads);
  if (by.every((value) => value === by[0])) return emit.scalar(by[0] ?? 1);
  return emit.constant('f32', [sizes.outHeight, sizes.outWidth], [...by]);
}

const flops = (sizes: Pool2dSizes): number =>
  sizes.planes * sizes.outHeight * sizes.outWidth * (sizes.kernelHeight * sizes.kernelWidth + 1);

export const averagePool2d: OpDefinition = {
  name: 'averagePool2d',
  operands: ['f32'],
  attributes: ATTRIBUTES,
  infer: (call) => f32(pooledOperand(call)),
  gradient: ({ emit, inputs: [x = -1], outputGradient, attributes }) => [
    emit.apply('averagePool2dGradient', [outputGradient], { ...attributes, size: emit.typeOf(x).shape.slice(2) }),
  ],
  reference: ({ inputs, attributes, output, operands: [x] }) => {
    const result = new Float64Array(elements(output.shape));
    eachShare(poolOf(inputs, attributes), flag(attributes, 'countPads'), (place, window, divisor) => {
      result[window]! += (x?.[place] ?? 0) / divisor;
    });
    return result;
  },
  flops: ({ inputs, attributes }: TypedCall) => flops(poolOf(inputs, attributes)),
  bytes: streamedBytes,
  onnx: ({ emit, names, inputs, attributes }) => {
    const sizes = poolOf(
      inputs.map(({ type }) => type),
      attributes,
    );
    return emit.node('AveragePool', names, {
      ...onnxPool(sizes),
      count_include_pad: flag(attributes, 'countPads') ? 1 : 0,
    });
  },
  wgsl: averagePool2dLowering(poolOf),
  exact: averagePool2dExactly(poolOf),
};

/** dy → dx of `size` [h, w]. */
export const averagePool2dGradient: OpDefinition = {
  name: 'averagePool2dGradient',
  operands: ['f32'],
  attributes: { ...ATTRIBUTES, size: 'naturals' },
  infer: (call) => {
    expectRank(call, 0, 4);
    checkPair(call, 'size');
    const x = inputShape(call);
    expectShape(call, 0, pooledShape(call, x));
    return f32(x);
  },
  gradient: ({ emit, outputGradient, attributes: { size: _, ...pooling } }) => [
    emit.apply('averagePool2d', [outputGradient], pooling),
  ],
  reference: ({ inputs, attributes, output, operands: [dy] }) => {
    const result = new Float64Array(elements(output.shape));
    eachShare(gradientSizes({ inputs, attributes }), flag(attributes, 'countPads'), (place, window, divisor) => {
      result[place]! += (dy?.[window] ?? 0) / divisor;
    });
    return result;
  },
  flops: ({ inputs, attributes }: TypedCall) => flops(gradientSizes({ inputs, attributes })),
  bytes: streamedBytes,
  onnx: onnxGradient,
  wgsl: averagePool2dGradientLowering(sizesOfGradient),
  exact: averagePool2dGradientExactly(sizesOfGradient),
};
