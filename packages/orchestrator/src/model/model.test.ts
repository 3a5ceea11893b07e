import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildStepProgram,
  initialParameters,
  interpret,
  mergedModel,
  parametersFromWeights,
  parameterLayout,
  parameterViews,
} from '@murmuration/kernels/graph';
import { decodeModel } from '@murmuration/kernels/onnx';
import { decodeSafetensors } from '@murmuration/kernels/safetensors';
import { openDatasets } from '@murmuration/protocol/data';
import type { Dataset } from '@murmuration/protocol/data';
import { parseJob, resolveJob } from '@murmuration/protocol/job';
import type { ResolvedJob } from '@murmuration/protocol/job';
import { dataFactsOf } from '@murmuration/protocol/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightsFiles } from './export-weights.ts';
import { evaluateModel } from './evaluate-model.ts';
import { modelBytes } from './export-model.ts';
import { generate, pick } from './generate.ts';
import { ModelSession } from './session.ts';

const BLOCK = 8;
let directory = '';
let file = '';
let job: ResolvedJob;
let held: Dataset;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'model-'));
  writeFileSync(join(directory, 'text'), 'the quick brown fox jumps over the lazy dog. '.repeat(8));
  const source = `{ type: text, files: [text], block: ${BLOCK} }`;
  const { spec } = parseJob(
    `name: m\nmodel: { type: gpt, layers: 1, heads: 2, width: 8 }\ndata: { train: ${source}, eval: ${source} }\ntraining: { rounds: 1 }\n`,
    'job.yaml',
  );
  const datasets = await openDatasets(spec.data, { directory, confined: true });
  job = resolveJob(spec, dataFactsOf(datasets));
  held = datasets.eval;
  const parameters = initialParameters(job.model, 3);
  file = join(directory, 'model.onnx');
  // A state is longer than its parameters, and may begin at any byte.
  const state = new Uint8Array(1 + parameters.byteLength + 40).subarray(1);
  state.set(new Uint8Array(parameters.buffer));
  writeFileSync(file, modelBytes(job, state, { runId: 'r', round: 1, stateHash: '0x' }));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('model.onnx', () => {
  it('scores held-out text as an untrained model does: near the logarithm of the vocabulary', async () => {
    const { loss, accuracy, samples } = await evaluateModel(file, held);
    const vocabulary = job.model.type === 'gpt' ? job.model.vocab : 0;
    expect(Math.abs(loss - Math.log(vocabulary))).toBeLessThan(0.2);
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(samples).toBe(held.size);
  });

  it('weighs a padded last batch by its samples only', async () => {
    const first: Dataset = { ...held, size: 3 };
    const [all, three] = [await evaluateModel(file, held), await evaluateModel(file, first)];
    expect(three.samples).toBe(3);
    expect(three.loss).not.toBe(all.loss);
  });

  it('refuses a state that is too short', () => {
    const short = new Uint8Array(4 * (parameterLayout(job.model).size - 1));
    expect(() => modelBytes(job, short, { runId: 'r', round: 0, stateHash: '0x' })).toThrow(/parameters/);
  });

  it('of a model with adapters has them merged, and computes the same', async () => {
    const adapted = { ...job, model: { ...job.model, lora: { rank: 2, alpha: 4, targets: ['c_attn', 'mlp.*'] } } };
    const parameters = initialParameters(adapted.model, 3).map((value, i) => value || Math.sin(i));
    const bytes = modelBytes(adapted, new Uint8Array(parameters.buffer), { runId: 'r', round: 1, stateHash: '0x' });
    const names = decodeModel(bytes).graph?.initializer?.map(({ name }) => name) ?? [];
    expect(names).toContain('transformer.h.0.attn.c_attn.weight');
    expect(names.filter((name) => name?.includes('lora'))).toEqual([]);
    const merged = join(directory, 'merged.onnx');
    writeFileSync(merged, bytes);
    const program = buildStepProgram(adapted.model, held.size);
    const batch = held.batch(
      Array.from({ length: held.size }, (_, at) => at),
      held.size,
    );
    const sums = interpret(program.evaluate, { ...parameterViews(program.layout, parameters), ...batch });
    const { loss } = await evaluateModel(merged, held);
    expect(loss).toBeCloseTo((sums['loss']?.[0] ?? 0) / held.size, 5);
    expect(Math.abs(loss - (await evaluateModel(file, held)).loss)).toBeGreaterThan(1e-3);
  });

  it('of a model with adapters comes with weights for other programs', () => {
    const lora = { rank: 2, alpha: 4, targets: ['c_attn', 'mlp.*'] };
    const adapted = { ...job, model: { ...job.model, lora } };
    const parameters = initialParameters(adapted.model, 3).map((value, i) => value || Math.sin(i));
    const origin = { runId: 'r', round: 1, stateHash: '0x' };
    const files = weightsFiles(adapted, new Uint8Array(parameters.buffer), origin);
    const [whole, adapter, config] = files.map(({ parts }) => Buffer.concat(parts));
    const merged = mergedModel(adapted.model, parameters);
    const weights = decodeSafetensors(whole!, 'model.safetensors');
    expect(parametersFromWeights({ spec: job.model, weights, file: 'model.safetensors', seed: 0 })).toEqual(
      merged.parameters,
    );
    const names = decodeSafetensors(adapter!, 'adapter').tensors.map(({ name, shape }) => [name, shape]);
    expect(names).toContainEqual(['base_model.model.transformer.h.0.attn.c_attn.lora_B.weight', [24, 2]]);
    expect(names).toHaveLength(2 * 3);
    expect(JSON.parse(config!.toString())).toMatchObject({
      r: 2,
      lora_alpha: 4,
      fan_in_fan_out: true,
      target_modules: ['transformer.h.0.attn.c_attn', 'transformer.h.0.mlp.c_fc', 'transformer.h.0.mlp.c_proj'],
    });
    expect(weightsFiles(job, new Uint8Array(parameters.buffer), origin)).toEqual([]);
  });

  it('says so when the file is none', async () => {
    const broken = join(directory, 'broken.onnx');
    writeFileSync(broken, 'not a model');
    await expect(ModelSession.open(broken)).rejects.toThrow(/can't be run/);
  });
});

describe('generate', () => {
  const write = async (seed: number, temperature = 1, prompt = 'the '): Promise<string> => {
    const session = await ModelSession.open(file);
    const pieces: string[] = [];
    const { tokenizer } = held;
    if (tokenizer === null) throw new Error('text has a tokenizer');
    for await (const piece of generate(session, tokenizer, BLOCK, { prompt, tokens: 20, temperature, seed }))
      pieces.push(piece);
    await session.close();
    return pieces.join('');
  };

  it('writes the same text for the same seed, past the end of its window', async () => {
    const text = await write(1);
    expect(text).toHaveLength(20);
    expect(await write(1)).toBe(text);
    expect(await write(2)).not.toBe(text);
  });

  it('takes the likeliest token at temperature 0, whatever the seed', async () => {
    expect(await write(1, 0)).toBe(await write(2, 0));
  });

  it('begins from nothing', async () => expect(await write(1, 1, '')).toHaveLength(20));
});

describe('pick', () => {
  const logits = Float32Array.of(0, Math.log(2), Math.log(5));
  it('draws in proportion to exp(logit / temperature)', () => {
    expect([0, 0.124, 0.126, 0.374, 0.376, 0.999].map((random) => pick(logits, 1, random))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(pick(logits, 0, 0)).toBe(2);
    expect(pick(logits, 0.01, 0.001)).toBe(2);
  });
});
