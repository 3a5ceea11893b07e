/** How the state of a job's replicas is laid out: what checkpoints are cut by. */
import { stateLayout } from '@murmuration/kernels/graph';
import type { ParameterLayout, StateLayout } from '@murmuration/kernels/graph';
import type { ResolvedJob } from '@murmuration/protocol/job';

/** Parameters, then the optimizer's tensors in order; lengths in f32 elements. */
export const stateLayoutOf = (job: ResolvedJob, layout: ParameterLayout): StateLayout =>
  stateLayout(job.training.optimizer, layout);
