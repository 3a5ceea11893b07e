/** onnxruntime's own WebGPU provider as a contender: our ONNX models, kernels and steps alike, on its kernels. */
import * as onnxruntime from 'onnxruntime-node';
import { buildStepProgram, initialParameters, parameterViews } from '@murmuration/kernels/graph';
import { encodeTrainModel, TRAIN_VALUES } from '@murmuration/kernels/onnx';
import type { Prepared } from '../harness/serve-work.ts';
import { serveWork } from '../harness/serve-work.ts';
import { randomBatch } from '../work/random-batch.ts';
import type { StepWork } from '../work/work.ts';
import { contenderSettings } from './contender-settings.ts';
import { openOnnxKernels } from './onnx-kernels.ts';
import { adapterName } from './navigator-gpu.ts';

/** The training model with parameters and gradients fed and fetched through main memory: the Node binding has no other way for both. */
async function prepareStep({ model, batch, classes }: StepWork): Promise<Prepared> {
  const program = buildStepProgram(model, batch);
  const session = await onnxruntime.InferenceSession.create(encodeTrainModel(program), {
    executionProviders: ['webgpu'],
    logSeverityLevel: 4,
  });
  const parameters = parameterViews(program.layout, initialParameters(model, 1));
  const data = randomBatch(program, classes);
  const feeds: Record<string, onnxruntime.Tensor> = {};
  for (const { name, type } of program.train.inputs) {
    const values = parameters[name] ?? data[name];
    if (values instanceof Int32Array) feeds[name] = new onnxruntime.Tensor('int32', values, type.shape);
    else feeds[name] = new onnxruntime.Tensor('float32', values as Float32Array, type.shape);
  }
  for (const { name, shape, size } of program.layout.slots)
    feeds[TRAIN_VALUES.accumulator(name)] = new onnxruntime.Tensor('float32', new Float32Array(size), shape);
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) await session.run(feeds);
    },
    close: () => session.release(),
  };
}

await serveWork(async () => {
  const kernels = openOnnxKernels({ executionProviders: ['webgpu'], ...contenderSettings() });
  return {
    version: kernels.version,
    adapter: await adapterName(),
    kernel: kernels.prepare,
    step: prepareStep,
  };
});
