/** Residual networks: torchvision's parameters, and running statistics that follow PyTorch's formula through whole rounds. */
import { describe, expect, it } from 'vitest';
import { createHostKernels } from '../exact/host-kernels.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { conv2dAttributes } from '../ops/conv2d.ts';
import type { StoredTensor } from '../safetensors/index.ts';
import { buildStepProgram } from './build-step-program.ts';
import { initialise } from './initialise.ts';
import { initialParameters, parameterLayout } from './parameters.ts';
import type { ResnetSpec } from './spec.ts';
import { parametersFromWeights } from './weights.ts';

const resnet18: ResnetSpec = {
  type: 'resnet',
  input: [3, 224, 224],
  stem: 'large',
  blocks: [2, 2, 2, 2],
  widths: [64, 128, 256, 512],
  outputs: 1000,
};

describe('resnet18', () => {
  const { slots } = parameterLayout(resnet18);

  it("has torchvision's names and shapes in torchvision's order", () => {
    const shapes = slots.map(({ name, shape }) => [name, [...shape]]);
    expect(shapes.slice(0, 7)).toEqual([
      ['conv1.weight', [64, 3, 7, 7]],
      ['bn1.weight', [64]],
      ['bn1.bias', [64]],
      ['bn1.running_mean', [64]],
      ['bn1.running_var', [64]],
      ['layer1.0.conv1.weight', [64, 64, 3, 3]],
      ['layer1.0.bn1.weight', [64]],
    ]);
    const second = shapes.filter(([name]) => String(name).startsWith('layer2.0.') && !String(name).includes('bn'));
    expect(second).toEqual([
      ['layer2.0.conv1.weight', [128, 64, 3, 3]],
      ['layer2.0.conv2.weight', [128, 128, 3, 3]],
      ['layer2.0.downsample.0.weight', [128, 64, 1, 1]],
      ...['weight', 'bias', 'running_mean', 'running_var'].map((key) => [`layer2.0.downsample.1.${key}`, [128]]),
    ]);
    expect(shapes.slice(-2)).toEqual([
      ['fc.weight', [1000, 512]],
      ['fc.bias', [1000]],
    ]);
  });

  it("has torchvision's number of parameters, and statistics that no optimizer touches", () => {
    const sizeOf = (update: string) =>
      slots.filter((slot) => slot.update === update).reduce((sum, { size }) => sum + size, 0);
    expect(sizeOf('optimizer')).toBe(11_689_512);
    expect(
      slots.filter(({ update }) => update === 'statistic').every(({ name }) => /running_(mean|var)$/.test(name)),
    ).toBe(true);
    expect(
      slots.filter(({ decay }) => decay).every(({ name }) => /(conv\d|downsample\.0|fc)\.weight$/.test(name)),
    ).toBe(true);
  });
});

/** Written by PyTorch 1.13: the same network, parameters, data and SGD, in a module with these very parameter names. */
const PYTORCH = {
  losses: [1.092644, 1.185353, 1.217287, 0.895565, 1.366087, 1.18738, 1.160273, 1.19085, 0.922036, 0.964498],
  'layer2.0.downsample.1.running_var': [0.522653, 0.708185, 1.046328, 1.552771, 0.910205, 0.890316],
  'bn1.running_mean': [-0.008727, -0.031109, -0.020366, 0.013781],
  /** Of the first batch, by the running statistics after the last step. */
  logits: [
    0.50686, -1.76588, -1.12733, 0.37798, -1.41833, -1.41855, 0.52902, -1.78547, -0.90533, 0.71615, -2.51317, -1.63557,
  ],
};

describe('a PyTorch checkpoint of a resnet', () => {
  const spec: ResnetSpec = { ...resnet18, input: [2, 9, 8], blocks: [1, 1], widths: [4, 6], outputs: 3 };
  const { layout } = buildStepProgram(spec, 1);
  const parameters = initialParameters(spec, 4).map((value) => value + 1);
  const written = layout.slots.map(({ name, shape, offset, size }): StoredTensor => {
    const own = parameters.slice(offset, offset + size);
    return { name, shape, dtype: 'F32', data: new Uint8Array(own.buffer) };
  });
  /** What PyTorch saves beside each running statistic, an i64 scalar. */
  const counts = written
    .filter(({ name }) => name.endsWith('running_mean'))
    .map(({ name }): StoredTensor => {
      const count = name.replace('running_mean', 'num_batches_tracked');
      return { name: count, shape: [], dtype: 'I64', data: new Uint8Array(8) };
    });

  it('loads with its running statistics and without its counts of batches', () => {
    const weights = { tensors: [...written, ...counts], metadata: {} };
    const loaded = parametersFromWeights({ spec, weights, file: 'resnet.safetensors', seed: 1 });
    expect(counts.length).toBe(6);
    expect(loaded).toEqual(parameters);
  });
});

