/** Between a model with adapters and the same without: what such a run starts from, and what is exported of it. */
import { GraphError } from '../graph/errors.ts';
import { DEFAULT_BUCKET_SIZE, parameterViews } from '../graph/parameter-layout.ts';
import { adaptedMatrices, mergeAdapters } from './lora.ts';
import { plainModel, probeBatch } from './model.ts';
import { initialParameters, layoutOf, parameterLayout } from './parameters.ts';
import { checkModelSpec, type ModelSpec } from './spec.ts';

export interface MergedModel {
  /** Without adapters. */
  readonly spec: ModelSpec;
  /** The flat parameter vector of `spec`. */
  readonly parameters: Float32Array;
}

/** @param parameters the flat vector of `spec`; returned as it is where `spec` has no adapters */
export function mergedModel(spec: ModelSpec, parameters: Float32Array): MergedModel {
  const { lora, ...plain } = checkModelSpec(spec);
  if (!lora) return { spec, parameters };
  const model = plainModel(plain);
  const layout = layoutOf(model, DEFAULT_BUCKET_SIZE);
  const adapted = parameterLayout(spec);
  expectSize('parameters', parameters, adapted.size);
  const merged = new Float32Array(layout.size);
  const [from, into] = [parameterViews(adapted, parameters), parameterViews(layout, merged)];
  for (const [name, view] of Object.entries(into)) view.set(from[name] ?? view);
  mergeAdapters(adaptedMatrices(model, probeBatch(plain), lora), lora, from, into);
  return { spec: plain, parameters: merged };
}

/** The flat vector of `spec` that has the model's own parameters from `plain`, the flat vector without adapters. */
export function withAdapters(spec: ModelSpec, plain: Float32Array, seed: number): Float32Array {
  const { lora, ...base } = checkModelSpec(spec);
  if (!lora) return plain;
  const layout = parameterLayout(base);
  expectSize('parameters', plain, layout.size);
  const flat = initialParameters(spec, seed);
  const into = parameterViews(parameterLayout(spec), flat);
  for (const [name, view] of Object.entries(parameterViews(layout, plain))) into[name]?.set(view);
  return flat;
}

function expectSize(place: string, values: Float32Array, size: number): void {
  if (values.length === size) return;
  throw new GraphError({
    op: 'model',
    place,
    problem: `there are ${values.length} elements where the model has ${size} parameters`,
    mend: 'Pass the flat vector of this model.',
  });
}
