/** `@murmuration/kernels/exact-backend`: exact gradients on a CPU, without Node; whoever opens it says how threads are made. */
export { createExactBackend, type ExactBackendParts } from './backend.ts';
export { ExactMemoryError, ExactThreadError } from './errors.ts';
export { GradientOverflowError } from '../backend/errors.ts';
export type { SpawnThread, ThreadEvents, ThreadPort } from './threads/pool.ts';
export { spawnWebThread } from './web/spawn.ts';
