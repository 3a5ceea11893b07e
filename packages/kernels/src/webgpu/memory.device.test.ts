/** What a program takes on a device against what its plan says before anything is allocated. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch, CompileProgress } from '../backend/backend.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { ops } from '../ops/index.ts';
import { Device } from './device.ts';
import { fastArithmetic } from './arithmetic.ts';
import { compileProgram } from './executable.ts';
import { openGpu } from './node/open-gpu.ts';
import { elements } from './wgsl.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

function batchOf({ train }: StepProgram): Batch {
  const data = train.inputs.filter(({ role }) => role === 'data');
  return Object.fromEntries(
    data.map(({ name, type }) => {
      const size = elements(type);
      return [name, type.dtype === 'i32' ? new Int32Array(size) : new Float32Array(size).fill(1)];
    }),
  );
}

describe('the memory of the GPT step', () => {
  // GPT of 4 layers, 4 heads, 128 wide, block 64, batch 12.
  const program = buildStepProgram(
    { type: 'gpt', vocab: 256, layers: 4, heads: 4, width: 128, block: 64, tied: true },
    12,
  );

  it('is what the plan says, and little more than any plan needs', async () => {
    const before = device.allocatedBytes;
    const executable = await compileProgram(device, program, fastArithmetic({ ops, traits: device.traits }));
    const { memory } = executable;
    await executable.load(new Float32Array(program.layout.size));
    await executable.accumulate(batchOf(program));
    await executable.drain(new Float32Array(program.layout.size), 1);
    await executable.evaluate(batchOf(program));
    expect(device.peakBytes - before).toBeLessThanOrEqual(memory.total * 1.2);
    expect(device.peakBytes - before).toBeGreaterThanOrEqual(memory.total);
    expect(memory.total).toBeLessThanOrEqual(memory.least * 1.5);
    expect(memory.least).toBeGreaterThan(2 * program.layout.size * 4);
    await executable.close();
    expect(device.allocatedBytes).toBe(before);
  });
});

describe('compiling', () => {
  it('tells of every kernel in order', async () => {
    const program = buildStepProgram({ type: 'mlp', inputs: 5, hidden: [3], outputs: 2, activation: 'gelu' }, 2);
    const told: CompileProgress[] = [];
    const executable = await compileProgram(device, program, fastArithmetic({ ops, traits: device.traits }), {
      onProgress: (progress) => told.push(progress),
    });
    const { total } = told[0]!;
    expect(told.at(-1)).toEqual({ done: total, total });
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
    await executable.close();
  });
});
