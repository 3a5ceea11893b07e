/**
 * equal, less, lessOrEqual of two f32 or two i32 tensors with numpy broadcasting: i32 1 where it holds, else 0. There is no
 * bool dtype. A comparison with NaN does not hold. The other comparisons are composites (`composites.ts`).
 */
import * as exactly from '../canonical/build.ts';
import { int, select } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { broadcastReference, expectOneDtype, inferBroadcast } from './elementwise.ts';
import { i32, perOutput, streamedBytes } from './shape.ts';

/** `sign` is the comparison in WGSL, `operator` in ONNX. */
function comparison(
  name: string,
  operator: string,
  sign: string,
  holds: (a: number, b: number) => boolean,
  exact: (a: Expr, b: Expr) => Expr,
): OpDefinition {
  return {
    name,
    operands: ['any', 'any'],
    attributes: {},
    infer: (call) => {
      expectOneDtype(call, [0, 1]);
      return i32(inferBroadcast(call));
    },
    gradient: { reason: 'a comparison is piecewise constant' },
    reference: broadcastReference((a, b) => (holds(a ?? 0, b ?? 0) ? 1 : 0)),
    flops: perOutput(1),
    bytes: streamedBytes,
    onnx: ({ emit, names }) => emit.fromBool(emit.node(operator, names)),
    wgsl: elementwise(`select(0i, 1i, $0 ${sign} $1)`),
    exact: { kind: 'elementwise', value: ([a = int(0), b = int(0)]) => select(exact(a, b), int(1), int(0)) },
  };
}

export const equal = comparison('equal', 'Equal', '==', (a, b) => a === b, exactly.equal);
export const less = comparison('less', 'Less', '<', (a, b) => a < b, exactly.less);
export const lessOrEqual = comparison('lessOrEqual', 'LessOrEqual', '<=', (a, b) => a <= b, exactly.lessOrEqual);