describe('a small network with a large stem', () => {
  it("trains to PyTorch's losses, statistics and logits", async () => {
    const spec: ResnetSpec = { ...resnet18, input: [2, 9, 8], blocks: [1, 1], widths: [4, 6], outputs: 3 };
    const program = buildStepProgram(spec, 4);
    const state = (await createHostKernels()).createOptimizer({
      layout: program.layout,
      optimizer: { type: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: false, weightDecay: 0 },
      schedule: { type: 'constant', warmup: 0 },
      rounds: 10,
    });
    state.loadParameters(initialParameters(spec, 7));
    const batchOf = (number: number): Float32Array => {
      const x = new Float32Array(4 * 2 * 9 * 8);
      initialise(x, { kind: 'normal', deviation: 1 }, number, 'x');
      return x;
    };
    const losses = PYTORCH.losses.map((_, round) => {
      const views = parameterViews(program.layout, state.parameters);
      const feeds = { ...views, x: batchOf(round), y: [0, 1, 2, 0], weight: [1, 1, 1, 1] };
      const outputs = interpret(program.train, feeds);
      const gradient = new Float32Array(program.layout.size);
      for (const { name, offset } of program.layout.slots)
        gradient.set(outputs[`gradient/${name}`]?.map((value) => value / 4) ?? [], offset);
      state.apply(gradient, { round });
      return (outputs['loss']?.[0] ?? Number.NaN) / 4;
    });
    const views = parameterViews(program.layout, state.parameters);
    const { logits = [] } = interpret(program.infer, { ...views, x: batchOf(0) });
    const near = (values: ArrayLike<number>, expected: readonly number[], within: number) =>
      expect(expected.every((value, i) => Math.abs(value - (values[i] ?? Number.NaN)) < within)).toBe(true);
    near(losses, PYTORCH.losses, 2e-5);
    near(logits, PYTORCH.logits, 2e-4);
    for (const name of ['layer2.0.downsample.1.running_var', 'bn1.running_mean'] as const)
      near(views[name] ?? [], PYTORCH[name], 2e-5);
  });
});

describe('running statistics', () => {
  const spec: ResnetSpec = { ...resnet18, input: [2, 5, 4], stem: 'small', blocks: [1], widths: [3], outputs: 2 };
  const BATCH = 4;
  const program = buildStepProgram(spec, BATCH);

  /** A full micro-batch, or one whose last sample is padding. */
  function drawBatch(number: number, samples = BATCH): Record<string, Float32Array> {
    const x = new Float32Array(BATCH * 40);
    initialise(x, { kind: 'normal', deviation: 2 }, number, 'x');
    return {
      x,
      y: Float32Array.from({ length: BATCH }, (_, i) => i % 2),
      weight: Float32Array.from({ length: BATCH }, (_, i) => (i < samples ? 1 : 0)),
    };
  }

  /** Mean and unbiased variance of each channel of conv1's output over the samples that count. */
  function batchStatistics(kernel: Float32Array, { x, weight }: Record<string, Float32Array>) {
    const builder = new GraphBuilder();
    const inputs = [
      builder.input('x', { dtype: 'f32', shape: [BATCH, 2, 5, 4] }, 'data'),
      builder.input('kernel', { dtype: 'f32', shape: [3, 2, 3, 3] }, 'data'),
    ];
    builder.output('y', builder.apply('conv2d', inputs, conv2dAttributes({ padding: 1 })));
    const y = interpret(builder.build(), { x: x ?? [], kernel })['y'] ?? new Float64Array();
    return [0, 1, 2].map((channel) => {
      const values = [...y].filter(
        (_, at) => Math.floor(at / 20) % 3 === channel && weight?.[Math.floor(at / 60)] === 1,
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
    });
  }

  it("follow PyTorch's formula over rounds of two members with two micro-batches each", async () => {
    const kernels = await createHostKernels();
    const state = kernels.createOptimizer({
      layout: program.layout,
      optimizer: { type: 'adamw', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 },
      schedule: { type: 'constant', warmup: 0 },
      rounds: 3,
      clipNorm: 0.01,
    });
    state.loadParameters(initialParameters(spec, 5));
    const expected = [0, 1, 2].map(() => ({ mean: 0, variance: 1 }));
    for (let round = 0; round < 3; round++) {
      const views = parameterViews(program.layout, state.parameters.slice());
      // The second member's second micro-batch has a padded sample: 8 and 7 samples.
      const members = [
        [drawBatch(4 * round), drawBatch(4 * round + 1)],
        [drawBatch(4 * round + 2), drawBatch(4 * round + 3, BATCH - 1)],
      ];
      const samples = [2 * BATCH, 2 * BATCH - 1];
      const contributions = members.map((batches, m) => contributionOf(views, batches, samples[m] ?? 1));
      const gradient = new Float32Array(program.layout.size);
      kernels.vectors.weightedSum(contributions, samples, gradient);
      const seen = members.flat().map((batch) => batchStatistics(views['conv1.weight'] ?? new Float32Array(), batch));
      const counts = members
        .flat()
        .map(({ weight = new Float32Array() }) => weight.reduce((sum, value) => sum + value, 0));
      expected.forEach((running, channel) => {
        for (const key of ['mean', 'variance'] as const) {
          const average = seen.reduce((sum, batch, i) => sum + (batch[channel]?.[key] ?? 0) * (counts[i] ?? 0), 0) / 15;
          running[key] = 0.9 * running[key] + 0.1 * average;
        }
      });
      state.apply(gradient, { round });
    }
    const views = parameterViews(program.layout, state.parameters);
    expected.forEach(({ mean, variance }, channel) => {
      expect(views['bn1.running_mean']?.[channel]).toBeCloseTo(mean, 5);
      expect(views['bn1.running_var']?.[channel]).toBeCloseTo(variance, 5);
    });
  });

  /** What a worker sends: the sum over its micro-batches ÷ its samples. */
  function contributionOf(
    views: Record<string, Float32Array>,
    batches: readonly Record<string, Float32Array>[],
    samples: number,
  ): Float32Array {
    const flat = new Float32Array(program.layout.size);
    for (const batch of batches) {
      const outputs = interpret(program.train, { ...views, ...batch });
      for (const { name, offset } of program.layout.slots)
        outputs[`gradient/${name}`]?.forEach((value, i) => {
          flat[offset + i]! += value / samples;
        });
    }
    return flat;
  }
});
