/**
 * What hostile strangers cost a run: rounds a second and processor time a round of one run under way, while nobody disturbs
 * it and while somebody does, in turns.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jobText } from '../end-to-end/job.ts';
import { processTreeSeconds } from '../harness/process-tree.ts';
import type { Cell, SuiteResult, Table } from '../harness/report.ts';
import { summaryOf } from '../harness/rounds.ts';
import type { Summary } from '../harness/rounds.ts';
import { ServedRun } from '../harness/served-run.ts';
import { attacks } from '../hostile/attacks.ts';
import type { AttackName, AttackPlace } from '../hostile/attacks.ts';
import type { Suite, SuiteOptions } from '../suite.ts';

/** One, on one thread, so that two cores are enough for it and for whoever attacks. */
const WORKERS = { workers: 1, threads: 1 };
const names = Object.keys(attacks) as AttackName[];

/** A stretch of the run. */
interface Window {
  readonly roundsPerSecond: number;
  /** Of the run's own processes; null where the system does not tell. */
  readonly cpuSecondsPerRound: number | null;
}

interface AttackFigures {
  readonly name: AttackName;
  /** Rounds a second ÷ those of the undisturbed windows before and after. */
  readonly ratio: Summary;
  readonly cpuRatio: Summary | null;
  readonly windows: readonly (Window & { readonly cameTo: string })[];
}

/** The `data` of `hostile.json`. */
interface HostileData {
  readonly repetitions: number;
  readonly windowSeconds: number;
  readonly load: readonly number[];
  readonly undisturbed: readonly Window[];
  readonly attacks: readonly AttackFigures[];
}

/** Rounds whose commits lie within a window: between the first and the last of them. */
export function rateOf(commits: readonly number[], from: number, to: number): { rounds: number; perSecond: number } {
  const within = commits.filter((at) => at >= from && at <= to);
  const [first, last] = [within[0], within.at(-1)];
  if (first === undefined || last === undefined || last === first)
    throw new Error(
      `${within.length} rounds in a window of ${to - from} ms are too few. Ask for longer ones with --set seconds=N.`,
    );
  return { rounds: within.length - 1, perSecond: ((within.length - 1) * 1000) / (last - first) };
}

async function observe(run: ServedRun, seconds: number): Promise<Window> {
  const [from, cpuBefore] = [Date.now(), processTreeSeconds(run.pid)];
  await delay(seconds * 1000);
  const cpuAfter = processTreeSeconds(run.pid);
  const { rounds, perSecond } = rateOf(run.commits, from, Date.now());
  return {
    roundsPerSecond: perSecond,
    cpuSecondsPerRound: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / rounds,
  };
}

/** A window under attack against the mean of its neighbours. */
const against = (window: Window, before: Window, after: Window, of: keyof Window): number =>
  (2 * (window[of] ?? Number.NaN)) / ((before[of] ?? Number.NaN) + (after[of] ?? Number.NaN));

async function measure(
  place: AttackPlace,
  { repetitions, seconds }: { repetitions: number; seconds: number },
  log: SuiteOptions['log'],
): Promise<Pick<HostileData, 'undisturbed' | 'attacks'>> {
  const { run } = place;
  await observe(run, seconds);
  const undisturbed = [await observe(run, seconds)];
  const figures = new Map(
    names.map((name) => [
      name,
      { ratios: [] as number[], cpu: [] as number[], windows: [] as AttackFigures['windows'][number][] },
    ]),
  );
  for (let repetition = 1; repetition <= repetitions; repetition++)
    for (const name of names) {
      const attack = await attacks[name](place);
      const window = await observe(run, seconds);
      const cameTo = await attack.stop();
      const before = undisturbed.at(-1);
      const after = await observe(run, seconds);
      undisturbed.push(after);
      const { ratios, cpu, windows } = figures.get(name)!;
      ratios.push(against(window, before, after, 'roundsPerSecond'));
      cpu.push(against(window, before, after, 'cpuSecondsPerRound'));
      windows.push({ ...window, cameTo });
      log(`${repetition} of ${repetitions}: ${name}, ${ratios.at(-1)?.toFixed(2)} of the undisturbed rate; ${cameTo}`);
    }
  return {
    undisturbed,
    attacks: [...figures].map(([name, { ratios, cpu, windows }]) => ({
      name,
      ratio: summaryOf(ratios),
      cpuRatio: cpu.some(Number.isNaN) ? null : summaryOf(cpu),
      windows,
    })),
  };
}

function tableOf({ repetitions, windowSeconds, load, undisturbed, attacks: disturbed }: HostileData): Table {
  const rates = summaryOf(undisturbed.map(({ roundsPerSecond }) => roundsPerSecond));
  const row = (name: string, windows: readonly Window[], rest: Cell[]): Cell[] => [
    name,
    summaryOf(windows.map(({ roundsPerSecond }) => roundsPerSecond)).median,
    ...rest,
  ];
  return {
    title: `a run of one worker with one thread under hostile use, mlp 784-256-128-10 on MNIST`,
    columns: ['what', 'rounds/s', '÷ undisturbed', 'q1', 'q3', 'CPU a round ÷ undisturbed', 'the last one'],
    rows: [
      row('undisturbed', undisturbed, [1, rates.spread[0] / rates.median, rates.spread[1] / rates.median, 1, '']),
      ...disturbed.map(({ name, ratio, cpuRatio, windows }) =>
        row(name, windows, [
          ratio.median,
          ...ratio.spread,
          cpuRatio?.median ?? 'unknown',
          windows.at(-1)?.cameTo ?? '',
        ]),
      ),
    ],
    notes: [
      `one run, windows of ${windowSeconds} s: each attack ${repetitions} times, between undisturbed windows that it is compared with`,
      'attackers run on this machine too, beside the worker’s one thread; the processor time is of the run’s own processes',
      `load average before: ${load.map((value) => value.toFixed(1)).join(', ')}`,
    ],
  };
}

function positive(settings: SuiteOptions['settings'], name: string, otherwise: number): number {
  const value = Number(settings[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} must be an integer of at least 1. Write it as --set ${name}=${otherwise}.`);
  return value;
}

async function run({ quick, log, settings }: SuiteOptions): Promise<SuiteResult> {
  const repetitions = positive(settings, 'repetitions', quick ? 1 : 5);
  const seconds = positive(settings, 'seconds', quick ? 5 : 12);
  const directory = mkdtempSync(join(tmpdir(), 'murmuration-bench-'));
  const file = join(directory, 'job.yaml');
  writeFileSync(file, jobText({ rounds: 1_000_000, ...WORKERS, audits: true, payment: 'none' }));
  const load = loadavg();
  const measured = await (async () => {
    await using served = await ServedRun.start(file, directory);
    return await measure({ run: served, directory }, { repetitions, seconds }, log);
  })();
  rmSync(directory, { recursive: true, force: true });
  const data: HostileData = { repetitions, windowSeconds: seconds, load, ...measured };
  return { suite: 'hostile', tables: [tableOf(data)], data };
}

export const hostile: Suite = run;
