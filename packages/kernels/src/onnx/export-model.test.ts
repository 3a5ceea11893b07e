/** `model.onnx` as others would use it: opened by onnxruntime with no help of ours. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { drawBatch, modelCases } from '../backend/conformance-programs.ts';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters, parameterLayout } from '../models/parameters.ts';
import type { ModelSpec } from '../models/spec.ts';
import { exportModel, type ExportModelOptions } from './export-model.ts';
import { decodeModel } from './schema.ts';

function optionsFor(spec: ModelSpec): ExportModelOptions {
  const layout = parameterLayout(spec);
  return { layout, parameters: initialParameters(spec, 3), infer: (batch) => buildStepProgram(spec, batch).infer };
}

/** Runs the model on `batch` samples and compares with the interpreter. */
async function worstDifference(model: Uint8Array, spec: ModelSpec, batch: number): Promise<number> {
  const program = buildStepProgram(spec, batch);
  const [input] = program.infer.inputs.filter(({ role }) => role === 'data');
  const { name, type } = input!;
  const values = drawBatch(program, spec, 9)[name]!;
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const { logits } = await session.run({
    [name]: new Tensor(type.dtype === 'i32' ? 'int32' : 'float32', values as Float32Array, type.shape),
  });
  await session.release();
  const views = parameterViews(program.layout, initialParameters(spec, 3));
  const expected = interpret(program.infer, { ...views, [name]: values })['logits']!;
  expect(logits?.dims).toEqual(program.infer.nodes.at(-1)?.output.shape);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(logits!.data[i]))), 0);
}

/** Dimensions of the model's inputs and outputs that are named and not fixed. */
function freeDimensions(model: Uint8Array): number {
  const { input, output } = decodeModel(model).graph;
  const dimensions = [...input, ...output].flatMap(({ type }) => type.tensorType.shape.dim);
  return dimensions.filter((dimension) => 'dimParam' in dimension).length;
}

describe('exportModel', () => {
  it.each(Object.keys(modelCases))('writes a %s that runs at any batch size', async (name) => {
    const { spec } = modelCases[name]!;
    const model = exportModel(optionsFor(spec));
    for (const batch of [1, 3, 8]) expect(await worstDifference(model, spec, batch)).toBeLessThan(1e-5);
    expect(decodeModel(model).opsetImport).toEqual([{ domain: '', version: 18 }]);
  });

  it('keeps the weights under their names, with the run’s metadata', () => {
    const { spec } = modelCases['untied gpt']!;
    const options = optionsFor(spec);
    const { graph, metadataProps, docString } = decodeModel(
      exportModel({ ...options, description: 'a run', metadata: { stateHash: '0xabc' } }),
    );
    const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape, offset, size } of options.layout.slots) {
      expect(weights.get(name)?.dims).toEqual([...shape]);
      expect(new Float32Array(Uint8Array.from(weights.get(name)!.rawData).buffer)).toEqual(
        options.parameters.slice(offset, offset + size),
      );
    }
    expect(graph.input.map(({ name }) => name)).toEqual(['tokens']);
    expect(graph.output.map(({ name }) => name)).toEqual(['logits']);
    expect([docString, metadataProps]).toEqual(['a run', [{ key: 'stateHash', value: '0xabc' }]]);
  });

  it('gives a batch norm its running statistics by name, with nothing in between', () => {
    const { graph } = decodeModel(exportModel(optionsFor(modelCases['resnet']!.spec)));
    const norms = graph.node.filter(({ opType }) => opType === 'BatchNormalization');
    expect(norms.map(({ input }) => input.slice(1))).toContainEqual(
      ['weight', 'bias', 'running_mean', 'running_var'].map((key) => `layer2.0.downsample.1.${key}`),
    );
    expect(graph.node.filter(({ opType }) => opType === 'Reshape')).toEqual([]);
  });

  it('fixes the batch where one is given', async () => {
    const { spec } = modelCases['mlp with relu']!;
    const model = exportModel({ ...optionsFor(spec), batch: 4 });
    expect(decodeModel(model).graph.input[0]?.type.tensorType.shape.dim).toEqual([{ dimValue: 4 }, { dimValue: 37 }]);
    expect(await worstDifference(model, spec, 4)).toBeLessThan(1e-5);
  });

  it.each([
    ['mlp', { type: 'mlp', inputs: 35, hidden: [5, 7, 77], outputs: 5, activation: 'relu' }],
    [
      'convnet',
      {
        type: 'convnet',
        input: [5, 35, 14],
        channels: [7, 5],
        kernel: 3,
        hidden: [10],
        outputs: 7,
        activation: 'gelu',
      },
    ],
    ['gpt', { type: 'gpt', vocab: 35, layers: 1, heads: 5, width: 35, block: 7, tied: true }],
  ] satisfies [string, ModelSpec][])(
    'tells the batch apart from the sizes of a %s that probes divide',
    async (_, spec) => {
      const model = exportModel(optionsFor(spec));
      expect(freeDimensions(model)).toBe(2);
      expect(await worstDifference(model, spec, 3)).toBeLessThan(1e-5);
    },
  );

  it('looks for the batch within the limits of a graph', () => {
    const spec: ModelSpec = { type: 'gpt', vocab: 50_257, layers: 1, heads: 2, width: 2, block: 512, tied: true };
    expect(freeDimensions(exportModel(optionsFor(spec)))).toBe(2);
  });

  it('refuses parameters of another model and parameters that are no numbers', () => {
    const options = optionsFor(modelCases['mlp with relu']!.spec);
    const diverged = options.parameters.slice();
    diverged[7] = Number.NaN;
    for (const parameters of [options.parameters.subarray(1), diverged]) {
      expect(() => exportModel({ ...options, parameters })).toThrow(expect.objectContaining({ code: 'ONNX_EXPORT' }));
    }
  });
});
