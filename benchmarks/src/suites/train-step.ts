/**
 * One training step (forward, backward, accumulation) of an MLP, a GPT and a convnet on each backend, beside the peers
 * that can do it, taking turns.
 */
import { buildStepProgram, costOf } from '@murmuration/kernels/graph';
import { ratioOf } from '../harness/rounds.ts';
import type { SuiteResult, Table } from '../harness/report.ts';
import { isOurs, selectContenders } from '../peers/contenders.ts';
import type { ContenderName } from '../peers/contenders.ts';
import type { Suite, SuiteOptions } from '../suite.ts';
import { Field } from '../work/field.ts';
import type { Comparison, Figures } from '../work/field.ts';
import { fieldOptions } from '../work/field-options.ts';
import type { StepWork } from '../work/work.ts';

/** The steps of DESIGN's tables, and a small image classifier. */
export const steps: readonly StepWork[] = [
  {
    kind: 'step',
    name: 'mlp 784-512-512-10, batch 128',
    model: { type: 'mlp', inputs: 784, hidden: [512, 512], outputs: 10, activation: 'relu' },
    batch: 128,
    classes: 10,
  },
  {
    kind: 'step',
    name: 'gpt 4 layers, 4 heads, 128 wide, block 64, batch 12',
    model: { type: 'gpt', vocab: 65, layers: 4, heads: 4, width: 128, block: 64, tied: false },
    batch: 12,
    classes: 65,
  },
  {
    kind: 'step',
    name: 'convnet 16 and 32 channels of 5 × 5, batch 64',
    model: {
      type: 'convnet',
      input: [1, 28, 28],
      channels: [16, 32],
      kernel: 5,
      hidden: [64],
      outputs: 10,
      activation: 'relu',
    },
    batch: 64,
    classes: 10,
  },
];

/** A contender's times with what they mean for this workload. */
interface StepFigures extends Figures {
  readonly samplesPerSecond: number;
  readonly gflops: number;
}

interface ModelFigures extends Omit<Comparison, 'contenders'> {
  readonly batch: number;
  readonly flopsPerStep: number;
  readonly contenders: readonly StepFigures[];
}

/** The `data` of `train-step-….json`. */
export interface TrainStepData {
  readonly threads: number;
  readonly adapter: string | null;
  readonly models: readonly ModelFigures[];
  /** The fastest backend of Murmuration by workload name. */
  readonly fastest: Readonly<Record<string, string>>;
}

async function measureStep(field: Field, work: StepWork): Promise<ModelFigures> {
  const { flops } = costOf(buildStepProgram(work.model, work.batch).train);
  const comparison = await field.compare(work);
  return {
    ...comparison,
    batch: work.batch,
    flopsPerStep: flops,
    contenders: comparison.contenders.map((figures) => ({
      ...figures,
      samplesPerSecond: (work.batch / figures.median) * 1000,
      gflops: flops / figures.median / 1e6,
    })),
  };
}

function tableOf({ name, contenders, absent, ceilings }: ModelFigures): Table {
  return {
    title: name,
    columns: ['what', 'version', 'n', 'median ms', 'q1', 'q3', 'samples/s', 'GFLOP/s', 'first ms'],
    rows: contenders.map((c) => [
      c.name,
      c.version,
      c.n,
      c.median,
      c.spread[0],
      c.spread[1],
      c.samplesPerSecond,
      c.gflops,
      c.firstMillis,
    ]),
    notes: [
      'FLOPs are those of our graph; the first step compiles',
      ...(ceilings.flops === undefined
        ? []
        : [`the adapter’s multiply-adds: ${(ceilings.flops / 1e6).toFixed(0)} GFLOP/s`]),
      ...absent.map((absence) => `without ${absence.name}: ${absence.reason}`),
    ],
  };
}

/** What is promised about speed, as ratios of times: below 1 the first is the faster. */
const comparisons: readonly (readonly [ContenderName, ContenderName])[] = [
  ['murmuration onnx', 'PyTorch'],
  ['murmuration webgpu', 'PyTorch'],
  ['murmuration webgpu', 'tfjs-webgpu'],
  ['murmuration webgpu', 'jax-js webgpu'],
  ['murmuration webgpu', 'jax-js wasm'],
  ['murmuration webgpu', 'onnxruntime webgpu'],
  ['murmuration webgpu exact', 'murmuration webgpu'],
  ['murmuration exact', 'murmuration onnx'],
];

function ratioTable(models: readonly ModelFigures[]): Table {
  const rows = models.flatMap(({ name, contenders }) =>
    comparisons.flatMap(([a, b]) => {
      const [first, second] = [a, b].map((each) => contenders.find((contender) => contender.name === each));
      if (first === undefined || second === undefined) return [];
      const { median, spread, n } = ratioOf(first, second);
      return [[name.split(' ')[0] ?? name, a, b, median, spread[0], spread[1], n]];
    }),
  );
  return { title: 'time ÷ time, round by round', columns: ['step', 'of', 'to', 'median', 'q1', 'q3', 'rounds'], rows };
}

function fastestOf({ contenders }: ModelFigures): string {
  const ours = contenders.filter(({ name }) => isOurs(name));
  return (
    ours.reduce<StepFigures | undefined>((best, each) => (best && best.median <= each.median ? best : each), undefined)
      ?.name ?? 'none'
  );
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const fieldSettings = fieldOptions(options, 60);
  const field = new Field(selectContenders(options.settings['only']), fieldSettings);
  try {
    await field.openCeilings();
    const models: ModelFigures[] = [];
    for (const step of steps) models.push(await measureStep(field, step));
    const data: TrainStepData = {
      threads: fieldSettings.threads,
      adapter: field.adapter ?? null,
      models,
      fastest: Object.fromEntries(models.map((figures) => [figures.name, fastestOf(figures)])),
    };
    return { suite: 'train-step', adapter: data.adapter, tables: [...models.map(tableOf), ratioTable(models)], data };
  } finally {
    await field.close();
  }
}

export const trainStep: Suite = run;
