/** The weights that a job starts from, where it names a safetensors file. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parametersFromWeights } from '@murmuration/kernels/graph';
import { decodeSafetensors } from '@murmuration/kernels/safetensors';
import { MurmurationError } from '@murmuration/protocol';
import type { JobSpec, ResolvedJob } from '@murmuration/protocol/job';

/** The file can't be read. Causes: a wrong path, no permission, a file larger than 2 GiB. */
export class WeightsFileError extends MurmurationError {
  readonly code = 'WEIGHTS_FILE';

  constructor({ file, cause }: { file: string; cause: unknown }) {
    super({
      message: `${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`,
      mend: 'Give the path of a safetensors file, from the directory of the job file.',
      cause,
    });
  }
}

/** Codes of what such a file can be refused for. */
export const WEIGHTS_FAULTS: ReadonlySet<string> = new Set(['WEIGHTS_FILE', 'WEIGHTS_MISMATCH', 'SAFETENSORS']);

/**
 * The flat parameter vector of the job's model with the file's weights; null where the job names none.
 * @throws WeightsFileError, SafetensorsError, WeightsMismatchError
 */
export function openWeights({ model }: JobSpec, job: ResolvedJob, directory: string): Float32Array | null {
  if (model.type === 'onnx' || model.weights === undefined) return null;
  const weights = decodeSafetensors(readWeights(resolve(directory, model.weights)), model.weights);
  return parametersFromWeights({ spec: job.model, weights, file: model.weights, seed: job.seed });
}

function readWeights(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new WeightsFileError({ file, cause });
  }
}
