/** Each operator's meaning: the imported graph in float64 against onnxruntime running the file itself. */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { interpret } from '../../graph/interpret.ts';
import { ONNX_VALUES } from '../../models/onnx-spec.ts';
import { OnnxModel } from '../onnx-model.ts';
import { onnxFile } from '../testing/build-model.ts';
import { wordsFrom } from '../testing/mutate.ts';
import { BATCH, operatorCases } from '../testing/operator-cases.ts';
import { supportedOperators } from './index.ts';

/** Every operator has a case; constants are made by exporters as nodes that hold a tensor, which fixtures cover. */
const covered = new Set([
  ...Object.values(operatorCases).flatMap(({ nodes }) => nodes.map(({ op }) => op)),
  'Constant',
]);

async function inOnnxRuntime(file: Uint8Array, x: Float32Array | Int32Array, dims: number[]) {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feed =
    x instanceof Int32Array ? new Tensor('int64', BigInt64Array.from(x, BigInt), dims) : new Tensor('float32', x, dims);
  const { y } = await session.run({ x: feed });
  await session.release();
  return { shape: y!.dims, values: Array.from(y!.data as Float32Array, Number) };
}

describe('an imported operator computes what onnxruntime computes', () => {
  it.each(Object.entries(operatorCases))('%s', async (_, { sample = [3], ids, ...model }) => {
    const scalars = model.nodes.some(({ op }) => op === 'Range') ? { zero: 0, step: 1 } : {};
    const file = onnxFile({
      ...model,
      scalars,
      input: { shape: ['batch', ...sample], type: ids === undefined ? 1 : 7 },
    });
    const dims = [BATCH, ...sample];
    const next = wordsFrom(7);
    const size = dims.reduce((product, dim) => product * dim, 1);
    const x =
      ids === undefined
        ? Float32Array.from({ length: size }, () => (next() >>> 8) / 2 ** 22 - 2)
        : Int32Array.from({ length: size }, () => next() % ids);
    const expected = await inOnnxRuntime(file, x, dims);
    const imported = new OnnxModel(file);
    const { evaluate, outputShape, parameters } = imported.bind(BATCH, sample);
    expect(outputShape).toEqual(expected.shape);
    const values = Object.fromEntries(parameters.map(({ name }) => [name, imported.valuesOf(name)]));
    const actual = interpret(evaluate, { ...values, [ONNX_VALUES.input]: x })[ONNX_VALUES.output]!;
    const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.values[i]!)), 0);
    expect(worst).toBeLessThan(2e-5);
  });

  it('is in the list of the documents', () => {
    const text = readFileSync(new URL('../../../../../docs/bring-your-own-model.md', import.meta.url), 'utf8');
    const [list = ''] =
      text
        .split('## What is supported')[1]
        ?.split('\n\n')
        .filter((part) => part.includes('Abs')) ?? [];
    const named = list.replaceAll(/\([^)]*\)/g, '').match(/\w+/g) ?? [];
    expect(named.toSorted()).toEqual([...supportedOperators]);
  });

  it('has a case for each', () => expect(supportedOperators.filter((op) => !covered.has(op))).toEqual([]));
});
