/** What the norms over the last axis (layerNorm, rmsNorm) share: x̂ = (x − centre) · inverse by rows, and both its gradients. */
import { number } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxLowering, OnnxLoweringContext, OnnxValue } from '../onnx/lowering.ts';
import { backwardOnly, elements, expectShape, f32, perOperand, refuse, shapeAt, streamedBytes } from './shape.ts';

/** One row: x̂, and the factor that x − centre was multiplied by. */
export interface NormalisedRow {
  readonly row: Float64Array;
  readonly inverse: number;
}

/** A norm of rows, as far as its gradients need to know it. */
export interface RowNorm {
  /** The gradients are `<name>InputGradient` and `<name>GainGradient`. */
  readonly name: string;
  /** Whether the centre is the row's mean, through which a gradient flows too; else it is 0. */
  readonly centred: boolean;
  readonly normalise: (values: Float64Array, epsilon: number) => NormalisedRow;
  /** x̂ of the first operand, and the inverses of its rows as a column. */
  readonly onnxNormalised: (context: OnnxLoweringContext) => { readonly row: OnnxValue; readonly inverse: OnnxValue };
}

type Lowerings = Pick<OpDefinition, 'wgsl' | 'exact'> & { readonly flops: number };

/** Length of a row. @throws GraphError on a scalar, or an epsilon that is not positive */
export function featuresOf(call: OpCall): number {
  const [x, epsilon] = [shapeAt(call, 0), number(call.attributes, 'epsilon')];
  if (x.length < 1) refuse(call, 'x is a scalar', 'Pass a tensor of rank 1 or more.');
  if (epsilon <= 0) refuse(call, `epsilon is ${epsilon}`, 'Use a small positive epsilon such as 1e-5.');
  return x.at(-1) ?? 1;
}

/** The rows of x, normalised. */
export function* normalisedRows(
  { normalise }: Pick<RowNorm, 'normalise'>,
  x: Float64Array,
  features: number,
  epsilon: number,
): Generator<NormalisedRow & { start: number }> {
  for (let start = 0; start < x.length; start += features)
    yield { start, ...normalise(x.subarray(start, start + features), epsilon) };
}

export const onnxRowMean = ({ emit }: Pick<OnnxLoweringContext, 'emit'>, value: OnnxValue): OnnxValue =>
  emit.node('ReduceMean', [value, emit.integers([-1])], { keepdims: 1 });

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** x [.., c], gain [c], dy [.., c] → dx = inverse · (g − mean(g) − x̂ · mean(g ⊙ x̂)) with g = dy ⊙ gain, by rows; mean(g) only where centred. */
export function normInputGradient(norm: RowNorm, { flops, ...lowerings }: Lowerings): OpDefinition {
  return {
    name: `${norm.name}InputGradient`,
    operands: ['f32', 'f32', 'f32'],
    attributes: { epsilon: 'number' },
    infer: (call) => {
      expectShape(call, 1, [featuresOf(call)]);
      expectShape(call, 2, shapeAt(call, 0));
      return f32(shapeAt(call, 0));
    },
    gradient: backwardOnly,
    reference: ({ attributes, operands: [x = new Float64Array(), gain = x, dy = x] }) => {
      const result = new Float64Array(x.length);
      for (const { start, row, inverse } of normalisedRows(norm, x, gain.length, number(attributes, 'epsilon'))) {
        const g = gain.map((value, i) => value * dy[start + i]!);
        const centre = norm.centred ? mean(g) : 0;
        const projection = mean(g.map((value, i) => value * row[i]!));
        result.set(
          g.map((value, i) => inverse * (value - centre - row[i]! * projection)),
          start,
        );
      }
      return result;
    },
    flops: perOperand(0, flops),
    bytes: streamedBytes,
    onnx: onnxInputGradient(norm),
    ...lowerings,
  };
}

/** x [.., c], dy [.., c] → Σ over rows of dy ⊙ x̂ [c]. */
export function normGainGradient(norm: RowNorm, { flops, ...lowerings }: Lowerings): OpDefinition {
  return {
    name: `${norm.name}GainGradient`,
    operands: ['f32', 'f32'],
    attributes: { epsilon: 'number' },
    infer: (call) => {
      const features = featuresOf(call);
      expectShape(call, 1, shapeAt(call, 0));
      return f32([features]);
    },
    gradient: backwardOnly,
    reference: ({ attributes, output, operands: [x = new Float64Array(), dy = x] }) => {
      const result = new Float64Array(elements(output.shape));
      for (const { start, row } of normalisedRows(norm, x, result.length, number(attributes, 'epsilon')))
        row.forEach((value, i) => (result[i]! += value * dy[start + i]!));
      return result;
    },
    flops: perOperand(0, flops),
    bytes: streamedBytes,
    onnx: onnxGainGradient(norm),
    ...lowerings,
  };
}

const onnxInputGradient =
  ({ centred, onnxNormalised }: RowNorm): OnnxLowering =>
  (context) => {
    const {
      emit,
      names: [, gain = '', dy = ''],
    } = context;
    const { row, inverse } = onnxNormalised(context);
    const g = emit.node('Mul', [dy, gain]);
    const ofCentre = centred ? emit.node('Sub', [g, onnxRowMean(context, g)]) : g;
    const projection = emit.node('Mul', [row, onnxRowMean(context, emit.node('Mul', [g, row]))]);
    return emit.node('Mul', [emit.node('Sub', [ofCentre, projection]), inverse]);
  };

const onnxGainGradient =
  ({ onnxNormalised }: RowNorm): OnnxLowering =>
  (context) => {
    const {
      emit,
      names: [, dy = ''],
      inputs,
    } = context;
    const axes = (inputs[0]?.type.shape ?? []).slice(0, -1).map((_, axis) => axis);
    const products = emit.node('Mul', [dy, onnxNormalised(context).row]);
    return axes.length > 0 ? emit.node('ReduceSum', [products, emit.integers(axes)], { keepdims: 0 }) : products;
  };
