/** `@murmuration/kernels/exact-backend`: exact gradients on a CPU, without Node; whoever opens it says how threads are made. */
export { createExactBackend, type ExactBackendParts } from './backend.ts';
export { ExactMemoryError, ExactThreadError, GradientOverflowError } from './errors.ts';
export type { SpawnThread, ThreadEvents, ThreadPort } from './threads/pool.ts';
export { spawnWebThread } from './web/spawn.ts';
