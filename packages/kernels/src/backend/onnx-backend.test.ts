/** onnxruntime behind the Backend interface. */
import { describe, expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import { describeBackend } from './conformance.ts';
import { drawBatch, modelCases } from './conformance-programs.ts';
import { openOnnxBackend } from './onnx-backend.ts';

describeBackend({ name: 'onnx', open: () => openOnnxBackend({ threads: 2 }) });

describe('the onnx backend', () => {
  const { spec, batch } = modelCases['tied gpt']!;
  const program = buildStepProgram(spec, batch);

  it('keeps earlier micro-batches when a later one fails half-way', async () => {
    const backend = await openOnnxBackend({ threads: 1 });
    const executable = await backend.compile(program);
    await executable.load(initialParameters(spec, 1));
    const data = drawBatch(program, spec, 1);
    const [alone, after] = [new Float32Array(program.layout.size), new Float32Array(program.layout.size)];
    await executable.accumulate(data);
    await executable.drain(alone, 1);
    await executable.accumulate(data);
    const outside = {
      ...data,
      targets: data['targets']!.map(() => (spec.type === 'gpt' ? spec.vocab : 0)) as Int32Array,
    };
    await expect(executable.accumulate(outside)).rejects.toMatchObject({ code: 'ONNX_RUNTIME' });
    await executable.drain(after, 1);
    expect(after).toEqual(alone);
    await backend.close();
  });

  it('leaves the thread’s floating-point mode alone, on which the exact kernels’ bits depend', async () => {
    const backend = await openOnnxBackend({ threads: 1 });
    const executable = await backend.compile(program);
    await executable.accumulate(drawBatch(program, spec, 1));
    // Written and read as f32, it would be flushed to 0; as a double it is an ordinary number.
    const least = 2 ** -149;
    expect(Float32Array.of(least)[0]).toBe(least);
    await backend.close();
  });

  it('says so when a closed executable is called', async () => {
    const backend = await openOnnxBackend({ threads: 1 });
    const executable = await backend.compile(program);
    await backend.close();
    await expect(executable.accumulate(drawBatch(program, spec, 1))).rejects.toMatchObject({
      code: 'EXECUTABLE_CLOSED',
    });
  });
});
