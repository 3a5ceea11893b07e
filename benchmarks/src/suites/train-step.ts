/**
 * One training step (forward, backward, accumulation) of the reference MLP and GPT on every backend that this machine
 * has, beside PyTorch (where installed) and jax-js, taking turns.
 */
import { availableParallelism } from 'node:os';
import { openOnnxBackend, selectBackend } from '@murmuration/kernels/backend';
import type { Backend } from '@murmuration/kernels/backend';
import { buildStepProgram, costOf, initialParameters } from '@murmuration/kernels/graph';
import type { ModelSpec, StepProgram } from '@murmuration/kernels/graph';
import { measureInterleaved } from '../harness/measure.ts';
import type { Contender, Sample } from '../harness/measure.ts';
import type { SuiteResult, Table } from '../harness/report.ts';
import { jaxJsStep } from '../peers/jax-js.ts';
import { hasPython, pyTorchStep } from '../peers/pytorch.ts';
import type { Suite, SuiteOptions } from '../suite.ts';
import { randomBatch } from './random-batch.ts';

interface Workload {
  readonly name: string;
  readonly model: ModelSpec;
  readonly batch: number;
  readonly classes: number;
}

const workloads: readonly Workload[] = [
  {
    name: 'mlp 784-512-512-10, batch 128',
    model: { type: 'mlp', inputs: 784, hidden: [512, 512], outputs: 10, activation: 'relu' },
    batch: 128,
    classes: 10,
  },
  {
    name: 'gpt 4 layers, 4 heads, 128 wide, block 64, batch 12',
    model: { type: 'gpt', vocab: 65, layers: 4, heads: 4, width: 128, block: 64, tied: false },
    batch: 12,
    classes: 65,
  },
];

/** A contender's times with what they mean for this workload. */
interface StepFigures extends Sample {
  readonly samplesPerSecond: number;
  readonly gflops: number;
}

interface ModelFigures {
  readonly name: string;
  readonly batch: number;
  readonly flopsPerStep: number;
  readonly contenders: readonly StepFigures[];
}

/** The `data` of `train-step.json`. */
export interface TrainStepData {
  readonly threads: number;
  readonly models: readonly ModelFigures[];
  /** The fastest backend of Murmuration by workload name. */
  readonly fastest: Readonly<Record<string, string>>;
}

const OURS = 'murmuration ';

async function ourStep(backend: Backend, program: StepProgram, { model, classes }: Workload): Promise<Contender> {
  const executable = await backend.compile(program);
  await executable.load(initialParameters(model, 1));
  const batch = randomBatch(program, classes);
  return {
    name: `${OURS}${backend.name} (${backend.adapter.name})`,
    run: async () => {
      await executable.accumulate(batch);
    },
    close: async () => {
      await executable.close();
      await backend.close();
    },
  };
}

async function contendersOf(
  workload: Workload,
  program: StepProgram,
  threads: number,
  { log, settings }: SuiteOptions,
): Promise<Contender[]> {
  const contenders = [await ourStep(await openOnnxBackend({ threads }), program, workload)];
  try {
    const backend = await selectBackend({ requested: 'webgpu', threads });
    contenders.push(await ourStep(backend, program, workload));
  } catch (error) {
    log(`without webgpu: ${error instanceof Error ? error.message : String(error)}`);
  }
  const python = settings['python'] ?? 'python3';
  if (hasPython(python, 'torch')) contenders.push(await pyTorchStep(python, workload.model, workload.batch, threads));
  else log(`without PyTorch: ${python} can't import torch. Install it, or name another with --set python=PATH.`);
  if (workload.model.type === 'mlp') contenders.push(await jaxJsStep(workload.model, workload.batch));
  return contenders;
}

async function measureWorkload(workload: Workload, threads: number, options: SuiteOptions): Promise<ModelFigures> {
  options.log(`${workload.name}: compiling`);
  const program = buildStepProgram(workload.model, workload.batch);
  const { flops } = costOf(program.train);
  const contenders = await contendersOf(workload, program, threads, options);
  options.log(`${workload.name}: measuring ${contenders.map(({ name }) => name).join(', ')}`);
  const samples = await measureInterleaved(
    contenders,
    options.quick ? { warmUp: 2, runs: 5 } : { warmUp: 10, runs: 60 },
  );
  return {
    name: workload.name,
    batch: workload.batch,
    flopsPerStep: flops,
    contenders: samples.map((sample) => ({
      ...sample,
      samplesPerSecond: (workload.batch / sample.median) * 1000,
      gflops: flops / sample.median / 1e6,
    })),
  };
}

function tableOf({ name, contenders }: ModelFigures): Table {
  const reference = contenders.find((contender) => !contender.name.startsWith(OURS)) ?? contenders[0];
  return {
    title: name,
    columns: ['what', 'median ms', 'q1', 'q3', 'samples/s', 'GFLOP/s', `time ÷ ${reference?.name}`],
    rows: contenders.map((c) => [
      c.name,
      c.median,
      c.spread[0],
      c.spread[1],
      c.samplesPerSecond,
      c.gflops,
      c.median / (reference?.median ?? Number.NaN),
    ]),
    notes: [
      `${contenders[0]?.n} runs each, taking turns, after ${contenders[0]?.warmUp} to warm up; FLOPs are those of our graph`,
    ],
  };
}

function fastestOf(figures: ModelFigures): string {
  const ours = figures.contenders.filter(({ name }) => name.startsWith(OURS));
  return ours.reduce((best, contender) => (contender.median < best.median ? contender : best)).name;
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const threads = Number(options.settings['threads'] ?? availableParallelism());
  const models: ModelFigures[] = [];
  for (const workload of workloads) models.push(await measureWorkload(workload, threads, options));
  const data: TrainStepData = {
    threads,
    models,
    fastest: Object.fromEntries(models.map((figures) => [figures.name, fastestOf(figures)])),
  };
  return { suite: 'train-step', tables: models.map(tableOf), data };
}

export const trainStep: Suite = {
  name: 'train-step',
  summary:
    'one training step of an MLP and a GPT on each backend, beside PyTorch and jax-js (--set python=PATH, threads=N)',
  run,
};
