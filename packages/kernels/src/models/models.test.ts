/** Whole models: their gradients, their initial parameters, and that training in the interpreter learns. */
import { describe, expect, it } from 'vitest';
import { checkGradients, worstError } from '../graph/finite-differences.ts';
import { costOf } from '../graph/cost.ts';
import { interpret, type Tensors } from '../graph/interpret.ts';
import { bucketCount, bucketRange, parameterViews } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from './build-step-program.ts';
import { modelOf } from './model.ts';
import { initialParameters, parameterLayout } from './parameters.ts';
import type { ModelSpec } from './spec.ts';

const specs: Readonly<Record<string, ModelSpec>> = {
  mlp: { type: 'mlp', inputs: 5, hidden: [4, 3], outputs: 3, activation: 'gelu' },
  'mlp without hidden layers': { type: 'mlp', inputs: 1, hidden: [], outputs: 2, activation: 'relu' },
  convnet: {
    type: 'convnet',
    input: [2, 7, 5],
    channels: [3, 2],
    kernel: 3,
    hidden: [4],
    outputs: 3,
    activation: 'gelu',
  },
  resnet: {
    type: 'resnet',
    input: [1, 4, 3],
    stem: 'small',
    blocks: [1, 1],
    widths: [2, 3],
    outputs: 2,
  },
  'resnet with a large stem': {
    type: 'resnet',
    input: [1, 9, 8],
    stem: 'large',
    blocks: [1],
    widths: [3],
    outputs: 2,
  },
  'tied gpt': { type: 'gpt', vocab: 7, layers: 2, heads: 2, width: 6, block: 5, tied: true },
  'untied gpt': { type: 'gpt', vocab: 5, layers: 1, heads: 1, width: 4, block: 3, tied: false },
  'one-element gpt': { type: 'gpt', vocab: 3, layers: 1, heads: 1, width: 1, block: 1, tied: true },
  llama: {
    type: 'llama',
    vocab: 7,
    layers: 2,
    heads: 2,
    kvHeads: 1,
    width: 8,
    inner: 5,
    block: 4,
    tied: false,
    theta: 100,
    epsilon: 1e-3,
  },
};

/** Data for every data input: classes and tokens cycle, weights are 1 but for a 0 at the end. */
function dataFor({ train, batch }: StepProgram, classes: number): Record<string, Float64Array> {
  return Object.fromEntries(
    train.inputs
      .filter(({ role }) => role === 'data')
      .map(({ name, type }) => {
        const size = type.shape.reduce((a, b) => a * b, 1);
        const draw =
          name === 'weight'
            ? (i: number) => (i === batch - 1 && batch > 1 ? 0 : 1)
            : type.dtype === 'i32'
              ? (i: number) => (i * 5 + 2) % classes
              : (i: number) => Math.sin(3 * i + 1);
        return [name, Float64Array.from({ length: size }, (_, i) => draw(i))];
      }),
  );
}

/** Initial parameters, enlarged for `spread` > 1: at 0.02 a small GPT's gradients are too small to compare well. */
function parametersFor(spec: ModelSpec, program: StepProgram, spread: number): Record<string, Float64Array> {
  const views = parameterViews(program.layout, initialParameters(spec, 7));
  return Object.fromEntries(
    Object.entries(views).map(([name, view]) => [name, Float64Array.from(view, (value) => value * spread)]),
  );
}

const classesOf = (spec: ModelSpec): number => modelOf(spec).classes;

