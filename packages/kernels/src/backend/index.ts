/** `@murmuration/kernels/backend`: what executes a step program, and which of them a machine should use. Needs Node. */
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
  OnnxRuntimeError,
  UnsupportedOpError,
} from './errors.ts';
export { openExactBackend, type ExactBackendOptions } from '../exact-backend/node/open.ts';
export { kernelProgram } from './kernel-program.ts';
export { type BackendFigures, measureFigures } from './measure-figures.ts';
export { measureStep } from './measure-step.ts';
export { openOnnxBackend, type OnnxBackendOptions } from './onnx-backend.ts';
export { type BackendOpeners, selectBackend, type SelectBackendOptions, type SelectedBackend } from './select.ts';
export { partCounts, slicedExecutable, whyIndivisible } from './sliced-executable.ts';
