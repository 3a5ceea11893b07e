/** `@murmuration/protocol/sim`: whole runs in one process, in virtual time, for tests and benchmarks of whatever reads a journal. */
export { simulate, type SimulationOptions, type SimulationResult } from './simulate.ts';
export { calm, rough, storm, type Weather } from './weather.ts';