describe.each(Object.entries(specs))('%s', (_, spec) => {
  const program = buildStepProgram(spec, 3);
  const data = dataFor(program, classesOf(spec));

  it('has gradients that equal finite differences of its loss', () => {
    // An RMS norm bends most near 0, and with it what a finite difference is off by.
    const spread = { gpt: 15, llama: 25 }[spec.type as string] ?? 1;
    const feeds = { ...parametersFor(spec, program, spread), ...data };
    const forward = { ...program.train, outputs: program.train.outputs.slice(0, 1) };
    expect(worstError(checkGradients(forward, 'loss', feeds))).toBeLessThan(1e-5);
  });

  it('evaluates to the loss that it trains on, unless it trains on statistics of the batch', () => {
    const feeds = { ...parametersFor(spec, program, 1), ...data };
    const [trained, evaluated] = [program.train, program.evaluate].map((graph) => interpret(graph, feeds)['loss']);
    const learnsStatistics = program.layout.slots.some(({ update }) => update === 'statistic');
    expect(Object.is(trained?.[0], evaluated?.[0])).toBe(!learnsStatistics);
  });

  it('names parameters, data and outputs as a step program promises', () => {
    const parameters = program.layout.slots.map(({ name }) => name);
    const names = program.train.inputs.map(({ name }) => name);
    expect(names.slice(0, parameters.length)).toEqual(parameters);
    expect(names.at(-1)).toBe('weight');
    expect(program.train.outputs.map(({ name }) => name)).toEqual([
      'loss',
      ...parameters.map((name) => `gradient/${name}`),
    ]);
    expect(program.evaluate.outputs.map(({ name }) => name)).toEqual(['loss', 'correct', 'predictions']);
    expect(program.infer.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect(program.infer.inputs.map(({ name }) => name)).toEqual(names.slice(0, -2));
    expect(parameterLayout(spec)).toEqual(program.layout);
    expect(costOf(program.train).parameters).toBe(program.layout.size);
  });

  it('gives a padded sample no loss, no gradient and no prediction', () => {
    const feeds = { ...parametersFor(spec, program, 1), ...data };
    const input = 'vocab' in spec ? 'tokens' : 'x';
    const perSample = (data[input]?.length ?? 0) / 3;
    const other = { ...feeds, [input]: data[input]?.with(2 * perSample, 'vocab' in spec ? 0 : 9) ?? [] };
    expect(interpret(program.train, other)).toEqual(interpret(program.train, feeds));
    expect(interpret(program.evaluate, feeds)['predictions']?.[0]).toBe('vocab' in spec ? 2 * spec.block : 2);
  });

  it('learns: steps down the gradient lower the loss', () => {
    const parameters = parametersFor(spec, program, 1);
    const lossOf = (): number => interpret(program.evaluate, { ...parameters, ...data })['loss']?.[0] ?? Number.NaN;
    const before = lossOf();
    for (let step = 0; step < 15; step++) descend(program, parameters, data, 0.1);
    expect(lossOf()).toBeLessThan(before);
  });
});

function descend({ train }: StepProgram, parameters: Record<string, Float64Array>, data: Tensors, rate: number): void {
  const outputs = interpret(train, { ...parameters, ...data });
  for (const [name, values] of Object.entries(parameters)) {
    parameters[name] = values.map((value, i) => value - rate * (outputs[`gradient/${name}`]?.[i] ?? 0));
  }
}

describe('a language model', () => {
  it('cannot see later tokens', () => {
    const spec = { type: 'gpt', vocab: 7, layers: 2, heads: 2, width: 6, block: 5, tied: false } as const;
    const program = buildStepProgram(spec, 1);
    const parameters = parametersFor(spec, program, 10);
    const logits = (tokens: number[]) =>
      interpret(program.infer, { ...parameters, tokens })['logits'] ?? new Float64Array();
    const [one, other] = [logits([1, 2, 3, 4, 5]), logits([1, 2, 3, 6, 0])];
    expect(other.subarray(0, 3 * 7)).toEqual(one.subarray(0, 3 * 7));
    expect(other.subarray(3 * 7, 4 * 7)).not.toEqual(one.subarray(3 * 7, 4 * 7));
  });

  it("has GPT-2 small's number of parameters", () => {
    const layout = parameterLayout({
      type: 'gpt',
      vocab: 50_257,
      layers: 12,
      heads: 12,
      width: 768,
      block: 1024,
      tied: true,
    });
    expect(layout.size).toBe(124_439_808);
  });

  it('starts near the entropy of guessing', () => {
    const spec = { type: 'gpt', vocab: 65, layers: 1, heads: 2, width: 16, block: 4, tied: false } as const;
    const program = buildStepProgram(spec, 2);
    const loss =
      interpret(program.evaluate, { ...parametersFor(spec, program, 1), ...dataFor(program, 65), weight: [1, 1] })[
        'loss'
      ]?.[0] ?? 0;
    expect(loss / 2).toBeCloseTo(Math.log(65), 1);
  });
});

const dropping: Readonly<Record<string, ModelSpec>> = {
  mlp: { type: 'mlp', inputs: 5, hidden: [9, 6], outputs: 3, activation: 'gelu', dropout: 0.3 },
  convnet: { ...(specs['convnet'] as Extract<ModelSpec, { type: 'convnet' }>), hidden: [7], dropout: 0.3 },
  gpt: { type: 'gpt', vocab: 7, layers: 2, heads: 2, width: 12, block: 5, tied: true, dropout: 0.2 },
};

describe.each(Object.entries(dropping))('%s with dropout', (_, spec) => {
  const program = buildStepProgram(spec, 3);
  const feeds = {
    ...parametersFor(spec, program, spec.type === 'gpt' ? 5 : 1),
    ...dataFor(program, classesOf(spec)),
  };
  const lossOf = (seed: readonly number[]): number =>
    interpret(program.train, { ...feeds, seed: Float64Array.from(seed) })['loss']?.[0] ?? Number.NaN;

  it('has gradients that equal finite differences of its loss', () => {
    const forward = { ...program.train, outputs: program.train.outputs.slice(0, 1) };
    const fixed = { ...feeds, seed: Float64Array.of(3, 4) };
    expect(worstError(checkGradients(forward, 'loss', fixed))).toBeLessThan(1e-5);
  });

  it('drops by the seed, in training alone', () => {
    expect(lossOf([1, 2])).toBe(lossOf([1, 2]));
    expect(lossOf([1, 2])).not.toBe(lossOf([1, 3]));
    const { evaluate, infer } = program;
    expect([...evaluate.nodes, ...infer.nodes].filter(({ op }) => op === 'dropout')).toEqual([]);
    expect([...evaluate.inputs, ...infer.inputs].filter(({ name }) => name === 'seed')).toEqual([]);
  });

  it('drops elsewhere at each place', () => {
    const places = program.train.nodes
      .filter(({ op }) => op === 'dropout')
      .map(({ attributes }) => attributes['stream']);
    const count = 'layers' in spec ? 1 + 2 * spec.layers : 'hidden' in spec ? spec.hidden.length : 0;
    expect(new Set(places).size).toBe(count);
    expect(places.length).toBe(2 * count);
  });
});

describe('a layout', () => {
  it('cuts the flat vector into buckets that cover it once', () => {
    const layout = parameterLayout({ type: 'mlp', inputs: 9, hidden: [8], outputs: 3, activation: 'relu' }, 32);
    const ranges = Array.from({ length: bucketCount(layout) }, (_, bucket) => bucketRange(layout, bucket));
    expect(layout.size).toBe(9 * 8 + 8 + 8 * 3 + 3);
    expect(ranges.map(({ start }) => start)).toEqual([0, 32, 64, 96]);
    expect(ranges.at(-1)).toEqual({ start: 96, end: 107 });
  });

  it('decays matrices only', () => {
    const { slots } = parameterLayout({ type: 'mlp', inputs: 2, hidden: [], outputs: 2, activation: 'relu' });
    expect(slots.map(({ name, decay }) => [name, decay])).toEqual([
      ['layers.0.weight', true],
      ['layers.0.bias', false],
    ]);
  });
});
