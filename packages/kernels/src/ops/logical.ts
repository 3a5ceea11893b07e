/** and, or, not of i32 truth values: any number but 0 is true; results are 0 or 1. */
import * as exactly from '../canonical/build.ts';
import { equal, int, select } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { broadcastReference, inferBroadcast } from './elementwise.ts';
import { i32, streamedBytes } from './shape.ts';

function logical(
  name: string,
  { operands, operator, wgsl }: { operands: OpDefinition['operands']; operator: string; wgsl: string },
  holds: (a: boolean, b: boolean) => boolean,
  exact: (a: Expr, b: Expr) => Expr,
): OpDefinition {
  return {
    name,
    operands,
    attributes: {},
    infer: (call) => i32(inferBroadcast(call)),
    gradient: { reason: 'a truth value has no derivative' },
    reference: broadcastReference((a = 0, b = 0) => (holds(a !== 0, b !== 0) ? 1 : 0)),
    flops: () => 0,
    bytes: streamedBytes,
    onnx: ({ emit, names }) =>
      emit.fromBool(
        emit.node(
          operator,
          names.map((name) => emit.toBool(name)),
        ),
      ),
    wgsl: elementwise(`select(0i, 1i, ${wgsl})`),
    exact: {
      kind: 'elementwise',
      value: (inputs) => {
        const [a, b] = inputs.map((x) => exactly.not(equal(x, int(0))));
        return select(exact(a ?? int(0), b ?? int(0)), int(1), int(0));
      },
    },
  };
}

export const and = logical(
  'and',
  { operands: ['i32', 'i32'], operator: 'And', wgsl: '$0 != 0i && $1 != 0i' },
  (a, b) => a && b,
  exactly.and,
);
export const or = logical(
  'or',
  { operands: ['i32', 'i32'], operator: 'Or', wgsl: '$0 != 0i || $1 != 0i' },
  (a, b) => a || b,
  exactly.or,
);
export const not = logical('not', { operands: ['i32'], operator: 'Not', wgsl: '$0 == 0i' }, (a) => !a, exactly.not);
