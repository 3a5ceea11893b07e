/** What `MURMURATION_DEBUG=4` tells of a real step, and that it changes nothing about it. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import { ops } from '../ops/index.ts';
import { fastArithmetic } from './arithmetic.ts';
import { Device } from './device.ts';
import { compileProgram } from './executable.ts';
import { openGpu } from './node/open-gpu.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.open(await openGpu());
});
afterAll(() => device.close());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const program = buildStepProgram({ type: 'mlp', inputs: 6, hidden: [5], outputs: 3, activation: 'gelu' }, 4);
const batch = {
  x: Float32Array.from({ length: 24 }, (_, index) => Math.cos(index)),
  y: Int32Array.from([0, 1, 2, 1]),
  weight: new Float32Array(4).fill(1),
};

/** The gradient of two steps. */
async function gradient(): Promise<Float32Array> {
  const executable = await compileProgram(device, program, fastArithmetic({ ops, traits: device.traits }));
  await executable.load(Float32Array.from({ length: program.layout.size }, (_, index) => Math.sin(index)));
  const result = new Float32Array(program.layout.size);
  await executable.accumulate(batch);
  await executable.accumulate(batch);
  await executable.drain(result, 1);
  await executable.close();
  return result;
}

it('tells plan, memory, WGSL and timings on stderr, and leaves the gradient as it was', async () => {
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  vi.stubEnv('MURMURATION_DEBUG', '4');
  const debugged = await gradient();
  vi.unstubAllEnvs();
  const before = told.join('');
  expect(await gradient()).toEqual(debugged);
  expect(told.join('')).toBe(before);

  expect(before).toMatch(/\[plan\] train: \d+ launches of \d+ kernels/);
  expect(before).toMatch(/\[plan\] memory: [\d.]+ MiB, at least [\d.]+ MiB \(parameters /);
  expect(before).toContain('[wgsl] @compute');
  expect(before.match(/\[timings\] a step: /g)).toHaveLength(1);
  expect(before).toMatch(/\[timings\] {3,}[\d.]+ % {2,}[\d.]+ ms {2,}\d+ × {2}matmul/);
});
