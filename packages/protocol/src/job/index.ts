/** The job: `job.yaml` with positions, and the resolved form that workers receive. */
export * from './data.ts';
export { parseDuration } from './fields.ts';
export * from './tokens.ts';
export * from './model.ts';
export * from './operations.ts';
export * from './parse.ts';
export * from './resolved.ts';
export { jobSpecSchema, roundCostWei } from './spec.ts';
export type { JobInput, JobSpec } from './spec.ts';
export { closest } from './suggest.ts';
export * from './training.ts';
