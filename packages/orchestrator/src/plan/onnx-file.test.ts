/** A job whose model is a file: what it resolves to, what is wrong with it at its place, and that its export keeps its names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStepProgram, initialParameters, type ModelSpec, parameterLayout } from '@murmuration/kernels/graph';
import { decodeModel, exportModel } from '@murmuration/kernels/onnx';
import { parseResolvedJob } from '@murmuration/protocol/job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel } from '../model/evaluate-model.ts';
import { modelBytes } from '../model/export-model.ts';
import { describePlan } from './describe.ts';
import { type LoadedJob, loadJob } from './load-job.ts';
import { checkSameModel } from './onnx-file.ts';
import { planRun } from './plan.ts';

const spec: ModelSpec = { type: 'mlp', inputs: 4, hidden: [3], outputs: 2, activation: 'relu' };
const layout = parameterLayout(spec);
const parameters = initialParameters(spec, 5);
const infer = (batch: number) => buildStepProgram(spec, batch).infer;

let directory = '';
const write = (name: string, content: string | Uint8Array): string => {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
};
const idx = (shape: number[], values: number[]): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((side, axis) => header.writeUInt32BE(side, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(values)]);
};
const job = (model: string): string => `name: own
model: { type: onnx, ${model} }
data:
  train: { type: idx, images: images, labels: labels }
  eval: { type: idx, images: images, labels: labels }
training: { rounds: 10, microBatch: 2, globalBatch: 8 }
`;
const load = (model: string): Promise<LoadedJob> => loadJob(write('job.yaml', job(model)));

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'onnx-file-'));
  write('images', idx([4, 2, 2], [0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0]));
  write('labels', idx([4], [0, 1, 0, 1]));
  write('model.onnx', exportModel({ infer, layout, parameters }));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('a job with an ONNX file', () => {
  it('resolves to graphs without weights, and starts from the file’s', async () => {
    const loaded = await load('path: model.onnx');
    const { model } = loaded.job;
    if (model.type !== 'onnx') throw new Error('it is a file');
    expect(model).toMatchObject({
      batch: 2,
      loss: 'crossEntropy',
      input: { name: 'x', shape: [4] },
      labels: { name: 'y' },
    });
    expect(model.parameters.map(({ name }) => name).sort()).toEqual(layout.slots.map(({ name }) => name).sort());
    expect(loaded.start).toHaveLength(layout.size);
    expect(new Set(loaded.start)).toEqual(new Set(parameters));
    // As it travels.
    expect(parseResolvedJob(JSON.parse(JSON.stringify(loaded.job)))).toEqual(loaded.job);
    const plan = planRun(loaded.spec, loaded.job);
    expect(plan.parameters).toBe(layout.size);
    expect(describePlan(loaded, plan, null).join('\n')).toMatch(
      /onnx file on 4, \d+ ops, 4 of 4 tensors trained, crossEntropy/,
    );
  });

  it('exports what it trained under the file’s names, with the same scores', async () => {
    const loaded = await load('path: model.onnx');
    const state = new Uint8Array(loaded.start!.buffer.slice(0));
    const origin = { runId: 'r', round: 1, stateHash: '0x' };
    const file = write('out.onnx', modelBytes(loaded.job, state, origin, loaded.onnx));
    const { graph } = decodeModel(modelBytes(loaded.job, state, origin, loaded.onnx));
    expect([graph.input[0]?.name, graph.output[0]?.name]).toEqual(['x', 'logits']);
    const [own, first] = [
      await evaluateModel(file, loaded.datasets.eval),
      await evaluateModel(join(directory, 'model.onnx'), loaded.datasets.eval),
    ];
    expect(own.loss).toBeCloseTo(first.loss, 6);
  });

  it('is trained towards numbers, as its evaluation says', async () => {
    const wide: ModelSpec = { ...spec, outputs: 4 };
    const same = {
      infer: (batch: number) => buildStepProgram(wide, batch).infer,
      layout: parameterLayout(wide),
      parameters: new Float32Array(parameterLayout(wide).size),
    };
    const file = write('same.onnx', exportModel(same));
    const loaded = await load('path: same.onnx, loss: mse');
    expect(loaded.job.model).toMatchObject({ loss: 'mse', labels: { name: 'x', shape: [4] } });
    // It says 0 for every pixel; three of the sixteen are 1.
    expect(await evaluateModel(file, loaded.datasets.eval, 'mse')).toMatchObject({
      loss: 3 / 16,
      accuracy: 0,
      samples: 4,
    });
  });

  it.each([
    ['path: nowhere.onnx', /job\.yaml:2:\d+: model\.path nowhere\.onnx names a file that does not exist/],
    ['path: labels', /job\.yaml:2:\d+: The ONNX file can't be read at model/],
    [
      'path: model.onnx, freeze: ["conv*"]',
      /job\.yaml:2:\d+: .*pattern "conv\*": no tensor of the file has such a name/s,
    ],
    ['path: model.onnx, output: probabilities', /output "probabilities": the model has no such output/],
    ['path: model.onnx, los: mse', /model\.los is not a known key; did you mean loss\?/],
    ['path: model.onnx, loss: hinge', /model\.loss must be one of crossEntropy, mse/],
  ])('with %s is refused at its place', async (model, message) => {
    await expect(load(model)).rejects.toThrow(message);
  });

  it('can’t be resumed with another file', async () => {
    const { job: first } = await load('path: model.onnx');
    if (first.model.type !== 'onnx') throw new Error('it is a file');
    const other = { ...first, model: { ...first.model, sha256: 'ab'.repeat(32) } };
    expect(() => checkSameModel('model.onnx', first, first)).not.toThrow();
    expect(() => checkSameModel('model.onnx', first, other)).toThrow(
      expect.objectContaining({ code: 'MODEL_CHANGED' }),
    );
  });
});
