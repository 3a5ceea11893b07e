/** `model: { type: onnx }`: the file that the job names, read, checked and bound to the job's micro-batch and data. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildStepProgram } from '@murmuration/kernels/graph';
import { type DataBinding, fileParameters, onnxSpec, OnnxModel } from '@murmuration/kernels/onnx-import';
import { MurmurationError } from '@murmuration/protocol';
import type { Dataset } from '@murmuration/protocol/data';
import { JobResolutionError } from '@murmuration/protocol/job';
import type { JobSpec, ResolvedJob, ResolvedOnnxModel } from '@murmuration/protocol/job';

type OnnxSection = Extract<JobSpec['model'], { readonly type: 'onnx' }>;

/** A model's file, ready to be trained and to be exported again. */
export interface OnnxSource {
  readonly model: OnnxModel;
  /** As it travels: graphs for the job's micro-batch, no weights. */
  readonly resolved: ResolvedOnnxModel;
  /** The file's weights in the layout's order, `[layout.size] f32`. */
  readonly start: Float32Array;
  /** The same model for another number of samples. */
  at(batch: number): ResolvedOnnxModel;
}

/** What one file may hold: a protobuf message's limit. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** The graphs travel in a control message of at most 8 MiB, beside the rest of the job. */
const MAX_GRAPH_CHARACTERS = 4 * 2 ** 20;

/** The model file is not the one that the run began with. */
export class ModelChangedError extends MurmurationError {
  readonly code = 'MODEL_CHANGED';

  constructor({ path }: { path: string }) {
    super({
      message: `${path} is not the file that this run began with: its SHA-256 differs.`,
      mend: 'Put the first file back, or begin a new run with `orchestrate run`.',
    });
  }
}

/**
 * Reads and imports the file.
 * @param directory from where a relative path is meant
 * @throws OnnxFileError, OnnxImportError, GraphError, NotDifferentiableError, JobResolutionError
 */
export function openOnnxFile(spec: JobSpec, section: OnnxSection, directory: string, data: Dataset): OnnxSource {
  const bytes = readModelFile(resolve(directory, section.path), section.path);
  const { output, train, freeze, loss } = section;
  const model = new OnnxModel(bytes, { output, train, freeze });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const binding = bindingOf(data, loss);
  const at = (batch: number): ResolvedOnnxModel =>
    ({ ...onnxSpec(model, batch, binding), sha256 }) as ResolvedOnnxModel;
  const resolved = at(spec.training.microBatch);
  const { length } = JSON.stringify(resolved);
  if (length > MAX_GRAPH_CHARACTERS)
    throw new JobResolutionError({
      path: ['model', 'path'],
      message: `has graphs of ${length} characters, more than the ${MAX_GRAPH_CHARACTERS} that a job can carry`,
    });
  const { layout } = buildStepProgram(resolved, spec.training.microBatch, spec.training.bucketSize);
  return { model, resolved, start: fileParameters(model, layout), at };
}

function readModelFile(file: string, path: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) throw new RangeError(`it has ${size} bytes`);
    return readFileSync(file);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'names a file that does not exist' : `cannot be read (${(cause as Error).message})`;
    throw new JobResolutionError({ path: ['model', 'path'], message: `${path} ${why}`, cause });
  }
}

/** A data set's first input is the sample, its second the labels. */
function bindingOf({ inputs, tokenizer, classes }: Dataset, loss: DataBinding['loss']): DataBinding {
  const [input, labels] = inputs;
  if (input === undefined || labels === undefined)
    throw new JobResolutionError({ path: ['data', 'train'], message: 'has no labels' });
  return {
    input: { name: input.name, shape: input.shape, range: tokenizer?.size ?? null },
    labels: { name: labels.name, shape: labels.shape, dtype: labels.dtype, range: tokenizer?.size ?? classes },
    loss,
  };
}

/** @throws ModelChangedError where the run's own job names another file */
export function checkSameModel(path: string, job: ResolvedJob, recorded: unknown): void {
  const before = (recorded as Partial<ResolvedJob> | null)?.model;
  if (job.model.type !== 'onnx' || before?.type !== 'onnx' || before.sha256 === job.model.sha256) return;
  throw new ModelChangedError({ path });
}
