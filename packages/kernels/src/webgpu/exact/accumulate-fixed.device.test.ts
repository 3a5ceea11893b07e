/** Fixed-point sums on the device against the rule. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accumulateFixed } from '../../canonical/fixed-point.ts';
import { interpretExactly } from '../../canonical/interpret-graph.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import { initialise } from '../../models/initialise.ts';
import { ops } from '../../ops/index.ts';
import { Device } from '../device.ts';
import { openGpu } from '../node/open-gpu.ts';
import type { Plan } from '../plan.ts';
import { bindCalls, pipelinesOf, type Placement } from '../recording.ts';
import { openStrips } from '../strips.ts';
import { FIXED_SUMS } from './accumulate-fixed.ts';
import { planExact } from './plan-exact.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

/** Adds gradients one after the other on the device. */
async function summed(gradients: readonly Float32Array[]): Promise<BigInt64Array> {
  const count = gradients[0]!.length;
  const call = FIXED_SUMS.call(0, 1, count);
  const plan: Plan = { calls: [call], bytes: [count * 4, count * 8], inputs: 1, outputs: [1] };
  const pipelines = await pipelinesOf(device, plan);
  const [gradient, sum] = [device.buffer('the gradient', count * 4), device.buffer('the sum', count * 8)];
  const back = device.buffer('back', count * 8, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  const placement: Placement = (tensor) => ({
    buffer: tensor === 0 ? gradient : sum,
    offset: 0,
    size: plan.bytes[tensor]!,
  });
  const recording = bindCalls(device, plan, pipelines, { placement, textures: openStrips(device, []) });
  for (const values of gradients) {
    device.write(gradient, 0, values as Float32Array<ArrayBuffer>);
    device.submit((encoder) => {
      recording.record(encoder);
    });
  }
  device.submit((encoder) => encoder.copyBufferToBuffer(sum, 0, back, 0, count * 8));
  const result = await device.read(back, (bytes) => new BigInt64Array(bytes.slice(0)));
  recording.close();
  for (const buffer of [gradient, sum, back]) device.release(buffer);
  return result;
}

/** Adds a product to sums, times over, in the kernel that computes it. */
async function summedProduct(sides: readonly Float32Array[], [m, k, n]: Sizes, times: number): Promise<BigInt64Array> {
  const { plan } = productOf([m, k, n]);
  const [call] = plan.calls;
  const bytes = [m * k * 4, k * n * 4, m * n * 8];
  const adding: Plan = { ...plan, calls: [{ ...call!, kernel: call!.accumulating!() }], bytes };
  const pipelines = await pipelinesOf(device, adding);
  const buffers = bytes.map((size) => device.buffer('an operand', size));
  const back = device.buffer('back', bytes[2]!, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  const placement: Placement = (tensor) => ({ buffer: buffers[tensor]!, offset: 0, size: bytes[tensor]! });
  const textures = openStrips(device, [adding]);
  const recording = bindCalls(device, adding, pipelines, { placement, textures });
  sides.forEach((values, side) => device.write(buffers[side]!, 0, values as Float32Array<ArrayBuffer>));
  for (let time = 0; time < times; time++) device.submit((encoder) => recording.record(encoder));
  device.submit((encoder) => encoder.copyBufferToBuffer(buffers[2]!, 0, back, 0, bytes[2]!));
  const result = await device.read(back, (read) => new BigInt64Array(read.slice(0)));
  recording.close();
  textures.close();
  for (const buffer of [...buffers, back]) device.release(buffer);
  return result;
}

type Sizes = readonly [m: number, k: number, n: number];

function productOf([m, k, n]: Sizes) {
  const builder = new GraphBuilder();
  const [a, b] = [
    builder.input('a', { dtype: 'f32', shape: [k, m] }, 'data'),
    builder.input('b', { dtype: 'f32', shape: [k, n] }, 'data'),
  ];
  builder.output('c', builder.apply('matmul', [a, b], { transposeA: true, transposeB: false }));
  const graph = builder.build();
  return { graph, plan: planExact(graph, { ops, traits: device.traits, rounding: 'plain' }) };
}

/** The same by the rule. */
function ruled(gradients: readonly Float32Array[]): BigInt64Array {
  const sums = new BigInt64Array(gradients[0]!.length);
  for (const gradient of gradients) accumulateFixed(sums, gradient);
  return sums;
}

/** 2^exponent from far below one unit to beyond the limit, with all kinds of significands. */
function everyMagnitude(seed: number, extra: number): Float32Array {
  const values = new Float32Array(80 * 16 + extra);
  initialise(values, { kind: 'uniform', bound: 1 }, seed, 'gradient');
  return values.map((value, index) => value * 2 ** (Math.floor(index / 16) - 50));
}

describe('sums on the device', () => {
  it.each([0, 1])('are what the rule says, for every magnitude and sign, in fours and %i more', async (extra) => {
    const gradients = [1, 2, 3, 4, 5].map((seed) => everyMagnitude(seed, extra));
    expect(await summed(gradients)).toEqual(ruled(gradients));
  });

  it.each([
    [9, 20, 8],
    [40, 70, 64],
  ])('are what the rule says where the product of %i × %i × %i adds to them itself', async (m, k, n) => {
    const sides = [m, n].map((columns, side) => {
      const values = new Float32Array(k * columns);
      initialise(values, { kind: 'normal', deviation: 1 }, side, 'operand');
      return values;
    });
    const { graph, plan } = productOf([m, k, n]);
    expect(plan.calls[0]!.accumulating !== undefined).toBe(device.traits.subgroups);
    if (!device.traits.subgroups) return;
    const product = interpretExactly(graph, { a: sides[0]!, b: sides[1]! }, ops)['c'] as Float32Array;
    expect(await summedProduct(sides, [m, k, n], 3)).toEqual(ruled([product, product, product]));
  });

  it('carry, borrow and overflow as the rule says', async () => {
    const edge = [
      2 ** -44,
      -(2 ** -44),
      2 ** -12,
      2 ** 17,
      -(2 ** 17),
      2 ** 18 - 2 ** -6,
      Infinity,
      -Infinity,
      2 ** 18,
      0,
    ];
    const gradients = edge.map((_, turn) => Float32Array.from(edge, (_each, at) => edge[(at + turn) % edge.length]!));
    const repeated = Array.from({ length: 4 }, () => Float32Array.from(edge));
    expect(await summed([...repeated, ...gradients.slice(0, 5)])).toEqual(
      ruled([...repeated, ...gradients.slice(0, 5)]),
    );
  });
});
