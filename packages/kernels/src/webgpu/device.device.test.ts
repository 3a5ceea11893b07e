/** A device that fails: every failure is a typed error, and nobody waits for ever. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend.ts';
import { drawBatch, modelCases } from '../backend/conformance-programs.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { openWebGpuBackend } from './backend.ts';
import { Device } from './device.ts';
import type { Kernel } from './lowering.ts';
import { openGpu } from './node/open-gpu.ts';
import { writes } from './wgsl.ts';

/** Dawn's entry point, and the device that was opened through it. */
async function watchedGpu(): Promise<{ gpu: GPU; opened: () => GPUDevice }> {
  const gpu = await openGpu();
  let device: GPUDevice | undefined;
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter> => {
    const adapter = (await gpu.requestAdapter(options))!;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => (device = await requestDevice(descriptor));
    return adapter;
  };
  return { gpu: { requestAdapter } as GPU, opened: () => device! };
}

const { spec, batch } = modelCases['mlp with relu']!;
const program = buildStepProgram(spec, batch);
const data = drawBatch(program, spec, 1);

describe('a backend whose device', () => {
  let backend: Backend;
  let device: GPUDevice;
  beforeEach(async () => {
    const { gpu, opened } = await watchedGpu();
    backend = await openWebGpuBackend(gpu);
    device = opened();
  });
  afterEach(() => backend.close());

  it('is lost during a call says so, then and later', async () => {
    const executable = await backend.compile(program);
    const call = executable.accumulate(data);
    device.destroy();
    await expect(call).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await expect(executable.evaluate(data)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await expect(backend.compile(program)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });

  it('has no memory for a program says so', async () => {
    device.popErrorScope = async () => new GPUOutOfMemoryError('not enough memory');
    await expect(backend.compile(program)).rejects.toMatchObject({ code: 'DEVICE_OUT_OF_MEMORY' });
  });

  it('cannot bind a tensor refuses the program before it takes memory', async () => {
    const builder = new GraphBuilder();
    for (const { name, shape } of program.layout.slots) builder.input(name, { dtype: 'f32', shape }, 'parameter');
    const huge = builder.apply('fill', [], { value: 1, shape: [device.limits.maxStorageBufferBindingSize / 4 + 4] });
    builder.output('loss', builder.apply('reduceMax', [huge], { axes: [0], keepDims: false }));
    program.layout.slots.forEach(({ name }, slot) => builder.output(`gradient/${name}`, slot));
    await expect(backend.compile({ ...program, train: builder.build() })).rejects.toMatchObject({
      code: 'BINDING_TOO_LARGE',
      details: { limit: device.limits.maxStorageBufferBindingSize },
    });
  });

  it('refuses a command says so at the next call', async () => {
    const executable = await backend.compile(program);
    device.createBuffer({ size: 16, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await expect(executable.evaluate(data)).rejects.toMatchObject({ code: 'DEVICE_VALIDATION' });
  });
});

describe('a kernel that the device refuses', () => {
  it('is an error of that kernel alone', async () => {
    const device = await Device.open(await openGpu());
    const kernel = (key: string, body: string): Kernel => ({
      key,
      uniforms: [],
      bindings: [writes('y')],
      workgroupSize: 1,
      body,
    });
    await expect(device.pipeline(kernel('broken', 'y[0] = nothing;'))).rejects.toMatchObject({
      code: 'DEVICE_VALIDATION',
      message: expect.stringContaining('the kernel broken'),
    });
    await expect(device.pipeline(kernel('whole', 'y[0] = 1.0f;'))).resolves.toBeDefined();
    device.close();
    expect(() => device.buffer('anything', 16)).toThrow(expect.objectContaining({ code: 'BACKEND_CLOSED' }));
  });
});
