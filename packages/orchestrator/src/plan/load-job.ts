/** From the path of a job file to everything that it means: spec, data, resolved job. Problems come with their place. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parameterLayout, withAdapters } from '@murmuration/kernels/graph';
import { MurmurationError } from '@murmuration/protocol';
import { dataFactsOf, openDatasets } from '@murmuration/protocol/data';
import type { JobDatasets } from '@murmuration/protocol/data';
import { JobResolutionError, JobSpecError, parseJob, resolveJob } from '@murmuration/protocol/job';
import type { DataSource, JobIssue, JobSpec, PlacedJob, ResolvedJob } from '@murmuration/protocol/job';
import { JobFileError } from './errors.ts';
import { openOnnxFile, type OnnxSource } from './onnx-file.ts';
import { openWeights, WEIGHTS_FAULTS } from './weights-file.ts';

/** A job that can be run. */
export interface LoadedJob {
  /** Absolute path; relative paths in the job are meant from its directory. */
  readonly file: string;
  readonly directory: string;
  readonly text: string;
  readonly spec: JobSpec;
  readonly job: ResolvedJob;
  readonly datasets: JobDatasets;
  /** The flat parameters that the run starts from, `[layout.size] f32`; null where the seed decides them. */
  readonly start: Float32Array | null;
  /** The model's file, where the model comes from one. */
  readonly onnx: OnnxSource | null;
  /** A problem at the place of a field. */
  readonly issueAt: PlacedJob['issueAt'];
}

/** What the job file says. @throws JobFileError */
function readJobText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new JobFileError({
      file,
      why: missing ? 'there is no such file' : `it cannot be read (${(cause as Error).message})`,
      cause,
    });
  }
}

/** Every place in the job that names the file `location`. */
function fieldsNaming(source: DataSource, part: 'train' | 'eval', location: string): (string | number)[][] {
  if (source.type === 'idx')
    return (['images', 'labels'] as const).filter((key) => source[key] === location).map((key) => ['data', part, key]);
  return source.files.flatMap((file, index) =>
    location.split(', ').includes(file) ? [['data', part, 'files', index]] : [],
  );
}

/** An error of the data, at the first field that names its file. */
function dataIssue({ spec, issueAt }: PlacedJob, error: MurmurationError): JobIssue {
  const { location } = error as MurmurationError & { location?: string };
  const fields =
    location === undefined
      ? []
      : [...fieldsNaming(spec.data.train, 'train', location), ...fieldsNaming(spec.data.eval, 'eval', location)];
  return issueAt(fields[0] ?? ['data'], error.message);
}

/**
 * The job is its reader's own, so its paths may lead anywhere on this machine, here as in the workers that `run` starts
 * beside it. Volunteers' workers read nothing outside of the folder that they name.
 */
async function openData(placed: PlacedJob, directory: string): Promise<JobDatasets> {
  try {
    return await openDatasets(placed.spec.data, { directory, confined: false });
  } catch (error) {
    if (!(error instanceof MurmurationError)) throw error;
    throw new JobSpecError([dataIssue(placed, error)]);
  }
}

/** The model's file, if the job names one; what is wrong with it is the job's fault, at its place. */
function openModel({ spec, issueAt }: PlacedJob, directory: string, { train }: JobDatasets): OnnxSource | null {
  if (spec.model.type !== 'onnx') return null;
  try {
    return openOnnxFile(spec, spec.model, directory, train);
  } catch (error) {
    if (error instanceof JobResolutionError) throw new JobSpecError([issueAt(error.path, error.message)]);
    if (!modelFaults.has((error as { code?: string }).code ?? '')) throw error;
    throw new JobSpecError([issueAt(['model', 'path'], (error as Error).message)]);
  }
}

/** Codes of what a model's file can be refused for. */
const modelFaults: ReadonlySet<string> = new Set(['ONNX_FILE', 'ONNX_IMPORT', 'GRAPH_ILLEGAL', 'NOT_DIFFERENTIABLE']);

/** Fits the job to its data; whatever contradicts is the job's fault, at its place. */
function resolveSpec(placed: PlacedJob, datasets: JobDatasets, onnx: OnnxSource | null): ResolvedJob {
  try {
    const job = resolveJob(placed.spec, { ...dataFactsOf(datasets), ...(onnx && { onnx: onnx.resolved }) });
    // Builds the model, and so finds what its spec alone does not show, such as adapters of matrices that it lacks.
    parameterLayout(job.model);
    return job;
  } catch (error) {
    if (error instanceof JobResolutionError) throw new JobSpecError([placed.issueAt(error.path, error.message)]);
    const { place } = error as { place?: string };
    if (place === undefined) throw error;
    throw new JobSpecError([placed.issueAt(['model'], (error as Error).message)]);
  }
}

/** The weights that the job starts from; what is wrong with them is the job's fault, at its place. */
function startOf(
  { spec, issueAt }: PlacedJob,
  job: ResolvedJob,
  directory: string,
  onnx: OnnxSource | null,
): Float32Array | null {
  if (onnx) return withAdapters(job.model, onnx.start, job.seed);
  try {
    return openWeights(spec, job, directory);
  } catch (error) {
    if (!WEIGHTS_FAULTS.has((error as { code?: string }).code ?? '')) throw error;
    throw new JobSpecError([issueAt(['model', 'weights'], (error as Error).message)]);
  }
}

export interface LoadOptions {
  /** Where relative paths are meant from, if not the file's own directory: a run's copy of its job. */
  readonly origin?: string;
  /** Whether the weights that the job starts from are read: not of a run that has begun, whose state has them. */
  readonly start?: boolean;
}

/**
 * Reads, checks and resolves a job.
 * @throws JobFileError, JobSpecError with every problem at its place
 */
export async function loadJob(file: string, { origin = file, start = true }: LoadOptions = {}): Promise<LoadedJob> {
  const text = readJobText(file);
  const placed = parseJob(text, file);
  const directory = dirname(resolve(origin));
  const datasets = await openData(placed, directory);
  const onnx = openModel(placed, directory, datasets);
  const job = resolveSpec(placed, datasets, onnx);
  return {
    file: resolve(origin),
    directory,
    text,
    spec: placed.spec,
    job,
    datasets,
    start: start ? startOf(placed, job, directory, onnx) : null,
    onnx,
    issueAt: placed.issueAt,
  };
}

/** What the command line may say over the job's own words. */
export interface Overrides {
  /** Workers to start on this machine. */
  readonly spawn?: number;
}

/** @throws JobSpecError when the number makes no sense */
export function withOverrides(loaded: LoadedJob, { spawn }: Overrides): LoadedJob {
  if (spawn === undefined) return loaded;
  const { workers } = loaded.spec;
  if (!Number.isInteger(spawn) || spawn < 0 || spawn > workers.maximum) {
    throw new JobSpecError([
      loaded.issueAt(['workers', 'spawn'], `--spawn must be an integer from 0 to workers.maximum (${workers.maximum})`),
    ]);
  }
  return { ...loaded, spec: { ...loaded.spec, workers: { ...workers, spawn } } };
}
