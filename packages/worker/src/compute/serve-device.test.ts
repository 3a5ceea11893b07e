/** Both ends of the device calls, without a thread between them and with the least backend. */
import { describe, expect, it } from 'vitest';
import type { CompileProgress, Executable, SelectedBackend } from '@murmuration/kernels/backend-core';
import { buildStepProgram } from '@murmuration/kernels/graph';
import { Device } from './device.ts';
import type { SpawnDevice } from './device-messages.ts';
import { deviceServer } from './serve-device.ts';

const program = buildStepProgram({ type: 'mlp', inputs: 3, hidden: [], outputs: 2, activation: 'relu' }, 2);

const executable: Executable = {
  load: async () => undefined,
  accumulate: async () => ({ lossSum: 1 }),
  drain: async (into, scale) => void into.fill(scale),
  evaluate: async () => ({ lossSum: 0, correct: 0, predictions: 0 }),
  close: async () => undefined,
};

const backend: SelectedBackend = {
  name: 'exact',
  adapter: { name: 'a CPU', kind: 'cpu', class: 'exact' },
  reason: 'a test',
  async compile(_program, options) {
    for (const done of [1, 2]) options?.onProgress?.({ done, total: 2 });
    return executable;
  },
  close: async () => undefined,
};

/** Messages are copied on the way, and what is moved is gone here, as between threads. */
const spawn: SpawnDevice = ({ onAnswer }) => {
  const serve = deviceServer({
    open: async () => backend,
    post: (answer, transfer) => onAnswer(structuredClone(answer, { transfer })),
  });
  return {
    post: (request, transfer) => serve(structuredClone(request, { transfer })),
    terminate: async () => undefined,
  };
};

describe('calls to a device', () => {
  it('tell how far a program is compiled, each caller of his own', async () => {
    const device = await Device.open(spawn, { backend: 'exact', threads: 1 });
    const told: CompileProgress[][] = [[], []];
    await Promise.all(told.map((list) => device.compile(program, { onProgress: (progress) => list.push(progress) })));
    const both = [
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ];
    expect(told).toEqual([both, both]);
    await device.compile(program);
  });

  it('bring gradients back', async () => {
    const device = await Device.open(spawn, { backend: 'exact', threads: 3 });
    expect(device.description).toMatchObject({ name: 'exact', threads: 3, reason: 'a test' });
    const compiled = await device.compile(program);
    const into = new Float32Array(program.layout.size);
    await compiled.drain(into, 0.5);
    expect(into.every((value) => value === 0.5)).toBe(true);
  });
});
