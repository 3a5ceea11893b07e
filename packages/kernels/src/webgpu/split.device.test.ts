/** Models with tensors larger than one binding, on a device whose limit is set artificially low. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { ModelSpec } from '../models/spec.ts';
import { ops } from '../ops/index.ts';
import { withAccumulation } from './accumulate.ts';
import { fastArithmetic } from './arithmetic.ts';
import { Device } from './device.ts';
import { compileProgram } from './executable.ts';
import type { DeviceTraits } from './lowering.ts';
import { openGpu } from './node/open-gpu.ts';
import { planGraph } from './plan.ts';
import { splitRows } from './split.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

const VOCAB = 1004;
const [BATCH, BLOCK] = [32, 8];
const spec: ModelSpec = { type: 'gpt', vocab: VOCAB, layers: 1, heads: 2, width: 68, block: BLOCK, tied: true };
const program = buildStepProgram(spec, BATCH);
/** 64 rows of logits, and neither the embedding [1004, 68], nor the logits [256, 1004], nor the MLP's [256, 272]. */
const LIMIT = 64 * VOCAB * 4;

const tokens = (step: number) => Int32Array.from({ length: BATCH * BLOCK }, (_, index) => (index * step + 3) % VOCAB);
const batch = { tokens: tokens(37), targets: tokens(101), weight: new Float32Array(BATCH).fill(1) };

async function stepWith(traits: DeviceTraits) {
  const executable = await compileProgram(device, program, fastArithmetic({ ops, traits }));
  await executable.load(initialParameters(spec, 4));
  const { lossSum } = await executable.accumulate(batch);
  const gradient = new Float32Array(program.layout.size);
  await executable.drain(gradient, 1);
  const sums = await executable.evaluate(batch);
  await executable.close();
  return { lossSum, gradient, sums };
}

describe('a model whose embedding, logits and activations are larger than one binding', () => {
  it('binds nothing larger than the limit', () => {
    const traits = { ...device.traits, maxBindingBytes: LIMIT };
    const plan = withAccumulation(planGraph(program.train, { ops, traits }), program.layout);
    const bound = plan.calls.flatMap(({ operands, ranges }) =>
      operands.map((tensor, operand) => ranges?.[operand]?.size ?? plan.bytes[tensor]!),
    );
    expect(Math.max(...bound)).toBeLessThanOrEqual(LIMIT);
    expect(Math.max(...plan.bytes)).toBeGreaterThan(3 * LIMIT);
    const starts = plan.calls.flatMap(({ ranges }) => (ranges ?? []).map((range) => range?.start ?? 0));
    expect(starts.filter((start) => start % 256 !== 0)).toEqual([]);
  });

  it('has the loss and the gradient of a device without that limit', async () => {
    const whole = await stepWith(device.traits);
    const split = await stepWith({ ...device.traits, maxBindingBytes: LIMIT });
    expect(split.lossSum).toBeCloseTo(whole.lossSum, 3);
    expect(split.sums.correct).toBe(whole.sums.correct);
    const error = Math.hypot(...split.gradient.map((value, index) => value - whole.gradient[index]!));
    expect(error / Math.hypot(...whole.gradient)).toBeLessThan(1e-6);
  });
});

describe('rows of which not even 64 fit', () => {
  it('are not cut', () => {
    const call = {
      kernel: { key: 'k', uniforms: [], bindings: [], workgroupSize: 1, body: '' },
      uniforms: {},
      operands: [],
      workgroups: 1,
    };
    const rows = { rows: 100, perRow: [10], piece: () => ({ uniforms: {}, workgroups: 1 }) };
    expect(splitRows(call, rows, 63 * 40)).toBeNull();
    expect(splitRows(call, rows, 64 * 40)?.map(({ ranges }) => ranges)).toEqual([
      [{ start: 0, size: 64 * 40 }],
      [{ start: 64 * 40, size: 36 * 40 }],
    ]);
  });
});
