/** `@murmuration/kernels/exact`: sums, optimizers and hashes with the same bits on every machine; no Node import. */
export { createHostKernels } from './host-kernels.ts';
export type { HostKernelOptions, HostKernels } from './host-kernels.ts';
export type { HostVector } from './host-memory.ts';
export type { OptimizerParameters, OptimizerState, StepResult } from './optimizer-state.ts';
export { fixedDistance, type FixedKernels } from './fixed-kernels.ts';
export type { VectorKernels } from './vector-kernels.ts';
export type { Sha256 } from './sha256.ts';
export { stateLayout } from './optimizer-config.ts';
export type { AdamwConfig, OptimizerConfig, SgdConfig, StateLayout, StateTensor } from './optimizer-config.ts';
export { learningRateAt } from './schedule.ts';
export type { ScheduleConfig } from './schedule.ts';
export {
  ContributionWeightError,
  FixedSumOverflowError,
  GradientRangeError,
  HostMemoryExhaustedError,
  NonFiniteContributionError,
  OptimizerConfigError,
  SumOverflowError,
  VectorLengthError,
} from './errors.ts';
