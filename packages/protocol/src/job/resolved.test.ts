import { describe, expect, it } from 'vitest';
import { parseJob } from './parse.ts';
import { JobResolutionError, parseResolvedJob, resolveJob } from './resolved.ts';
import type { DataFacts } from './resolved.ts';
import type { JobSpec } from './spec.ts';

const { spec } = parseJob(
  `name: digits
model: { type: mlp }
data:
  train: { type: idx, images: a, labels: b }
  eval: { type: idx, images: c, labels: d }
training: { rounds: 3, clipNorm: 1 }
`,
  'job.yaml',
);
const digest = 'ab'.repeat(32);
const source = {
  type: 'idx',
  images: 'file:///a',
  labels: 'file:///b',
  mean: 0,
  std: 1,
  sha256: { images: digest, labels: digest },
} as const;
const facts: DataFacts = {
  train: source,
  eval: source,
  trainSamples: 60,
  evalSamples: 10,
  image: [1, 28, 28],
  classes: 10,
};

describe('resolveJob', () => {
  it('takes the numbers that the data decides', () => {
    const job = resolveJob(spec, facts);
    expect(job.model).toEqual({ type: 'mlp', hidden: [128], activation: 'relu', dropout: 0, inputs: 784, outputs: 10 });
    expect(parseResolvedJob(structuredClone(job))).toEqual(job);
  });

  it('takes a llama’s vocabulary and block from the data, and works out what was left open', () => {
    const text: DataFacts['train'] = {
      type: 'text',
      files: ['file:///a'],
      sha256: [digest],
      tokenizer: 'char',
      block: 32,
      split: { from: 0, to: 1 },
    };
    const { spec: llama } = parseJob(
      `name: tales
model: { type: llama, width: 64, heads: 4 }
data:
  train: { type: text, files: [a], block: 32, tokenizer: char }
  eval: { type: text, files: [a], block: 32, tokenizer: char }
training: { rounds: 3 }
`,
      'job.yaml',
    );
    const told = { train: text, eval: text, trainSamples: 60, evalSamples: 10 };
    const job = resolveJob(llama, { ...told, vocabulary: 40 });
    const sizes = { layers: 4, width: 64, heads: 4, kvHeads: 4, inner: 176, vocab: 40, block: 32 };
    expect(job.model).toMatchObject({ type: 'llama', tied: false, theta: 10_000, epsilon: 1e-5, ...sizes });
    expect(parseResolvedJob(structuredClone(job))).toEqual(job);
    expect(() => parseResolvedJob({ ...job, model: { ...job.model, kvHeads: 3 } })).toThrow('kvHeads does not divide');
    expect(() => parseResolvedJob({ ...job, model: { ...job.model, heads: 64 } })).toThrow('twice heads');
  });

  it('names the field that the data contradicts', () => {
    const stating = (numbers: { inputs?: number; outputs?: number }): JobSpec => ({
      ...spec,
      model: { type: 'mlp', hidden: [8], activation: 'relu', dropout: 0, ...numbers },
    });
    expect(() => resolveJob(stating({ inputs: 100 }), facts)).toThrow('model.inputs is 100, but the data has 784');
    expect(() => resolveJob(stating({ outputs: 9 }), facts)).toThrow('model.outputs is 9, but the data has 10 classes');
  });
});

describe('parseResolvedJob', () => {
  const job = resolveJob(spec, facts);
  it.each([
    ['an absurd width', { ...job, model: { ...job.model, hidden: [1e9] } }],
    ['a source without hashes', { ...job, data: { ...job.data, train: { ...source, sha256: undefined } } }],
    ['batches that do not divide', { ...job, training: { ...job.training, globalBatch: 33 } }],
    ['an unknown key', { ...job, run: 'rm' }],
    ['a path that is another machine’s', { ...job, model: { ...job.model, weights: 'a.safetensors' } }],
    ['an absurd rank', { ...job, model: { ...job.model, lora: { rank: 1e9, alpha: 1, targets: ['*'] } } }],
    ['adapters of nothing', { ...job, model: { ...job.model, lora: { rank: 1, alpha: 1, targets: [] } } }],
    ['a number that is none', { ...job, training: { ...job.training, clipNorm: Number.NaN } }],
    ['nothing', null],
  ])('refuses %s', (_what, value) => expect(() => parseResolvedJob(value)).toThrow(JobResolutionError));
});
