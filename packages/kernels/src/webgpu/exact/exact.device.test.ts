/** Exact kernels on this machine's adapter against the interpreter, bit for bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpretExactly } from '../../canonical/interpret-graph.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import { initialise } from '../../models/initialise.ts';
import { conformanceCases, instantiate } from '../../ops/conformance.ts';
import { ops } from '../../ops/index.ts';
import { Device } from '../device.ts';
import { openGpu } from '../node/open-gpu.ts';
import { runPlan } from '../run-graph.ts';
import { planExact } from './plan-exact.ts';
import { tilesFor } from './tiles.testing.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

const exactCases = conformanceCases.filter(({ op }) => ops[op]?.exact !== undefined);

const bitsOf = (values: Float32Array | Int32Array): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.length);

describe('an op in exact arithmetic', () => {
  it.each(exactCases)('$name has the interpreter’s bits', async (row) => {
    const { graph, feeds } = instantiate(row);
    const plan = planExact(graph, { ops, traits: device.traits, rounding: 'plain' });
    const [actual] = await runPlan(device, graph, plan, feeds);
    expect(bitsOf(actual!)).toEqual(bitsOf(interpretExactly(graph, feeds, ops)['y']!));
  });
});

/** Sizes m, k, n beyond a block of k: odd, in fours, and such that copies can cut every operand into strips. */
const sizes = [
  [37, 601, 35],
  [36, 516, 40],
  [64, 320, 192],
] as const;

describe('a matrix product in exact arithmetic', () => {
  it.each(
    sizes.flatMap(([m, k, n]) =>
      [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ m, k, n, transposeA, transposeB }))),
    ),
  )(
    'has the interpreter’s bits on every tile: $m $k $n $transposeA $transposeB',
    async ({ m, k, n, ...transposed }) => {
      const builder = new GraphBuilder();
      const shapes = [transposed.transposeA ? [k, m] : [m, k], transposed.transposeB ? [n, k] : [k, n]];
      const operands = shapes.map((shape, side) => builder.input(`in${side}`, { dtype: 'f32', shape }, 'data'));
      builder.output('y', builder.apply('matmul', operands, transposed));
      const graph = builder.build();
      const feeds = Object.fromEntries(
        shapes.map(([rows, columns], side) => [`in${side}`, draw(rows! * columns!, side)]),
      );
      const expected = bitsOf(interpretExactly(graph, feeds, ops)['y']!);
      const { tiled, subgroup } = tilesFor(device.traits);
      for (const tile of [...tiled, ...subgroup]) {
        for (const rounding of ['plain', 'barrier'] as const) {
          const [actual] = await runPlan(
            device,
            graph,
            planExact(graph, { ops, traits: device.traits, rounding, tile }),
            feeds,
          );
          expect(bitsOf(actual!), `${JSON.stringify(tile)} ${rounding}`).toEqual(expected);
        }
      }
    },
  );
});

/** Normal values, the same for one seed everywhere. */
function draw(size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  initialise(values, { kind: 'normal', deviation: 1 }, seed, 'operand');
  return values;
}
