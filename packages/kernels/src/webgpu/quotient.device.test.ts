/** Division by floats against division, on this machine's adapter. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from './device.ts';
import { laneCall } from './kernels/lanes.ts';
import { openGpu } from './node/open-gpu.ts';
import { quotientText, remainderText } from './quotient.ts';
import { runPlan } from './run-graph.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { reads, writes } from './wgsl.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

const COUNT = 2 ** 16;
const small = { end: 2, divisor: 1 };

/** What a kernel that divides x[i] by d[i] finds. */
async function onDevice(expression: string, x: Int32Array, d: Int32Array): Promise<Int32Array> {
  const builder = new GraphBuilder();
  const type = { dtype: 'i32', shape: [COUNT] } as const;
  const [dividends, divisors] = ['x', 'd'].map((name) => builder.input(name, type, 'data'));
  builder.output('y', builder.apply('where', [dividends!, dividends!, divisors!]));
  const { kernel, uniforms, workgroups } = laneCall(
    {
      name: `divide by ${expression}`,
      bindings: [reads('x', 'i32'), reads('d', 'i32'), writes('y', 'i32')],
      body: `y[index] = i32(${expression});`,
    },
    { count: COUNT, uniforms: {}, operands: [] },
  );
  const calls = [{ label: 'divide', kernel, uniforms, workgroups, operands: [0, 1, 2] }];
  const bytes = [COUNT * 4, COUNT * 4, COUNT * 4];
  const plan = { calls, bytes, inputs: 2, outputs: [2] };
  const [result] = await runPlan(device, builder.build(), plan, { x, d });
  return result as Int32Array;
}

const SEED = 20_261_122;
const LARGEST = 2 ** 31 - 1;

/** Divisors of every magnitude, and dividends around their multiples, quotients up to 2²⁰ − 1. */
function drawDivisions(): { readonly x: Int32Array; readonly d: Int32Array } {
  let state = SEED;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const [x, d] = [new Int32Array(COUNT), new Int32Array(COUNT)];
  for (let at = 0; at < COUNT; at++) {
    const divisor = Math.floor(2 ** (31 * next()));
    const most = Math.min(2 ** 20 - 1, Math.floor(LARGEST / divisor));
    const quotient = at % 8 === 0 ? most : Math.floor(next() ** 4 * (most + 1));
    const beside = [0, divisor - 1, Math.floor(next() * divisor)][at % 3]!;
    [x[at], d[at]] = [Math.min(LARGEST, quotient * divisor + beside), divisor];
  }
  return { x, d };
}

describe(`division by floats (seed ${SEED})`, () => {
  const { x, d } = drawDivisions();

  it('finds every quotient', async () => {
    const found = await onDevice(quotientText('u32(x[index])', 'u32(d[index])', small), x, d);
    expect(found).toEqual(x.map((each, at) => Math.floor(each / d[at]!)));
  });

  it('finds every remainder', async () => {
    const found = await onDevice(remainderText('u32(x[index])', 'u32(d[index])', small), x, d);
    expect(found).toEqual(x.map((each, at) => each % d[at]!));
  });
});
