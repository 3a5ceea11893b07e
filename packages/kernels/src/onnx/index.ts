/** `@murmuration/kernels/onnx`: graphs as ONNX models. Pure: it computes bytes, runs nothing, and imports nothing of Node. */
export { encodeGraph, type ModelDescription } from './encode.ts';
export { OnnxExportError } from './errors.ts';
export { exportModel, type ExportModelOptions } from './export-model.ts';
export type {
  OnnxAttributes,
  OnnxDType,
  OnnxEmitter,
  OnnxLowering,
  OnnxLoweringContext,
  OnnxOperand,
  OnnxValue,
} from './lowering.ts';
export { decodeModel } from './schema.ts';
export { encodeTrainModel, TRAIN_VALUES } from './train-model.ts';
