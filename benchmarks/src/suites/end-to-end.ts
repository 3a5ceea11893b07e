/**
 * `orchestrate run` on a small real job, as a user starts it: with one, two and three workers, without audits, and with
 * pay on a devnet, taking turns; beside them the same training in one process that talks to nobody.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { medianFigures, medianOf } from '../end-to-end/figures.ts';
import type { RunFigures } from '../end-to-end/figures.ts';
import { jobText } from '../end-to-end/job.ts';
import type { JobChoices } from '../end-to-end/job.ts';
import { observeRun, plannedBytes } from '../end-to-end/observe-run.ts';
import { singleProcess } from '../end-to-end/single-process.ts';
import type { SingleFigures } from '../end-to-end/single-process.ts';
import type { Cell, SuiteResult, Table } from '../harness/report.ts';
import type { Suite, SuiteOptions } from '../suite.ts';

/** Rounds of a run that are not measured: code gets compiled, connections open. */
const SKIPPED = 10;

type Configuration = Pick<JobChoices, 'workers' | 'audits' | 'payment'> & { readonly name: string };

const configurations = [
  { name: '1 worker', workers: 1, audits: true, payment: 'none' },
  { name: '2 workers', workers: 2, audits: true, payment: 'none' },
  { name: '3 workers', workers: 3, audits: true, payment: 'none' },
  { name: '3 workers, no audits', workers: 3, audits: false, payment: 'none' },
  { name: '3 workers, devnet', workers: 3, audits: true, payment: 'devnet' },
] as const satisfies readonly Configuration[];

type Name = (typeof configurations)[number]['name'];

interface ConfigurationFigures extends RunFigures {
  readonly name: Name;
  readonly workers: number;
  /** What each worker sends in a round, by the plan. */
  readonly bytesPerRoundAndWorker: number;
  /** Samples a second ÷ those of the single process. */
  readonly ratioToSingle: number;
  readonly runs: readonly RunFigures[];
}

/** How a round's time and processor time grow by something. */
interface Overhead {
  readonly of: string;
  readonly time: number;
  readonly cpu: number | null;
}

/** The `data` of `end-to-end.json`. */
export interface EndToEndData {
  readonly rounds: number;
  readonly repetitions: number;
  readonly threads: number;
  readonly load: readonly number[];
  readonly single: SingleFigures;
  readonly configurations: readonly ConfigurationFigures[];
  readonly overheads: readonly Overhead[];
}

/** What `more` costs over `less`, as ratios of medians. */
export function overheadOf(of: string, more: RunFigures, less: RunFigures): Overhead {
  const cpu =
    more.cpuSecondsPerRound === null || less.cpuSecondsPerRound === null
      ? null
      : more.cpuSecondsPerRound / less.cpuSecondsPerRound;
  return { of, time: less.roundsPerSecond / more.roundsPerSecond, cpu };
}

interface Plan {
  readonly rounds: number;
  readonly repetitions: number;
  readonly threads: number;
  /** A scratch directory with a job file a configuration. */
  readonly directory: string;
}

const fileOf = ({ directory }: Plan, { name }: Configuration): string =>
  join(directory, `${name.replaceAll(/[^0-9a-z]+/g, '-')}.yaml`);

async function measureSingle({ rounds, threads }: Plan): Promise<SingleFigures> {
  const single = await singleProcess(jobText({ ...configurations[0], rounds }), threads);
  await single.train(SKIPPED);
  const figures = await single.train(rounds - SKIPPED);
  await single.close();
  return figures;
}

/** All runs, taking turns. */
async function measureAll(
  plan: Plan,
  log: SuiteOptions['log'],
): Promise<{ single: SingleFigures; runs: Map<Name, RunFigures[]> }> {
  const runs = new Map<Name, RunFigures[]>(configurations.map(({ name }) => [name, []]));
  const singles: SingleFigures[] = [];
  for (let repetition = 1; repetition <= plan.repetitions; repetition++) {
    log(`${repetition} of ${plan.repetitions}: in one process`);
    singles.push(await measureSingle(plan));
    for (const configuration of configurations) {
      log(`${repetition} of ${plan.repetitions}: ${configuration.name}`);
      runs.get(configuration.name)?.push(
        await observeRun({
          file: fileOf(plan, configuration),
          directory: plan.directory,
          rounds: plan.rounds,
          skipped: SKIPPED,
        }),
      );
    }
  }
  const median = (of: (figures: SingleFigures) => number): number => medianOf(singles.map(of));
  const single = {
    roundsPerSecond: median((figures) => figures.roundsPerSecond),
    samplesPerSecond: median((figures) => figures.samplesPerSecond),
    cpuSecondsPerRound: median((figures) => figures.cpuSecondsPerRound),
  };
  return { single, runs };
}

