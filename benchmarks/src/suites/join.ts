/**
 * From a link to the first accepted micro-batch: a browser with empty caches joins a run that trains already. On
 * SwiftShader, a CPU that plays a GPU: with WebGPU, and with whatever the tab measures to be faster.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobText } from '../end-to-end/job.ts';
import { summaryOf } from '../harness/rounds.ts';
import type { Summary } from '../harness/rounds.ts';
import type { SuiteResult, Table } from '../harness/report.ts';
import { ServedRun } from '../harness/served-run.ts';
import { observeJoin } from '../join/observe-join.ts';
import type { JoinObservation, JoinTimes, TabBackend } from '../join/observe-join.ts';
import type { Suite, SuiteOptions } from '../suite.ts';

const backends = ['webgpu', 'auto'] as const satisfies readonly TabBackend[];
const stages = ['page', 'admitted', 'training', 'accepted'] as const satisfies readonly (keyof JoinTimes)[];

/** Seconds from the link to each stage, of one way to compute. */
interface JoinFigures {
  readonly backend: TabBackend;
  readonly device: string;
  readonly stages: Readonly<Record<keyof JoinTimes, Summary>>;
  readonly runs: readonly JoinTimes[];
}

/** The `data` of `join.json`. */
interface JoinData {
  readonly warmUp: number;
  readonly repetitions: number;
  readonly load: readonly number[];
  readonly figures: readonly JoinFigures[];
}

function figuresOf(backend: TabBackend, observed: readonly JoinObservation[]): JoinFigures {
  const runs = observed.map(({ times }) => times);
  const of = (stage: keyof JoinTimes): Summary => summaryOf(runs.map((times) => times[stage]));
  return {
    backend,
    device: observed[0]?.device ?? '',
    stages: { page: of('page'), admitted: of('admitted'), training: of('training'), accepted: of('accepted') },
    runs,
  };
}

/** Each way once untimed, then taking turns. */
async function measure(link: string, repetitions: number, log: SuiteOptions['log']): Promise<JoinFigures[]> {
  const observed = new Map<TabBackend, JoinObservation[]>(backends.map((backend) => [backend, []]));
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    for (const backend of backends) {
      const observation = await observeJoin(link, backend);
      log(`${repetition} of ${repetitions}: ${backend}, ${observation.times.accepted.toFixed(1)} s`);
      if (repetition > 0) observed.get(backend)?.push(observation);
    }
  }
  return backends.map((backend) => figuresOf(backend, observed.get(backend) ?? []));
}

const tableOf = ({ repetitions, load, figures }: JoinData): Table => ({
  title: 'seconds from opening the link, mlp 784-256-128-10 on MNIST, beside one Node worker',
  columns: ['computes with', 'button', 'admitted', 'takes part', 'first accepted', 'q1', 'q3'],
  rows: figures.map(({ backend, device, stages: of }) => [
    `${backend}: ${device}`,
    ...stages.map((stage) => of[stage].median),
    ...of.accepted.spread,
  ]),
  notes: [
    `medians of ${repetitions} joins after one untimed, each with a new browser and an empty profile; quartiles of the last stage`,
    'the data (55 MB) come from this machine; a network adds its own time',
    `load average before: ${load.map((value) => value.toFixed(1)).join(', ')}`,
  ],
});

async function run({ quick, log, settings }: SuiteOptions): Promise<SuiteResult> {
  const repetitions = Number(settings['repetitions'] ?? (quick ? 1 : 5));
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new Error('repetitions must be an integer of at least 1. Write it as --set repetitions=5.');
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-bench-'));
  const file = join(directory, 'job.yaml');
  // More rounds than anybody waits for: the run is ended when all have joined.
  writeFileSync(file, jobText({ rounds: 1_000_000, workers: 1, audits: true, payment: 'none' }));
  const load = loadavg();
  const figures = await (async () => {
    await using served = await ServedRun.start(file, directory);
    return await measure(served.link, repetitions, log);
  })();
  rmSync(directory, { recursive: true, force: true });
  const data: JoinData = { warmUp: 1, repetitions, load, figures };
  return { suite: 'join', tables: [tableOf(data)], data };
}

export const joinSuite: Suite = run;
