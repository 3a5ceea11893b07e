/** Where a model's parameters live in the flat vector, and what training starts from. */
import { checkType } from '../graph/check-call.ts';
import { GraphError } from '../graph/errors.ts';
import {
  DEFAULT_BUCKET_SIZE,
  layoutParameters,
  type ParameterLayout,
  parameterViews,
} from '../graph/parameter-layout.ts';
import { initialise } from './initialise.ts';
import { type Model, modelOf } from './model.ts';
import type { ModelSpec } from './spec.ts';

/** Most elements of the flat vector, so that 32-bit code can index it. */
const MAX_PARAMETERS = 2 ** 31 - 1;
const MAX_COUNT = 2 ** 24;

/** Where the model's parameters live; cheap, builds no graph. @throws GraphError naming the field at fault */
export function parameterLayout(spec: ModelSpec, bucketSize: number = DEFAULT_BUCKET_SIZE): ParameterLayout {
  return layoutOf(modelOf(spec), bucketSize);
}

/**
 * The flat parameter vector that training starts from: the same bits for one (spec, seed) on every machine. `seed` is
 * a whole number below 2⁵³.
 */
export function initialParameters(spec: ModelSpec, seed: number): Float32Array {
  const model = modelOf(spec);
  const layout = layoutOf(model, DEFAULT_BUCKET_SIZE);
  const flat = new Float32Array(layout.size);
  const views = parameterViews(layout, flat);
  for (const { name, initialiser } of model.body.parameters) {
    const view = views[name];
    if (view) initialise(view, initialiser, seed, name);
  }
  return flat;
}

export function layoutOf({ body }: Model, bucketSize: number): ParameterLayout {
  checkCount('bucketSize', bucketSize);
  body.parameters.forEach(({ name, shape }) =>
    checkType({ dtype: 'f32', shape }, { op: 'model', place: `parameter "${name}"` }),
  );
  const layout = layoutParameters(body.parameters, bucketSize);
  if (layout.size <= MAX_PARAMETERS) return layout;
  throw new GraphError({
    op: 'model',
    place: 'parameters',
    problem: `there are ${layout.size}, more than ${MAX_PARAMETERS}`,
    mend: 'Use fewer or narrower layers.',
  });
}

/** Refuses what is not a whole number from 1 to 2²⁴. */
export function checkCount(place: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return;
  throw new GraphError({
    op: 'model',
    place,
    problem: `${value} is not a positive integer`,
    mend: `Give a whole number from 1 to ${MAX_COUNT}.`,
  });
}
