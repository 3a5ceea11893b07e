/** Kernel variants that the op table's small cases don't reach. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import type { Attributes, TensorType } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { conv2dAttributes } from '../ops/conv2d.ts';
import { Device } from './device.ts';
import { input, output } from './kernels/lanes.ts';
import { matmulCall } from './kernels/matmul.ts';
import type { DeviceTraits } from './lowering.ts';
import { openGpu } from './node/open-gpu.ts';
import { runGraph } from './run-graph.ts';
import { elements } from './wgsl.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

const f32 = (...shape: number[]): TensorType => ({ dtype: 'f32', shape });
const i32 = (...shape: number[]): TensorType => ({ dtype: 'i32', shape });

/** Values in [−1, 1) from a linear congruential generator. */
function draw({ dtype, shape }: TensorType, seed: number, below: number): Float32Array | Int32Array {
  let state = seed;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const size = elements({ dtype, shape });
  return dtype === 'f32'
    ? Float32Array.from({ length: size }, () => 2 * next() - 1)
    : Int32Array.from({ length: size }, () => Math.floor(next() * below));
}

/** The largest error of one call on the device, relative to the largest expected element. */
async function errorOf(
  op: string,
  types: readonly TensorType[],
  attributes: Attributes,
  { traits = device.traits, below = 1 } = {},
): Promise<number> {
  const builder = new GraphBuilder();
  const inputs = types.map((type, index) => builder.input(`in${index}`, type, 'data'));
  builder.output('y', builder.apply(op, inputs, attributes));
  const graph = builder.build();
  const feeds = Object.fromEntries(types.map((type, index) => [`in${index}`, draw(type, index + 1, below)]));
  const expected = interpret(graph, feeds)['y']!;
  const [actual] = await runGraph(device, graph, feeds, traits);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual![index]!)), 0) / largest;
}

describe('matmul', () => {
  const gpu: DeviceTraits = { subgroups: false, subgroupSize: 0, software: false, maxScratchBytes: 2 ** 28 };

  it.each([
    [true, false],
    [false, true],
  ])('of large tiles, transposed %s %s', async (transposeA, transposeB) => {
    const a = transposeA ? f32(96, 6, 30) : f32(96, 30, 6);
    const b = transposeB ? f32(96, 70, 6) : f32(96, 6, 70);
    expect(await errorOf('matmul', [a, b], { transposeA, transposeB }, { traits: gpu })).toBeLessThan(1e-6);
  });

  it.each([
    ['in fours', 40],
    ['one by one', 42],
  ])('with rows, scalars and whole tensors in its epilogue, %s', async (_, columns) => {
    const builder = new GraphBuilder();
    const types = { a: f32(3, 35, 9), b: f32(9, columns), row: f32(columns), one: f32(1), same: f32(3, 35, columns) };
    const [a, b, row, one, same] = Object.entries(types).map(([name, type]) => builder.input(name, type, 'data'));
    const product = builder.apply('matmul', [a!, b!], { transposeA: false, transposeB: false });
    const scaled = builder.apply('mul', [builder.apply('add', [product, row!]), one!]);
    builder.output('y', builder.apply('sub', [same!, builder.apply('gelu', [scaled])]));
    const feeds = Object.fromEntries(
      Object.entries(types).map(([name, type], seed) => [name, draw(type, seed + 1, 1)]),
    );
    const graph = builder.build();
    const expected = interpret(graph, feeds)['y']!;
    for (const traits of [device.traits, gpu]) {
      const [actual] = await runGraph(device, graph, feeds, traits);
      const worst = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual![index]!)), 0);
      expect(worst).toBeLessThan(1e-5);
    }
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
  ])('of batches in strips, transposed %s %s', async (transposeA, transposeB) => {
    const traits = { ...device.traits, prefersTextures: true };
    const a = transposeA ? f32(3, 70, 192) : f32(3, 150, 64);
    const b = transposeB ? f32(3, 130, 64) : f32(3, transposeA ? 70 : 64, 192);
    const problem = { count: 3, m: 150, k: 64, n: 130, transposeA: false, transposeB: true };
    const onTextures = matmulCall(traits, problem, [input(0), input(1), output]);
    expect(onTextures.strips).toHaveLength(traits.subgroups ? 2 : 0);
    expect(await errorOf('matmul', [a, b], { transposeA, transposeB }, { traits })).toBeLessThan(1e-6);
  });

  it('of many batches against one, in strips', async () => {
    const traits = { ...device.traits, prefersTextures: true };
    const types = [f32(3, 50, 64), f32(64, 256)];
    const plain = { transposeA: false, transposeB: false };
    expect(await errorOf('matmul', types, plain, { traits })).toBeLessThan(1e-6);
  });

  it('takes more workgroups than one dimension holds', async () => {
    const product = errorOf('matmul', [f32(65_537, 1, 1), f32(65_537, 1, 1)], { transposeA: false, transposeB: false });
    expect(await product).toBeLessThan(1e-6);
  });
});

describe('scatterAdd', () => {
  it('into a table larger than the ids, in the order of the ids', async () => {
    expect(await errorOf('scatterAdd', [i32(40), f32(40, 5)], { rows: 50 }, { below: 7 })).toBeLessThan(1e-6);
  });
});

describe('elementwise', () => {
  it('takes more elements than 65,535 workgroups of one dimension', async () => {
    expect(await errorOf('neg', [f32(65_535 * 64 + 3)], {})).toBe(0);
  });

  it.each([
    ['rows of fours', f32(3, 8), f32(8)],
    ['columns over fours', f32(3, 8), f32(3, 1)],
    ['a scalar over fours', f32(), f32(4, 5)],
    ['fours in the middle', f32(2, 3, 4), f32(2, 1, 4)],
    ['fours whose rows are no fours', f32(2, 2, 6), f32(2, 6)],
  ])('broadcasts %s', async (_, a, b) => {
    expect(await errorOf('sub', [a, b], {})).toBeLessThan(1e-7);
  });
});

describe('copies', () => {
  it('fours across a transpose', async () => {
    expect(await errorOf('transpose', [f32(2, 3, 5, 8)], { permutation: [0, 2, 1, 3] })).toBe(0);
  });

  it('runs across a transpose, a slice and a concatenation', async () => {
    const [x, y] = [f32(3, 5, 2, 24), f32(3, 5, 2, 40)];
    expect(await errorOf('transpose', [x], { permutation: [1, 2, 0, 3] })).toBe(0);
    expect(await errorOf('slice', [x], { axis: 1, start: 2, length: 3 })).toBe(0);
    expect(await errorOf('slice', [x], { axis: 3, start: 8, length: 16 })).toBe(0);
    expect(await errorOf('concat', [x, y], { axis: 3 })).toBe(0);
  });

  it('a slice that starts between fours', async () => {
    expect(await errorOf('slice', [f32(10)], { axis: 0, start: 1, length: 8 })).toBe(0);
  });
});

describe('conv2d', () => {
  it('of one tap is a plain product', async () => {
    const [x, kernel, dy] = [f32(2, 3, 5, 4), f32(6, 3, 1, 1), f32(2, 6, 5, 4)];
    const geometry = conv2dAttributes();
    expect(await errorOf('conv2d', [x, kernel], geometry)).toBeLessThan(1e-6);
    expect(await errorOf('conv2dInputGradient', [dy, kernel], { ...geometry, size: [5, 4] })).toBeLessThan(1e-6);
    expect(await errorOf('conv2dKernelGradient', [x, dy], { ...geometry, kernel: [1, 1] })).toBeLessThan(1e-6);
  });
});
