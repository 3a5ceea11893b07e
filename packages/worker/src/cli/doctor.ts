/** `doctor`: which backends this machine has, on what, and how fast each is on a small model. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { measureFigures } from '@murmuration/kernels/backend';
import type { AdapterInfo, BackendFigures, BackendName, Numerics, ProbeReport } from '@murmuration/kernels/backend';
import type { AdapterDescription } from '@murmuration/kernels/webgpu';
import { buildStepProgram } from '@murmuration/kernels/graph';
import type { Command } from 'commander';
import type { Device } from '../compute/device.ts';
import { openNodeDevice } from '../node/open-device.ts';
import { problemOf } from '../shell/report.ts';
import { VERSION } from '../shell/version.ts';
import { adapterSentences, examineAdapters } from './doctor-adapters.ts';
import { threadsOf } from './options.ts';

/** What is tried: each backend in the numerics that it has. */
const trials: readonly Trial[] = [
  { backend: 'webgpu', numerics: 'fast' },
  { backend: 'webgpu', numerics: 'exact' },
  { backend: 'onnx', numerics: 'fast' },
  { backend: 'exact', numerics: 'exact' },
];
const BATCH = 32;
const STEPS = 10;
const CLOSE_PATIENCE = 1000;

interface Trial {
  readonly backend: BackendName;
  readonly numerics: Numerics;
}

export interface BackendFinding extends Trial {
  /** Null when the backend cannot be opened here. */
  readonly adapter: AdapterInfo | null;
  /** Training steps of an MLP 784-128-10, 32 samples each. */
  readonly samplesPerSecond: number | null;
  /** A product's GFLOP/s and a sum's GB/s, and how they were measured. */
  readonly figures: BackendFigures | null;
  readonly problem: string | null;
}

export interface DoctorReport {
  readonly event: 'doctor.worker';
  readonly version: string;
  readonly node: string;
  readonly onnxruntime: string | null;
  readonly cores: number;
  readonly backends: readonly BackendFinding[];
  /** What WebGPU offers here. */
  readonly adapters: readonly AdapterDescription[];
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say which backends work here, and how fast')
    .option('--threads <n>', 'CPU threads that compute; all cores unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  $ murmuration-worker doctor --json')
    .action(async ({ json, threads }: { json?: boolean; threads?: string }) => {
      const report = await examine(threadsOf(threads));
      process.stdout.write(`${json === true ? JSON.stringify(report) : sentencesOf(report)}\n`);
      process.exitCode = report.backends.some(({ adapter }) => adapter !== null) ? 0 : 1;
    });
}

async function examine(threads: number): Promise<DoctorReport> {
  const findings: BackendFinding[] = [];
  for (const trial of trials) findings.push(await tryBackend(trial, threads));
  return {
    event: 'doctor.worker',
    version: VERSION,
    node: process.version,
    onnxruntime: onnxruntimeVersion(),
    cores: availableParallelism(),
    backends: findings,
    adapters: await examineAdapters(),
  };
}

async function tryBackend(trial: Trial, threads: number): Promise<BackendFinding> {
  let device: Device | null = null;
  try {
    const opened = await openNodeDevice({ ...trial, threads });
    device = opened;
    const samplesPerSecond = await measure(opened);
    const figures = await measureFigures((program) => opened.compile(program));
    return { ...trial, adapter: opened.description.adapter, samplesPerSecond, figures, problem: null };
  } catch (error) {
    return {
      ...trial,
      adapter: device?.description.adapter ?? null,
      samplesPerSecond: null,
      figures: null,
      problem: problemOf(error).message,
    };
  } finally {
    await device?.close(CLOSE_PATIENCE);
  }
}

async function measure(device: Device): Promise<number> {
  const program = buildStepProgram({ type: 'mlp', inputs: 784, hidden: [128], outputs: 10, activation: 'relu' }, BATCH);
  const executable = await device.compile(program);
  await executable.load(new Float32Array(program.layout.size));
  const batch = () => ({
    x: new Float32Array(BATCH * 784),
    y: new Int32Array(BATCH),
    weight: new Float32Array(BATCH).fill(1),
  });
  await executable.accumulate(batch());
  const start = performance.now();
  for (let step = 0; step < STEPS; step++) await executable.accumulate(batch());
  return Math.round((BATCH * STEPS * 1000) / (performance.now() - start));
}

function onnxruntimeVersion(): string | null {
  try {
    const require = createRequire(import.meta.url);
    return (require('onnxruntime-node/package.json') as { version: string }).version;
  } catch {
    return null;
  }
}

function sentencesOf({ version, node, onnxruntime, cores, backends: findings, adapters }: DoctorReport): string {
  const how = findings.find(({ figures }) => figures !== null)?.figures?.how;
  return [
    `worker ${version}, Node ${node}, onnxruntime ${onnxruntime ?? 'missing'}, ${cores} cores`,
    ...findings.map(lineOf),
    ...(how === undefined ? [] : [`measured ${how}; samples/s: steps of an MLP 784-128-10`]),
    ...adapters.flatMap(adapterSentences),
  ].join('\n');
}

function lineOf({ backend, numerics, adapter, samplesPerSecond, figures, problem }: BackendFinding): string {
  const parts = [
    ...(adapter === null ? [] : [`${adapter.name} (${adapter.kind}, ${adapter.class})`]),
    ...(adapter?.probe === undefined ? [] : [verdictOf(adapter.probe)]),
    ...(samplesPerSecond === null ? [] : [`${samplesPerSecond} samples/s`]),
    ...(figures === null ? [] : [speedOf(figures)]),
    ...(problem === null ? [] : [problem]),
  ];
  return `${backend.padEnd(8)} ${numerics.padEnd(6)} ${parts.join(', ')}`;
}

const speedOf = ({ gflops, gigabytesPerSecond }: BackendFigures): string =>
  `${gflops.toPrecision(3)} GFLOP/s, ${gigabytesPerSecond.toPrecision(3)} GB/s`;

function verdictOf({ verdict, values, wrong, counterexample }: ProbeReport): string {
  if (counterexample === undefined) return `probe: ${verdict} (${values} values)`;
  const { output, element, expected, actual } = counterexample;
  return `probe: ${verdict} (${wrong} of ${values} values wrong, first element ${element} of ${output}: ${actual} for ${expected})`;
}
