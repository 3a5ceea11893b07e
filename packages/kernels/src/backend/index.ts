/** `@murmuration/kernels/backend`: what executes a step program, and which of them a machine should use. Needs Node. */
export * from './core.ts';
export { openExactBackend, type ExactBackendOptions } from '../exact-backend/node/open.ts';
export { openOnnxBackend, type OnnxBackendOptions } from './onnx-backend.ts';
export { type BackendOpeners, selectBackend, type SelectBackendOptions } from './select.ts';
