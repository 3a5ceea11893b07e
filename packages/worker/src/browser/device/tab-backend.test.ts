import { describe, expect, it } from 'vitest';
import type { Backend, BackendName } from '@murmuration/kernels/backend-core';
import { buildStepProgram } from '@murmuration/kernels/graph';
import { NoWebGpuError } from './errors.ts';
import { openTabBackend } from './tab-backend.ts';

const program = buildStepProgram({ type: 'mlp', inputs: 3, hidden: [], outputs: 2, activation: 'relu' }, 2);

/** A backend whose steps do nothing. */
const fake = (name: BackendName, kind: 'gpu' | 'software' | 'cpu'): Backend => ({
  name,
  adapter: { name: `a ${kind}`, kind, class: 'tolerance' },
  compile: async () => ({
    load: async () => undefined,
    accumulate: async () => ({ lossSum: 0 }),
    drain: async () => undefined,
    evaluate: async () => ({ lossSum: 0, correct: 0, predictions: 0 }),
    close: async () => undefined,
  }),
  close: async () => undefined,
});

const openers = (webgpu: () => Promise<Backend>) => ({ webgpu, exact: async () => fake('exact', 'cpu') });
const gpu = async () => fake('webgpu', 'gpu');
const software = async () => fake('webgpu', 'software');
const none = async (): Promise<Backend> => {
  throw new NoWebGpuError();
};
const options = { backend: 'auto', threads: 2 } as const;

describe('the backend of a tab', () => {
  it('is a real GPU at once', async () => {
    const { name, reason } = await openTabBackend(options, openers(gpu));
    expect([name, reason]).toEqual(['webgpu', 'a gpu is a GPU']);
  });

  it('is measured where a CPU plays the GPU', async () => {
    const backend = await openTabBackend(options, openers(software));
    expect(backend.reason).toBe('a software runs on the CPU, too');
    await backend.compile(program);
    expect(backend.reason).toMatch(/^a step takes [\d.]+ ms on a software and [\d.]+ ms on the CPU$/);
  });

  it('is WebAssembly where there is no adapter, and says what the browser said', async () => {
    const { name, reason } = await openTabBackend(options, openers(none));
    expect([name, reason]).toEqual(['exact', 'WebGPU is not available: This browser offers no WebGPU to this page']);
  });

  it('is the one that was asked for, or none', async () => {
    expect((await openTabBackend({ ...options, backend: 'exact' }, openers(gpu))).name).toBe('exact');
    await expect(openTabBackend({ ...options, backend: 'webgpu' }, openers(none))).rejects.toMatchObject({
      code: 'NO_WEBGPU',
    });
  });

  it('is WebAssembly after an adapter that failed for good, whatever was asked for', async () => {
    const { name, reason } = await openTabBackend({ ...options, backend: 'webgpu', onCpu: true }, openers(gpu));
    expect([name, reason]).toEqual(['exact', 'the adapter failed, and WebAssembly takes its place']);
  });
});
