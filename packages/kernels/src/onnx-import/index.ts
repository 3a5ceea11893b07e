/**
 * `@murmuration/kernels/onnx-import`: models that came as ONNX files. Pure: it reads bytes, runs nothing, and imports
 * nothing of Node.
 */
export { OnnxFileError, OnnxImportError, type ImportIssue } from './errors.ts';
export { supportedOperators } from './convert/index.ts';
export { OnnxModel, type BoundModel, type ImportedParameter, type OnnxModelOptions } from './onnx-model.ts';
export { SUPPORTED_OPSETS } from './reader/read-onnx.ts';
export { fileParameters, onnxSpec, underFileNames, type DataBinding } from './step-spec.ts';
