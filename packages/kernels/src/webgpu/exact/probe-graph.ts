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

/**
 * Rows, inner size (beyond one block of a canonical product) and columns of the products. Whole vectors: the kernel that most
 * products of a job run, where operands are read through textures too. Odd ends: a tile of few rows, soon compiled.
 */
const PRODUCTS = { whole: [32, 264, 32], odd: [13, 263, 37] } as const;
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

/** The operands of everything, by name: their shapes and values. */
function operands(): Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }> {
  const products = Object.entries(PRODUCTS).flatMap(([name, [m, k, n]]) => {
    const [left, right] = [normals(m * k, `${name} left`), normals(k * n, `${name} right`)];
    cancelling(left, right, n);
    return [
      [`${name} left`, { shape: [m, k], values: left }],
      [`${name} right`, { shape: [k, n], values: right }],
    ] as const;
  });
  const [x, y, z] = ['x', 'y', 'z'].map((name) => normals(ELEMENTS, name));
  const shape = [ELEMENTS];
  return {
    ...Object.fromEntries(products),
    x: { shape, values: x! },
    y: { shape, values: y! },
    z: { shape, values: z!.map((value) => Math.abs(value) + 0.125) },
  };
}

export function probeProgram(): ProbeProgram {
  const builder = new GraphBuilder();
  const given = operands();
  const values = new Map<string, ValueId>();
  for (const [name, { shape }] of Object.entries(given))
    values.set(name, builder.input(name, { dtype: 'f32', shape }, 'data'));
  const of = (name: string): ValueId => values.get(name)!;
  for (const name of Object.keys(PRODUCTS)) {
    const sides = [of(`${name} left`), of(`${name} right`)];
    builder.output(`the ${name} product`, builder.apply('matmul', sides, { transposeA: false, transposeB: false }));
  }
  const curves = everyFunction(builder, [of('x'), of('y'), of('z')]);
  builder.output('the functions', curves);
  builder.output('the sum', builder.apply('reduceSum', [curves], { axes: [0], keepDims: false }));
  return {
    graph: builder.build(),
    feeds: Object.fromEntries(Object.entries(given).map(([name, each]) => [name, each.values])),
  };
}
