/**
 * Cold start: from the start of a process to the end of its first GPT step. Each figure is a fresh process in an empty
 * cache folder, then a second one in the folder that the first has filled: shader caches of drivers and tuning results alike.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summaryOf } from '../harness/rounds.ts';
import type { Summary } from '../harness/rounds.ts';
import type { SuiteResult, Table } from '../harness/report.ts';
import { openContender, selectContenders } from '../peers/contenders.ts';
import type { ContenderName } from '../peers/contenders.ts';
import type { Suite, SuiteOptions } from '../suite.ts';
import type { Absence, FieldOptions } from '../work/field.ts';
import { fieldOptions } from '../work/field-options.ts';
import type { StepWork } from '../work/work.ts';
import { steps } from './train-step.ts';

/** One process's start, in milliseconds. */
interface Start {
  readonly open: number;
  readonly prepare: number;
  readonly first: number;
  readonly later: number;
}

interface StartFigures {
  readonly name: ContenderName;
  readonly version: string;
  readonly adapter: string;
  readonly caches: 'empty' | 'filled';
  readonly starts: readonly Start[];
  /** open + prepare + first. */
  readonly total: Summary;
}

/** Where drivers and this product keep what they have compiled or tuned. */
function cacheEnvironment(folder: string): Record<string, string> {
  return {
    XDG_CACHE_HOME: folder,
    MESA_SHADER_CACHE_DIR: join(folder, 'mesa'),
    __GL_SHADER_DISK_CACHE_PATH: join(folder, 'nvidia'),
  };
}

interface Started {
  readonly version: string;
  readonly adapter: string;
  readonly start: Start;
}

async function startOnce(name: ContenderName, work: StepWork, options: FieldOptions, folder: string): Promise<Started> {
  const environment = { ...options.environment, ...cacheEnvironment(folder) };
  const process = openContender(name, { ...options, environment });
  try {
    const { prepareMillis, firstMillis, millis } = await process.prepare(work, 0);
    const { version, adapter, openMillis } = process;
    const start: Start = {
      open: openMillis,
      prepare: prepareMillis,
      first: firstMillis,
      later: millis,
    };
    return { version, adapter, start };
  } finally {
    await process.close();
  }
}

async function measureStarts(
  name: ContenderName,
  work: StepWork,
  options: FieldOptions,
  repetitions: number,
): Promise<StartFigures[]> {
  const pairs: { readonly cold: Started; readonly warm: Started }[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const folder = mkdtempSync(join(tmpdir(), 'murmuration-cold-'));
    try {
      const cold = await startOnce(name, work, options, folder);
      pairs.push({ cold, warm: await startOnce(name, work, options, folder) });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return (['empty', 'filled'] as const).map((caches) => {
    const runs = pairs.map(({ cold, warm }) => (caches === 'empty' ? cold : warm));
    const starts = runs.map(({ start }) => start);
    const { version = '', adapter = '' } = runs[0] ?? {};
    return {
      name,
      version,
      adapter,
      caches,
      starts,
      total: summaryOf(starts.map((s) => s.open + s.prepare + s.first)),
    };
  });
}

const medianOf = (starts: readonly Start[], part: 'open' | 'prepare' | 'first' | 'later'): number =>
  summaryOf(starts.map((start) => start[part])).median / 1000;

/** Pipelines that our WebGPU backend compiles for the step; null where there is no adapter. */
async function countPipelines({ model, batch }: StepWork, options: FieldOptions): Promise<number | null> {
  const process = openContender('murmuration webgpu', options);
  try {
    return (await process.prepare({ kind: 'pipelines', model, batch }, 0)).amount ?? null;
  } catch {
    return null;
  } finally {
    await process.close();
  }
}

function tableOf(
  work: StepWork,
  pipelines: number | null,
  figures: readonly StartFigures[],
  absent: readonly Absence[],
): Table {
  return {
    title: `from process start to the end of the first step: ${work.name}`,
    columns: ['what', 'version', 'caches', 'n', 'total s', 'q1', 'q3', 'open s', 'compile s', 'first s', 'later s'],
    rows: figures.map(({ name, version, caches, starts, total }) => [
      name,
      version,
      caches,
      total.n,
      total.median / 1000,
      total.spread[0] / 1000,
      total.spread[1] / 1000,
      medianOf(starts, 'open'),
      medianOf(starts, 'prepare'),
      medianOf(starts, 'first'),
      medianOf(starts, 'later'),
    ]),
    notes: [
      ...(pipelines === null ? [] : [`murmuration webgpu compiles ${pipelines} pipelines`]),
      ...absent.map(({ name, reason }) => `without ${name}: ${reason}`),
    ],
  };
}

async function run(options: SuiteOptions): Promise<SuiteResult> {
  const fieldSettings = fieldOptions(options, 0);
  const work = steps.find(({ model }) => model.type === 'gpt')!;
  const repetitions = options.quick ? 1 : Number(options.settings['repetitions'] ?? 3);
  const figures: StartFigures[] = [];
  const absent: Absence[] = [];
  for (const name of selectContenders(options.settings['only'])) {
    try {
      figures.push(...(await measureStarts(name, work, fieldSettings, repetitions)));
      const [cold, warm] = figures.slice(-2).map(({ total }) => (total.median / 1000).toFixed(1));
      options.log(`${name}: ${cold} s with empty caches, ${warm} s with filled ones`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      absent.push({ name, reason });
      options.log(`without ${name}: ${reason}`);
    }
  }
  const adapter = figures.find(({ name }) => name === 'murmuration webgpu')?.adapter ?? null;
  const pipelines = await countPipelines(work, fieldSettings);
  const tables = [tableOf(work, pipelines, figures, absent)];
  return { suite: 'compile', adapter, tables, data: { adapter, work, pipelines, figures, absent } };
}

export const compile: Suite = run;
