/**
 * What the conformance probe computes: a small graph whose every result is known, over operands that tell a fused product
 * from a rounded one, a reordered sum from a canonical one, and a driver's own exponential from the project's.
 */
import type { CanonicalArray } from '../../canonical/interpret.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import type { Graph, ValueId } from '../../graph/graph.ts';
import { initialise } from '../../models/initialise.ts';

export interface ProbeProgram {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, CanonicalArray>>;
}

/** Rows, inner size (beyond one block of a canonical product) and columns of the products: whole vectors and odd ends. */
const PRODUCTS = { whole: [24, 264, 40], odd: [19, 263, 37] } as const;
const ELEMENTS = 1031;

const fround = Math.fround;

/** Normal values of a magnitude at which nothing is flushed. */
function normals(size: number, name: string): Float32Array {
  const values = new Float32Array(size);
  initialise(values, { kind: 'normal', deviation: 1 }, 0, name);
  return values;
}

/**
 * Makes the first two steps of k add up to exactly 0 in the first row where products are rounded, −p + x · y with
 * p = x · y rounded, and to what was rounded off where a product goes into its sum unrounded.
 */
function cancelling(left: Float32Array, right: Float32Array, n: number): void {
  left[0] = 1;
  for (let column = 0; column < n; column++) right[column] = -fround(left[1]! * right[n + column]!);
}

/** x, y and positive z for the elementwise part. */
type Operands = readonly [ValueId, ValueId, ValueId];

function everyFunction(builder: GraphBuilder, [x, y, z]: Operands): ValueId {
  const call = (op: string, ...inputs: ValueId[]): ValueId => builder.apply(op, inputs);
  const quotient = call('div', x, call('sqrt', z));
  const curves = call('add', call('mul', call('exp', y), call('log', z)), call('mul', call('tanh', x), call('sin', y)));
  return call('sub', call('add', curves, call('gelu', x)), quotient);
}

export function probeProgram(): ProbeProgram {
  const builder = new GraphBuilder();
  const feeds: Record<string, CanonicalArray> = {};
  const feed = (name: string, shape: readonly number[], values: Float32Array): ValueId => {
    feeds[name] = values;
    return builder.input(name, { dtype: 'f32', shape }, 'data');
  };
  for (const [name, [m, k, n]] of Object.entries(PRODUCTS)) {
    const [left, right] = [normals(m * k, `${name} left`), normals(k * n, `${name} right`)];
    cancelling(left, right, n);
    const operands = [feed(`${name} left`, [m, k], left), feed(`${name} right`, [k, n], right)];
    const plain = { transposeA: false, transposeB: false };
    builder.output(`the ${name} product`, builder.apply('matmul', operands, plain));
  }
  const elementwise = ['x', 'y', 'z'].map((name) => {
    const values = normals(ELEMENTS, name);
    return feed(name, [ELEMENTS], name === 'z' ? values.map((value) => Math.abs(value) + 0.125) : values);
  });
  const curves = everyFunction(builder, elementwise as unknown as Operands);
  builder.output('the functions', curves);
  builder.output('the sum', builder.apply('reduceSum', [curves], { axes: [0], keepDims: false }));
  return { graph: builder.build(), feeds };
}
