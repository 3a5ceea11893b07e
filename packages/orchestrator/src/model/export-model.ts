/** `model.onnx` out of a state: the trained model as anybody can run it. */
import { buildStepProgram } from '@murmuration/kernels/graph';
import { exportModel } from '@murmuration/kernels/onnx';
import type { ResolvedJob } from '@murmuration/protocol/job';

/** Where a model came from; written into its metadata. */
export interface ModelOrigin {
  readonly runId: string;
  readonly round: number;
  readonly stateHash: string;
}

/**
 * Encodes the model of `job` with the parameters at the front of `state`.
 * @param state bytes(parameters ‖ optimizer tensors), little-endian f32
 */
export function modelBytes(job: ResolvedJob, state: Uint8Array, { runId, round, stateHash }: ModelOrigin): Uint8Array {
  const { layout } = buildStepProgram(job.model, 1, job.training.bucketSize);
  // Copied: the view may start at any byte, a Float32Array only at multiples of four.
  const parameters = new Float32Array(state.slice(0, layout.size * Float32Array.BYTES_PER_ELEMENT).buffer);
  return exportModel({
    infer: (batch) => buildStepProgram(job.model, batch, job.training.bucketSize).infer,
    layout,
    parameters,
    description: `${job.name}, ${job.model.type}, after ${round} rounds of run ${runId}`,
    metadata: { job: job.name, runId, round: String(round), stateHash },
  });
}
