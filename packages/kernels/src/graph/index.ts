/**
 * The public face of what a step computes: graphs, ops, models, layout, costs, the float64 interpreter. Pure: no Node
 * import and no backend, so it loads in a browser and in the orchestrator alike.
 */
export type { Attributes, DType, Graph, GraphInput, GraphNode, GraphOutput, TensorType, ValueId } from './graph.ts';
export type { OpDefinition, TypedCall } from './op.ts';
export { ops } from '../ops/index.ts';
export { GraphBuilder } from './builder.ts';
export { costOf, type Cost } from './cost.ts';
export { GraphError, NotDifferentiableError } from './errors.ts';
export { GRADIENT_PREFIX, withGradients } from './gradient.ts';
export { canonicalGraph, hashGraph } from './hash.ts';
export { interpret, type Tensors } from './interpret.ts';
export {
  bucketCount,
  bucketRange,
  DEFAULT_BUCKET_SIZE,
  layoutParameters,
  type ParameterLayout,
  type ParameterSlot,
  type ParameterUpdate,
  parameterViews,
  trainedSlots,
} from './parameter-layout.ts';
export { microBatchSeed } from '../ops/threefry.ts';
export { printGraph } from './print.ts';
export { simplify } from './simplify.ts';
export type { StepProgram } from './step-program.ts';
export { verifyGraph } from './verify.ts';
export { buildStepProgram } from '../models/build-step-program.ts';
export { WeightsMismatchError } from '../models/errors.ts';
export type { LoraSpec } from '../models/lora.ts';
export { mergedModel, type MergedModel, withAdapters } from '../models/merge.ts';
export { initialParameters, parameterLayout } from '../models/parameters.ts';
export { parametersFromWeights, type WeightsOptions } from '../models/weights.ts';
export {
  type Activation,
  checkModelSpec,
  type ConvnetSpec,
  type GptSpec,
  type LlamaSpec,
  type MlpSpec,
  type ModelSpec,
  type ResnetSpec,
} from '../models/spec.ts';
export { stateLayout, type StateLayout, type StateTensor } from '../exact/optimizer-config.ts';
