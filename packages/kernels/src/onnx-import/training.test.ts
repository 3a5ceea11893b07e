/** Three models of another tool, trained here: the losses are that tool's, and what is exported runs in onnxruntime. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openOnnxBackend } from '../backend/onnx-backend.ts';
import { openExactBackend } from '../exact-backend/node/open.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { exportModel } from '../onnx/export-model.ts';
import { underFileNames } from './step-spec.ts';
import { fixtureBatches, fixtureData, type FixtureName, fixtureNames, fixtureResult } from './testing/fixtures.ts';
import { specOf, trainFixture } from './testing/train-fixture.ts';

/** Scores of the exported model in onnxruntime, fed as the file was. */
async function scores(file: Uint8Array, name: FixtureName, batch: number): Promise<number[]> {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const [{ x } = {}] = fixtureBatches(name, batch);
  const shape = [batch, ...fixtureData[name].sample];
  const sample =
    x instanceof Int32Array
      ? new Tensor('int64', BigInt64Array.from(x, BigInt), shape)
      : new Tensor('float32', x as Float32Array, shape);
  const { scores: found } = await session.run({ sample });
  await session.release();
  return Array.from(found!.data as Float32Array);
}

describe.each(fixtureNames)('%s', (name) => {
  it('trains to the losses of PyTorch, and its export computes what PyTorch computes', async () => {
    const expected = fixtureResult(name);
    const { losses, program, parameters } = await trainFixture(name, await openOnnxBackend({ threads: 1 }), 50);
    losses.forEach((loss, step) => expect(Math.abs(loss - expected.losses[step]!), `step ${step}`).toBeLessThan(1e-3));
    for (const [slot, values] of Object.entries(expected.running)) {
      const { offset } = program.layout.slots.find((candidate) => candidate.name === slot)!;
      values.forEach((value, i) => expect(Math.abs(parameters[offset + i]! - value)).toBeLessThan(1e-3));
    }
    const { model, at } = specOf(name, expected.batch);
    const file = exportModel({
      layout: program.layout,
      parameters,
      int64: model.takesInt64,
      infer: (batch) => underFileNames(buildStepProgram(at(batch), batch).infer, model),
    });
    const found = await scores(file, name, expected.batch);
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.evaluated[i]!)), 0);
    expect(worst).toBeLessThan(1e-3);
  });

  it('trains to them on the exact backend too', async () => {
    const { losses } = await trainFixture(name, openExactBackend({ threads: 1 }), 10);
    const expected = fixtureResult(name).losses;
    losses.forEach((loss, step) => expect(Math.abs(loss - expected[step]!), `step ${step}`).toBeLessThan(1e-3));
  });
});
