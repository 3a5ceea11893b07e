/** Per-launch timings of a real step. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import { ops } from '../ops/index.ts';
import { Device } from './device.ts';
import { fastArithmetic } from './arithmetic.ts';
import { compileProgram } from './executable.ts';
import { openGpu } from './node/open-gpu.ts';
import { totalByKernel } from './profile.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());

it('times every launch and leaves the gradient that a plain run leaves', async () => {
  const program = buildStepProgram({ type: 'mlp', inputs: 6, hidden: [5], outputs: 3, activation: 'relu' }, 4);
  const executable = await compileProgram(device, program, fastArithmetic({ ops, traits: device.traits }));
  const parameters = Float32Array.from({ length: program.layout.size }, (_, index) => Math.sin(index));
  await executable.load(parameters);
  const batch = {
    x: Float32Array.from({ length: 24 }, (_, index) => Math.cos(index)),
    y: Int32Array.from([0, 1, 2, 1]),
    weight: new Float32Array(4).fill(1),
  };
  const [plain, profiled] = [new Float32Array(program.layout.size), new Float32Array(program.layout.size)];
  await executable.accumulate(batch);
  await executable.drain(plain, 1);
  const profile = await executable.profile(batch);
  await executable.drain(profiled, 1);

  expect(profile.clock).toBe(device.hasTimestamps ? 'device' : 'host');
  expect(profile.launches.every(({ micros }) => Number.isFinite(micros) && micros >= 0)).toBe(true);
  expect(totalByKernel(profile).reduce((sum, { launches }) => sum + launches, 0)).toBe(profile.launches.length);
  expect(profiled).toEqual(plain);
  await executable.close();
});
