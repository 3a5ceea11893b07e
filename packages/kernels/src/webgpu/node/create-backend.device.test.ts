/** The WebGPU backend as a worker uses it: through the GPU's thread. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeBackend } from '../../backend/conformance.ts';
import { drawBatch, modelCases } from '../../backend/conformance-programs.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { initialParameters } from '../../models/parameters.ts';
import { createWebGpuBackend, listAdapters } from './create-backend.ts';

describeBackend({ name: 'webgpu in a thread', open: () => createWebGpuBackend() });

describe('the GPU’s thread', () => {
  const { spec, batch } = modelCases['mlp with relu']!;
  const program = buildStepProgram(spec, batch);
  const parameters = initialParameters(spec, 1);
  const data = drawBatch(program, spec, 1);

  it('drains into shared memory without a copy in between', async () => {
    const backend = await createWebGpuBackend();
    const executable = await backend.compile(program);
    await executable.load(parameters);
    const [shared, plain] = [
      new Float32Array(new SharedArrayBuffer(program.layout.size * 4)),
      new Float32Array(program.layout.size),
    ];
    await executable.accumulate(data);
    await executable.drain(shared, 2);
    await executable.accumulate(data);
    await executable.drain(plain, 2);
    expect([...shared]).toEqual([...plain]);
    expect(plain.some((value) => value !== 0)).toBe(true);
    await backend.close();
  });

  it('answers calls after the backend is closed with an error', async () => {
    const backend = await createWebGpuBackend();
    const executable = await backend.compile(program);
    await backend.close();
    await expect(executable.load(parameters)).rejects.toMatchObject({ code: 'BACKEND_CLOSED' });
    await expect(backend.compile(program)).rejects.toMatchObject({ code: 'BACKEND_CLOSED' });
    await expect(executable.close()).resolves.toBeUndefined();
    await expect(backend.close()).resolves.toBeUndefined();
  });

  it('keeps nobody from exiting when a backend is left open', () => {
    const source = `
      const { createWebGpuBackend } = await import(${JSON.stringify(new URL('create-backend.ts', import.meta.url).href)});
      const { adapter } = await createWebGpuBackend();
      console.log(adapter.kind);`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    expect(stdout).toMatch(/^(gpu|software)\n$/);
    expect(status).toBe(0);
  });
});

describe('listAdapters', () => {
  it('tells what each adapter is and can', async () => {
    const adapters = await listAdapters();
    expect(adapters.length).toBeGreaterThan(0);
    for (const { name, kind, limits } of adapters) {
      expect(name).not.toBe('');
      expect(['gpu', 'software']).toContain(kind);
      expect(limits.maxBindingBytes).toBeGreaterThanOrEqual(128 * 2 ** 20);
    }
  });
});
