/** `@murmuration/orchestrator/dashboard`: a run as pages show it, and simulated runs of any length to show. */
export { RunProjection } from './run-projection.ts';
export { writeRunDirectory } from './testing/run-directory.ts';
export type { SimulatedRun } from './testing/simulated-job.ts';
export { simulatedJournal } from './testing/simulated-run.ts';
