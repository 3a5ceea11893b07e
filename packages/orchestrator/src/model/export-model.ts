/** `model.onnx` out of a state: the trained model as anybody can run it. */
import { buildStepProgram, type Graph, mergedModel, type ModelSpec, parameterLayout } from '@murmuration/kernels/graph';
import { exportModel } from '@murmuration/kernels/onnx';
import { underFileNames } from '@murmuration/kernels/onnx-import';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { OnnxSource } from '../plan/onnx-file.ts';

/** Where a model came from; written into its metadata. */
export interface ModelOrigin {
  readonly runId: string;
  readonly round: number;
  readonly stateHash: string;
}

/** Where a model came from as a file: its input and output keep the file's names, and it is bound to other batch sizes. */
export type ModelSource = Pick<OnnxSource, 'at' | 'model'>;

/** The inference graph at a batch size. */
function inferGraph(model: ModelSpec, source: ModelSource | null): (batch: number) => Graph {
  if (source === null) return (batch) => buildStepProgram(model, batch).infer;
  return (batch) => underFileNames(buildStepProgram(source.at(batch), batch).infer, source.model);
}

/**
 * Encodes the model of `job` with the parameters at the front of `state`.
 * @param state bytes(parameters ‖ optimizer tensors), little-endian f32
 * @param source the model's file, where it came from one
 */
export function modelBytes(
  job: ResolvedJob,
  state: Uint8Array,
  { runId, round, stateHash }: ModelOrigin,
  source: ModelSource | null = null,
): Uint8Array {
  const { size } = parameterLayout(job.model);
  // Copied: the view may start at any byte, a Float32Array only at multiples of four.
  const trained = new Float32Array(state.slice(0, size * Float32Array.BYTES_PER_ELEMENT).buffer);
  // Whoever runs the model need not know that adapters were trained.
  const { spec, parameters } = mergedModel(job.model, trained);
  return exportModel({
    infer: inferGraph(spec, source),
    layout: parameterLayout(spec),
    parameters,
    int64: source?.model.takesInt64 ?? false,
    description: `${job.name}, ${job.model.type}, after ${round} rounds of run ${runId}`,
    metadata: { job: job.name, runId, round: String(round), stateHash },
  });
}
