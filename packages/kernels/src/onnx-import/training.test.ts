/** Three models of another tool, trained here: the losses are that tool's, and what is exported runs in onnxruntime. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openOnnxBackend } from '../backend/onnx-backend.ts';
import { withExecutable } from '../backend/conformance-steps.ts';
import { createHostKernels } from '../exact/host-kernels.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { exportModel } from '../onnx/export-model.ts';
import { OnnxModel } from './onnx-model.ts';
import { fileParameters, onnxSpec } from './step-spec.ts';
import {
  fixtureBatches,
  fixtureData,
  fixtureFile,
  type FixtureName,
  fixtureNames,
  fixtureResult,
} from './testing/fixtures.ts';

function specOf(name: FixtureName, batch: number) {
  const model = new OnnxModel(fixtureFile(name));
  const { sample, labels, vocabulary, classes } = fixtureData[name];
  const data = {
    input: { name: 'x', shape: sample, range: vocabulary },
    labels: { name: 'y', shape: labels, dtype: 'i32', range: classes },
    loss: 'crossEntropy',
  } as const;
  return { model, spec: onnxSpec(model, batch, data), at: (size: number) => onnxSpec(model, size, data) };
}

/** Trains as PyTorch did; returns the losses and the parameters. */
async function train(name: FixtureName) {
  const { batch, rate, losses } = fixtureResult(name);
  const { model, spec } = specOf(name, batch);
  const program = buildStepProgram(spec, batch);
  const kernels = await createHostKernels();
  const optimizer = kernels.createOptimizer({
    layout: program.layout,
    optimizer: { type: 'sgd', learningRate: rate, momentum: 0, nesterov: false, weightDecay: 0 },
    schedule: { type: 'constant', warmup: 0 },
    rounds: losses.length,
  });
  optimizer.loadParameters(fileParameters(model, program.layout));
  const batches = fixtureBatches(name, batch);
  const backend = await openOnnxBackend({ threads: 1 });
  const own = await withExecutable(backend, program, async (executable) => {
    const found: number[] = [];
    const gradient = new Float32Array(program.layout.size);
    for (let round = 0; round < losses.length; round++) {
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

/** Scores of the exported model in onnxruntime. */
async function scores(file: Uint8Array, name: FixtureName, batch: number): Promise<number[]> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const [{ x } = {}] = fixtureBatches(name, batch);
  const type = x instanceof Int32Array ? 'int32' : 'float32';
  const { logits } = await session.run({
    x: new Tensor(type, x as Float32Array, [batch, ...fixtureData[name].sample]),
  });
  await session.release();
  return Array.from(logits!.data as Float32Array);
}

describe.each(fixtureNames)('%s', (name) => {
  it('trains to the losses of PyTorch, and its export computes what PyTorch computes', async () => {
    const expected = fixtureResult(name);
    const { losses, program, parameters } = await train(name);
    losses.forEach((loss, step) => expect(Math.abs(loss - expected.losses[step]!), `step ${step}`).toBeLessThan(1e-3));
    for (const [slot, values] of Object.entries(expected.running)) {
      const { offset } = program.layout.slots.find((candidate) => candidate.name === slot)!;
      values.forEach((value, i) => expect(Math.abs(parameters[offset + i]! - value)).toBeLessThan(1e-3));
    }
    const { at } = specOf(name, expected.batch);
    const file = exportModel({
      layout: program.layout,
      parameters,
      infer: (batch) => buildStepProgram(at(batch), batch).infer,
    });
    const found = await scores(file, name, expected.batch);
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.evaluated[i]!)), 0);
    expect(worst).toBeLessThan(1e-3);
  });
});