async function measure(plan: Plan, log: SuiteOptions['log']): Promise<EndToEndData> {
  const load = loadavg();
  for (const configuration of configurations)
    writeFileSync(fileOf(plan, configuration), jobText({ ...configuration, rounds: plan.rounds }));
  const { single, runs } = await measureAll(plan, log);
  const figures: ConfigurationFigures[] = [];
  for (const configuration of configurations) {
    const { name, workers } = configuration;
    const median = medianFigures(runs.get(name) ?? []);
    const bytesPerRoundAndWorker = await plannedBytes(fileOf(plan, configuration), workers);
    figures.push({
      name,
      workers,
      ...median,
      bytesPerRoundAndWorker,
      ratioToSingle: median.samplesPerSecond / single.samplesPerSecond,
      runs: runs.get(name) ?? [],
    });
  }
  const of = (name: Name): RunFigures => figures.find((figure) => figure.name === name)!;
  const overheads = [
    overheadOf('audits', of('3 workers'), of('3 workers, no audits')),
    overheadOf('payment', of('3 workers, devnet'), of('3 workers')),
  ];
  const { rounds, repetitions, threads } = plan;
  return { rounds, repetitions, threads, load, single, configurations: figures, overheads };
}

const orNone = (value: number | null): Cell => value ?? 'unknown';

function tablesOf({ rounds, repetitions, threads, load, single, configurations, overheads }: EndToEndData): Table[] {
  return [
    {
      title: 'orchestrate run: mlp 784-256-128-10 on MNIST, 384 samples a round',
      columns: [
        'what',
        'rounds/s',
        'samples/s',
        '÷ one process',
        'CPU s a round',
        'kB sent a round and worker',
        'computing',
        's to round 1',
      ],
      rows: [
        [
          `one process, ${threads} threads`,
          single.roundsPerSecond,
          single.samplesPerSecond,
          1,
          single.cpuSecondsPerRound,
          0,
          '',
          '',
        ],
        ...configurations.map((c) => [
          c.name,
          c.roundsPerSecond,
          c.samplesPerSecond,
          c.ratioToSingle,
          orNone(c.cpuSecondsPerRound),
          c.bytesPerRoundAndWorker / 1000,
          `${(c.computeShare * 100).toFixed(0)} %`,
          c.secondsToFirstRound.toFixed(1),
        ]),
      ],
      notes: [
        `medians of ${repetitions} runs of ${rounds} rounds, taking turns, without the first ${SKIPPED} rounds`,
        'all workers share this machine, so more workers add no processors; “computing” is the slowest member’s part of a round',
        `load average before: ${load.map((value) => value.toFixed(1)).join(', ')}`,
      ],
    },
    {
      title: 'what safety costs a round, at 3 workers (with ÷ without)',
      columns: ['of', 'time', 'CPU'],
      rows: overheads.map(({ of, time, cpu }) => [of, time, orNone(cpu)]),
    },
  ];
}

function positive(settings: SuiteOptions['settings'], name: string, otherwise: number, least: number): number {
  const value = Number(settings[name] ?? otherwise);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name} must be an integer of at least ${least}. Write it as --set ${name}=${otherwise}.`);
  return value;
}

async function run({ quick, log, settings }: SuiteOptions): Promise<SuiteResult> {
  const rounds = positive(settings, 'rounds', quick ? 30 : 150, SKIPPED + 1);
  const repetitions = positive(settings, 'repetitions', quick ? 1 : 3, 1);
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-bench-'));
  const data = await measure({ rounds, repetitions, threads: availableParallelism(), directory }, log);
  // A run that fails leaves its directory: its error names logs in it.
  rmSync(directory, { recursive: true, force: true });
  return { suite: 'end-to-end', tables: tablesOf(data), data };
}

export const endToEnd: Suite = run;
