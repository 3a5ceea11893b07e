/** Adapters: what is trained with them, and that merging them changes nothing. */
import { describe, expect, it } from 'vitest';
import { drawBatch } from '../backend/conformance-programs.ts';
import { checkGradients, worstError } from '../graph/finite-differences.ts';
import { interpret } from '../graph/interpret.ts';
import { bucketCount, parameterViews } from '../graph/parameter-layout.ts';
import { encodeSafetensors, decodeSafetensors } from '../safetensors/index.ts';
import { buildStepProgram } from './build-step-program.ts';
import { matchesName } from './glob.ts';
import type { LoraSpec } from './lora.ts';
import { mergedModel, withAdapters } from './merge.ts';
import { initialParameters } from './parameters.ts';
import type { ModelSpec } from './spec.ts';
import { parametersFromWeights } from './weights.ts';

const lora = (...targets: string[]): LoraSpec => ({ rank: 2, alpha: 3, targets });
const gpt = { type: 'gpt', vocab: 7, layers: 2, heads: 2, width: 8, block: 5, tied: true } as const;
const llama = {
  type: 'llama',
  vocab: 7,
  layers: 1,
  heads: 2,
  kvHeads: 1,
  width: 8,
  inner: 6,
  block: 4,
  tied: false,
  theta: 100,
  epsilon: 1e-3,
} as const;

/** Models with adapters, and how many matrices get one. */
const adapted: Readonly<Record<string, readonly [ModelSpec, number]>> = {
  gpt: [{ ...gpt, lora: lora('c_attn', 'mlp.*') }, 2 * 3],
  llama: [{ ...llama, lora: lora('*.q_proj', 'v_proj', 'lm_head') }, 3],
  mlp: [{ type: 'mlp', inputs: 5, hidden: [6], outputs: 3, activation: 'gelu', lora: lora('*') }, 2],
};

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);

/** Initial parameters with B's that do something, and other weights large enough to matter. */
function parametersOf(spec: ModelSpec): Float32Array {
  const { layout } = buildStepProgram(spec, 1);
  const flat = initialParameters(spec, 3).map((value) => (Math.abs(value) < 0.2 ? value * 10 : value));
  for (const [name, view] of Object.entries(parameterViews(layout, flat)))
    if (name.endsWith('lora_B.weight')) view.forEach((_, i) => (view[i] = Math.sin(2 * i + 1) / 2));
  return flat;
}

describe.each(Object.entries(adapted))('a %s with adapters', (_, [spec, count]) => {
  const program = buildStepProgram(spec, 2);
  const { layout } = program;
  const flat = parametersOf(spec);
  const feeds = { ...parameterViews(layout, flat), ...drawBatch(program, spec, 1) };

  it('trains two small matrices for each target and nothing else, and they come first', () => {
    const trained = layout.slots.filter(({ update }) => update === 'optimizer').map(({ name }) => name);
    expect(trained).toHaveLength(2 * count);
    expect(trained.every((name) => /\.lora_[AB]\.weight$/.test(name))).toBe(true);
    expect(layout.slots.slice(0, 2 * count).map(({ name }) => name)).toEqual(trained);
    expect(program.train.outputs.map(({ name }) => name)).toEqual([
      'loss',
      ...trained.map((name) => `gradient/${name}`),
    ]);
    expect(layout.trained).toBe(layout.slots.slice(0, 2 * count).reduce((sum, { size }) => sum + size, 0));
    expect(bucketCount({ ...layout, bucketSize: 1 })).toBe(layout.trained);
  });

  it('has gradients that equal finite differences of its loss', () => {
    const doubles = Object.fromEntries(
      Object.entries(feeds).map(([name, values]) => [name, Float64Array.from(values)]),
    );
    const frozen = new Set(layout.slots.filter(({ update }) => update === 'frozen').map(({ name }) => name));
    const inputs = program.train.inputs.map((input) =>
      frozen.has(input.name) ? { ...input, role: 'data' as const } : input,
    );
    const forward = { ...program.train, inputs, outputs: program.train.outputs.slice(0, 1) };
    expect(worstError(checkGradients(forward, 'loss', doubles))).toBeLessThan(1e-5);
  });

  it('begins as the model without them', () => {
    const plain: ModelSpec = { ...spec };
    Reflect.deleteProperty(plain, 'lora');
    const other = buildStepProgram(plain, 2);
    const begin = parameterViews(layout, initialParameters(spec, 3));
    const own = parameterViews(other.layout, initialParameters(plain, 3));
    const data = drawBatch(program, spec, 1);
    expect(interpret(program.evaluate, { ...begin, ...data })).toEqual(interpret(other.evaluate, { ...own, ...data }));
  });

  it('can be put on a model’s parameters', () => {
    const { parameters, spec: plain } = mergedModel(spec, initialParameters(spec, 3));
    expect(withAdapters(spec, parameters, 3)).toEqual(initialParameters(spec, 3));
    expect(withAdapters(plain, parameters, 3)).toBe(parameters);
    expect(() => withAdapters(spec, parameters.subarray(1), 3)).toThrow(/parameters: there are \d+ elements/);
    expect(() => mergedModel(spec, flat.subarray(1))).toThrow(/parameters: there are \d+ elements/);
  });

  it('merged, computes the same without them', () => {
    const merged = mergedModel(spec, flat);
    expect(merged.spec.lora).toBeUndefined();
    const other = buildStepProgram(merged.spec, 2);
    const views = parameterViews(other.layout, merged.parameters);
    expect(Object.keys(views).some((name) => name.includes('lora'))).toBe(false);
    const [one, two] = [interpret(program.infer, feeds), interpret(other.infer, { ...feeds, ...views })];
    expect(largest(one['logits']!, two['logits']!)).toBeLessThan(1e-5);
    const changed = Object.keys(views).filter((name) => largest(views[name]!, feeds[name] ?? []) > 0);
    expect(changed).toHaveLength(count);
  });
});

