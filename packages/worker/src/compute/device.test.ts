import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildStepProgram, initialParameters, type ModelSpec } from '@murmuration/kernels/graph';
import type { Executable } from '@murmuration/kernels/backend-core';
import { openNodeDevice } from '../node/open-device.ts';
import type { Device } from './device.ts';

const spec: ModelSpec = { type: 'mlp', inputs: 6, hidden: [8], outputs: 3, activation: 'relu' };
const program = buildStepProgram(spec, 4);
const batch = (): Parameters<Executable['accumulate']>[0] => ({
  x: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  y: Int32Array.of(0, 1, 2, 0),
  weight: new Float32Array(4).fill(1),
});

let device: Device;
let executable: Executable;
beforeAll(async () => {
  device = await openNodeDevice({ backend: 'onnx', threads: 1 });
  executable = await device.compile(program);
});
afterAll(() => device.close(1000));

describe('a device thread', () => {
  it('says what it computes on', () => {
    expect(device.description).toMatchObject({ name: 'onnx', adapter: { kind: 'cpu' } });
  });

  it('accumulates, drains and clears', async () => {
    await executable.load(initialParameters(spec, 1));
    const once = new Float32Array(program.layout.size);
    const { lossSum } = await executable.accumulate(batch());
    expect(lossSum).toBeGreaterThan(0);
    await executable.drain(once, 1);
    const twice = new Float32Array(program.layout.size);
    await executable.accumulate(batch());
    await executable.accumulate(batch());
    await executable.drain(twice, 0.5);
    expect(Math.max(...once.map(Math.abs))).toBeGreaterThan(0);
    twice.forEach((value, at) => expect(value).toBeCloseTo(once[at]!, 5));
  });

  it('keeps its errors’ codes on the way', async () => {
    await expect(executable.accumulate({ weight: new Float32Array(4) })).rejects.toMatchObject({
      code: 'BATCH_MISMATCH',
    });
  });

  it('computes exactly where that is asked for, the same with any number of threads', async () => {
    const gradients: Float32Array[] = [];
    for (const threads of [1, 2]) {
      const exact = await openNodeDevice({ backend: 'exact', threads });
      expect(exact.description).toMatchObject({ name: 'exact', adapter: { kind: 'cpu', class: 'exact' } });
      const compiled = await exact.compile(program);
      await compiled.load(initialParameters(spec, 1));
      await compiled.accumulate(batch());
      const gradient = new Float32Array(program.layout.size);
      await compiled.drain(gradient, 1);
      gradients.push(gradient);
      await exact.close(1000);
    }
    expect(gradients[0]!.some((value) => value !== 0)).toBe(true);
    expect(gradients[1]).toEqual(gradients[0]);
  });

  it('hands over sums in fixed point where its numerics are exact, and clears them', async () => {
    const exact = await openNodeDevice({ backend: 'exact', threads: 1, numerics: 'exact' });
    const compiled = await exact.compile(program);
    await compiled.load(initialParameters(spec, 1));
    const gradient = new Float32Array(program.layout.size);
    const sums = [1, 2].map(() => new BigInt64Array(program.layout.size));
    for (const sum of sums) {
      await compiled.accumulate(batch());
      await compiled.drainFixed!(sum);
    }
    await compiled.accumulate(batch());
    await compiled.drain(gradient, 1);
    expect(sums[1]).toEqual(sums[0]);
    expect(Array.from(sums[0]!, (sum) => Math.fround(Number(sum) * 2 ** -44))).toEqual([...gradient]);
    await exact.close(1000);
    await expect(executable.drainFixed!(sums[0]!)).rejects.toMatchObject({ code: 'FIXED_SUMS_UNAVAILABLE' });
  });

  it('leaves the event loop free while it computes', async () => {
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 0);
    for (let step = 0; step < 30; step++) await executable.accumulate(batch());
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(0);
  });

  it('answers calls after its end with an error', async () => {
    const short = await openNodeDevice({ backend: 'onnx', threads: 1 });
    await short.close(1000);
    await expect(short.compile(program)).rejects.toMatchObject({ code: 'DEVICE_THREAD' });
  });
});
