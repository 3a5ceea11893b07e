/** What ops with numpy broadcasting share: the shape rule and the float64 walk over any number of operands. */
import type { OpCall, ReferenceCall } from '../graph/op.ts';
import { broadcastShapes, broadcastStrides, offsets, refuse, type Shape } from './shape.ts';

/** The broadcast of all operands' shapes. @throws GraphError */
export function inferBroadcast(call: OpCall): number[] {
  return call.inputs.reduce<number[]>((shape, { shape: next }) => {
    const joined = broadcastShapes(shape, next);
    return (
      joined ??
      refuse(
        call,
        `shapes [${shape}] and [${next}] don't broadcast`,
        'Make each pair of dimensions equal, or one of them 1.',
      )
    );
  }, []);
}

/** The shape rule of ops whose operands at `positions` must have one dtype. @throws GraphError */
export function expectOneDtype(call: OpCall, positions: readonly [number, number]): void {
  const [a, b] = positions.map((position) => call.inputs[position]?.dtype);
  if (a === b) return;
  refuse(call, `operands ${positions.join(' and ')} are ${a} and ${b}`, 'Cast one of them to the dtype of the other.');
}

/** The reference of an op that applies `scalar` at every broadcast index. */
export const broadcastReference =
  (scalar: (...values: number[]) => number) =>
  ({ inputs, output, operands }: Pick<ReferenceCall, 'inputs' | 'output' | 'operands'>): Float64Array => {
    const reads = inputs.map(({ shape }) => walk(shape, output.shape));
    const size = output.shape.reduce((product, dimension) => product * dimension, 1);
    return Float64Array.from({ length: size }, (_, i) =>
      scalar(...operands.map((operand, index) => operand[reads[index]?.[i] ?? 0] ?? 0)),
    );
  };

const walk = (from: Shape, to: Shape): Int32Array => offsets(to, broadcastStrides(from, to));
