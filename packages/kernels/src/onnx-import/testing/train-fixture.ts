/** Trains a fixture on any backend as PyTorch trained it: SGD on the same batches from the file's weights. */
import type { Backend } from '../../backend/backend.ts';
import { withExecutable } from '../../backend/conformance-steps.ts';
import { createHostKernels } from '../../exact/host-kernels.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { OnnxModel } from '../onnx-model.ts';
import { fileParameters, onnxSpec } from '../step-spec.ts';
import { fixtureBatches, fixtureData, fixtureFile, type FixtureName, fixtureResult } from './fixtures.ts';

/** The fixture's model with its data, bound to a batch size. */
export function specOf(name: FixtureName, batch: number) {
  const model = new OnnxModel(fixtureFile(name));
  const { sample, labels, vocabulary, classes } = fixtureData[name];
  const data = {
    input: { name: 'x', shape: sample, range: vocabulary },
    labels: { name: 'y', shape: labels, dtype: 'i32', range: classes },
    loss: 'crossEntropy',
  } as const;
  return { model, spec: onnxSpec(model, batch, data), at: (size: number) => onnxSpec(model, size, data) };
}

/** Trains `steps` steps on a backend, which is closed then; returns the losses and the parameters. */
export async function trainFixture(name: FixtureName, backend: Backend, steps: number) {
  const { batch, rate } = fixtureResult(name);
  const { model, spec } = specOf(name, batch);
  const program = buildStepProgram(spec, batch);
  const kernels = await createHostKernels();
  const optimizer = kernels.createOptimizer({
    layout: program.layout,
    optimizer: { type: 'sgd', learningRate: rate, momentum: 0, nesterov: false, weightDecay: 0 },
    schedule: { type: 'constant', warmup: 0 },
    rounds: steps,
  });
  optimizer.loadParameters(fileParameters(model, program.layout));
  const batches = fixtureBatches(name, batch);
  const own = await withExecutable(backend, program, async (executable) => {
    const found: number[] = [];
    const gradient = new Float32Array(program.layout.size);
    for (let round = 0; round < steps; round++) {
      await executable.load(optimizer.parameters.slice());
      const { lossSum } = await executable.accumulate(batches[round % batches.length]!);
      found.push(lossSum / batch);
      await executable.drain(gradient, 1 / batch);
      optimizer.apply(gradient, { round });
    }
    return found;
  });
  await backend.close();
  return { losses: own, program, parameters: optimizer.parameters.slice() };
}
