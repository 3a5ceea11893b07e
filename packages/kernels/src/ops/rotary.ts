/**
 * Rotary positions (Su et al., 2021) as Hugging Face's Llama lays them out: element i of a row is paired with element
 * i + d/2, and the pair is turned by row number · theta^(−2i/d). Cosines and sines are a table of its own, made once a step
 * however many layers read it; the gradient of a rotation is the rotation back.
 */
import { rotaryExactly, rotaryTableExactly } from '../canonical/lowerings/rotary.ts';
import { flag, natural, number } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { rotaryLowering, rotaryTableLowering } from '../webgpu/kernels/rotary.ts';
import { frequencyOf, MAX_POSITIONS } from './rotary-phase.ts';
import { expectShape, f32, perOutput, refuse, shapeAt, streamedBytes } from './shape.ts';

/** Most entries of a table: it is a constant of exported models. */
const MAX_TABLE = 2 ** 23;

/** Cosines, then sines, of position · frequency, row-major [2, length, size / 2]. */
function table(length: number, size: number, theta: number): Float64Array {
  const pairs = size / 2;
  return Float64Array.from({ length: 2 * length * pairs }, (_, at) => {
    const angle = (Math.floor(at / pairs) % length) * frequencyOf(at % pairs, size, theta);
    return at < length * pairs ? Math.cos(angle) : Math.sin(angle);
  });
}

function checkTable(call: OpCall): void {
  const { length, size, theta } = tableSizes(call);
  if (length < 1 || length > MAX_POSITIONS) refuse(call, `length is ${length}`, `Use 1 to ${MAX_POSITIONS} positions.`);
  if (length * size > MAX_TABLE)
    refuse(call, `it has ${length * size} entries`, 'Use a shorter table or smaller heads.');
  if (size < 2 || size % 2 !== 0) refuse(call, `size is ${size}`, 'Use an even head size.');
  if (theta <= 1) refuse(call, `theta is ${theta}`, 'Use a base above 1 such as 10000.');
}

const tableSizes = ({ attributes }: Pick<OpCall, 'attributes'>) => ({
  length: natural(attributes, 'length'),
  size: natural(attributes, 'size'),
  theta: number(attributes, 'theta'),
});

/** → cosines and sines [2, length, size / 2]. */
export const rotaryTable: OpDefinition = {
  name: 'rotaryTable',
  operands: [],
  attributes: { length: 'natural', size: 'natural', theta: 'number' },
  infer: (call) => {
    checkTable(call);
    const { length, size } = tableSizes(call);
    return f32([2, length, size / 2]);
  },
  gradient: () => [],
  reference: (call) => {
    const { length, size, theta } = tableSizes(call);
    return table(length, size, theta);
  },
  flops: perOutput(12),
  bytes: streamedBytes,
  onnx: ({ emit, attributes, output }) => {
    const { length, size, theta } = tableSizes({ attributes });
    return emit.constant('f32', output.shape, [...table(length, size, theta)]);
  },
  wgsl: rotaryTableLowering,
  exact: rotaryTableExactly,
};

const onnxRotary: OnnxLowering = ({ emit, names: [x = '', angles = ''], attributes, output: { shape } }) => {
  const [length, half] = [shape.at(-2) ?? 1, (shape.at(-1) ?? 2) / 2];
  const part = (value: string, axis: number, start: number, size: number): string =>
    emit.node('Slice', [value, emit.integers([start]), emit.integers([start + size]), emit.integers([axis])]);
  const angle = (which: number): string => emit.reshape(part(angles, 0, which, 1), [length, half]);
  const [cosine, sine] = [angle(0), angle(1)];
  const [first, second] = [part(x, shape.length - 1, 0, half), part(x, shape.length - 1, half, half)];
  const turned = (own: string, other: string, operator: string): string =>
    emit.node(operator, [emit.node('Mul', [own, cosine]), emit.node('Mul', [other, sine])]);
  const [minus, plus] = flag(attributes, 'inverse') ? ['Add', 'Sub'] : ['Sub', 'Add'];
  return emit.node('Concat', [turned(first, second, minus ?? ''), turned(second, first, plus ?? '')], { axis: -1 });
};

/** x [.., n, d], table [2, n, d / 2] → x's shape, row r of every matrix turned by r; `inverse` turns back. */
export const rotary: OpDefinition = {
  name: 'rotary',
  operands: ['f32', 'f32'],
  attributes: { inverse: 'flag' },
  infer: (call) => {
    const x = shapeAt(call, 0);
    const [length = 1, size = 1] = x.slice(-2);
    if (x.length < 2 || size % 2 !== 0)
      refuse(call, `shape [${x}] is not of rows with an even size`, 'Pass at least two axes, the last one even.');
    expectShape(call, 1, [2, length, size / 2]);
    return f32(x);
  },
  gradient: ({ emit, inputs: [, angles = -1], outputGradient, attributes }) => [
    emit.apply('rotary', [outputGradient, angles], { inverse: !flag(attributes, 'inverse') }),
    // The table has no parameters behind it.
    null,
  ],
  reference: ({ output: { shape }, attributes, operands: [x = new Float64Array(), angles = x] }) => {
    const [length, size] = [shape.at(-2) ?? 1, shape.at(-1) ?? 2];
    const half = size / 2;
    const sign = flag(attributes, 'inverse') ? -1 : 1;
    return x.map((value, at) => {
      const [column, row] = [at % size, Math.floor(at / size) % length];
      const angle = row * half + (column % half);
      const sine = sign * angles[length * half + angle]!;
      return column < half
        ? value * angles[angle]! - x[at + half]! * sine
        : value * angles[angle]! + x[at - half]! * sine;
    });
  },
  flops: perOutput(3),
  bytes: streamedBytes,
  onnx: onnxRotary,
  wgsl: rotaryLowering,
  exact: rotaryExactly,
};
