/** `@murmuration/kernels/backend-core`: what a backend is and what is done with one, whichever it is. No Node import. */
export type {
  AdapterInfo,
  Backend,
  BackendName,
  Batch,
  CompileOptions,
  CompileProgress,
  DeviceMemory,
  EvaluationSums,
  Executable,
  Numerics,
  ProbeReport,
} from './backend.ts';
export {
  BackendUnavailableError,
  BatchMismatchError,
  ExecutableClosedError,
  FixedSumsError,
  gradientOverflow,
  OnnxRuntimeError,
  UnsupportedOpError,
} from './errors.ts';
export { FasterBackend, type FasterBackendParts } from './faster-backend.ts';
export { fitForNumerics } from './fit-numerics.ts';
export { kernelProgram } from './kernel-program.ts';
export { type BackendFigures, measureFigures } from './measure-figures.ts';
export { measureStep } from './measure-step.ts';
export { type SelectedBackend, withReason } from './selected-backend.ts';
export { partCounts, slicedExecutable, whyIndivisible } from './sliced-executable.ts';
