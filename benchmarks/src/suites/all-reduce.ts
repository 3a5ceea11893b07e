/**
 * The product's all-reduce between processes on loopback, beside a plain ring over TCP and (where a Python has
 * torch.distributed) gloo, taking turns. The ring says what the wire and the summation allow; the ratio to it is the
 * price of encryption, commitments, proofs, signatures and exact sums.
 */
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startGroup } from '../all-reduce/group.ts';
import type { Group, GroupOptions } from '../all-reduce/group.ts';
import { measureInterleaved, summarise } from '../harness/measure.ts';
import type { MeasureOptions, Sample } from '../harness/measure.ts';
import type { SuiteResult, Table } from '../harness/report.ts';
import { hasPython } from '../harness/python.ts';
import type { Suite, SuiteOptions } from '../suite.ts';

const MIB = 2 ** 20;
const FLOAT_BYTES = 4;

interface Case {
  readonly ranks: number;
  readonly bytes: number;
}

/** One contender's reductions of a case. */
export interface ReductionFigures extends Sample {
  /** Bytes of the vector ÷ time, 10⁹ bytes a second. */
  readonly gigabytesPerSecond: number;
  /** Median processor milliseconds of all ranks together. */
  readonly cpuMs: number;
  /** Time ÷ time of the ring over TCP. */
  readonly ratioToRing: number;
}

interface CaseFigures extends Case {
  readonly contenders: readonly ReductionFigures[];
}

/** The `data` of `all-reduce.json`. */
export interface AllReduceData {
  readonly load: readonly number[];
  readonly cases: readonly CaseFigures[];
}

type Program = Pick<GroupOptions, 'command' | 'parameters' | 'environment'>;

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const nodeProgram = (path: string, ...parameters: string[]): Program => ({
  command: process.execPath,
  parameters: ['--disable-warning=ExperimentalWarning', fileOf(path), ...parameters],
});

function programs({ settings, log }: SuiteOptions): Program[] {
  const python = settings['python'] ?? 'python3';
  const ours = [
    nodeProgram('../all-reduce/murmuration-rank.ts'),
    nodeProgram('../peers/tcp-ring-rank.ts'),
    nodeProgram('../all-reduce/murmuration-rank.ts', 'exact'),
  ];
  if (hasPython(python, 'torch.distributed')) {
    return [
      ...ours,
      {
        command: python,
        parameters: [fileOf('../peers/gloo.py')],
        environment: { GLOO_SOCKET_IFNAME: settings['interface'] ?? 'lo' },
      },
    ];
  }
  log(`without gloo: ${python} can't import torch.distributed. Name another with --set python=PATH.`);
  return ours;
}

/** Sets a contender's times beside the ring's. */
export function figuresOf(sample: Sample, cpuMs: readonly number[], ring: Sample, bytes: number): ReductionFigures {
  return {
    ...sample,
    gigabytesPerSecond: bytes / sample.median / 1e6,
    cpuMs: summarise('', cpuMs.slice(sample.warmUp), 0).median,
    ratioToRing: sample.median / ring.median,
  };
}

async function measureCase(
  { ranks, bytes }: Case,
  measure: MeasureOptions,
  options: SuiteOptions,
): Promise<CaseFigures> {
  const name = `${ranks} ranks, ${bytes / MIB} MiB`;
  options.log(`${name}: starting`);
  const groups: Group[] = [];
  try {
    for (const program of programs(options))
      groups.push(await startGroup({ ...program, ranks, elements: bytes / FLOAT_BYTES }));
    options.log(`${name}: measuring ${groups.map((group) => group.name).join(', ')}`);
    const samples = await measureInterleaved(
      groups.map(({ name, run }) => ({ name, run })),
      measure,
    );
    const [, ring] = samples;
    return {
      ranks,
      bytes,
      contenders: samples.map((sample, index) => figuresOf(sample, groups[index]?.cpuMs ?? [], ring!, bytes)),
    };
  } finally {
    for (const group of groups) await group.close();
  }
}

function tableOf({ ranks, bytes, contenders }: CaseFigures): Table {
  return {
    title: `${ranks} ranks, ${bytes / MIB} MiB of f32`,
    columns: ['what', 'median ms', 'q1', 'q3', 'GB/s', 'CPU ms, all ranks', 'time ÷ ring'],
    rows: contenders.map((c) => [
      c.name,
      c.median,
      c.spread[0],
      c.spread[1],
      c.gigabytesPerSecond,
      c.cpuMs,
      c.ratioToRing,
    ]),
    notes: [
      `${contenders[0]?.n} reductions each, taking turns, after ${contenders[0]?.warmUp} to warm up; each rank sends ${((((2 * (ranks - 1)) / ranks) * bytes) / MIB).toPrecision(3)} MiB`,
    ],
  };
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const sizes = options.quick ? [1, 25] : [1, 25, 100];
  const cases: CaseFigures[] = [];
  const load = loadavg();
  for (const ranks of [2, 3]) {
    for (const size of sizes) {
      const runs = size === 1 ? 60 : size === 25 ? 30 : 12;
      cases.push(
        await measureCase(
          { ranks, bytes: size * MIB },
          options.quick ? { warmUp: 2, runs: 5 } : { warmUp: 5, runs },
          options,
        ),
      );
    }
  }
  const data: AllReduceData = { load, cases };
  const [last, ...others] = cases.map(tableOf).toReversed();
  const notes = [
    ...(last?.notes ?? []),
    'GB/s is the vector’s bytes ÷ time. murmuration encrypts (TLS), hashes, proves, checks and takes the weighted mean, in exact numerics of 64-bit sums, which are twice the bytes on their way to an owner; the others sum',
    `load average before: ${load.map((value) => value.toFixed(1)).join(', ')}`,
  ];
  return { suite: 'all-reduce', tables: [...others.toReversed(), { ...last!, notes }], data };
}

export const allReduce: Suite = run;