describe('adapters', () => {
  const spec: ModelSpec = { ...gpt, lora: lora('c_attn') };

  it('have PEFT’s names and shapes', () => {
    const { layout } = buildStepProgram(spec, 1);
    expect(layout.slots.slice(0, 2).map(({ name, shape }) => [name, shape])).toEqual([
      ['transformer.h.0.attn.c_attn.lora_A.weight', [2, 8]],
      ['transformer.h.0.attn.c_attn.lora_B.weight', [24, 2]],
    ]);
  });

  it('may be missing from a checkpoint, and then start anew', () => {
    const { layout } = buildStepProgram(gpt, 1);
    const views = parameterViews(layout, initialParameters(gpt, 9));
    const tensors = layout.slots.map(({ name, shape }) => ({
      name,
      shape,
      data: new Uint8Array(views[name]!.slice().buffer),
    }));
    const read = (list: typeof tensors) =>
      decodeSafetensors(Buffer.concat(encodeSafetensors({ tensors: list, metadata: {} })), 'm');
    const loaded = parametersFromWeights({ spec, weights: read(tensors), file: 'm', seed: 3 });
    const own = parameterViews(buildStepProgram(spec, 1).layout, loaded);
    const initial = parameterViews(buildStepProgram(spec, 1).layout, initialParameters(spec, 3));
    for (const name of Object.keys(own)) expect(own[name]).toEqual(views[name] ?? initial[name]);
    const half = { name: 'transformer.h.0.attn.c_attn.lora_A.weight', shape: [2, 8], data: new Uint8Array(64) };
    expect(() => parametersFromWeights({ spec, weights: read([...tensors, half]), file: 'm', seed: 3 })).toThrow(
      /missing: transformer.h.0.attn.c_attn.lora_B.weight, transformer.h.1/,
    );
  });

  it.each<[LoraSpec, RegExp]>([
    [lora('c_atn'), /lora.targets\[0\]: no matrix is called "c_atn"\. Use names such as transformer.h.0.attn.c_attn/],
    [lora('c_attn', 'ln_1'), /lora.targets\[1\]/],
    [{ ...lora('c_attn'), rank: 0 }, /lora.rank/],
    [{ ...lora('c_attn'), alpha: -1 }, /lora.alpha/],
    [lora(), /lora.targets: it is not a list/],
    [lora(''), /lora.targets\[0\]: it is not a pattern/],
  ])('%j are refused by field', (adapters, problem) => {
    expect(() => buildStepProgram({ ...gpt, lora: adapters }, 1)).toThrow(problem);
  });
});

describe('a pattern', () => {
  it.each([
    ['c_attn', 'h.0.attn.c_attn', true],
    ['attn', 'h.0.attn.c_attn', false],
    ['h.*.c_attn', 'h.0.attn.c_attn', true],
    ['*', 'anything', true],
    ['a*b*c', 'a.b.b.xc', true],
    ['a*b*c', 'a.b.b.x', false],
    ['.', 'x', false],
  ])('%s, name %s: %s', (pattern, name, matches) => expect(matchesName(pattern, name)).toBe(matches));

  it('of many stars takes no time to fail', () => {
    expect(matchesName(`${'*a'.repeat(100)}b`, 'a'.repeat(200))).toBe(false);
  });
});
