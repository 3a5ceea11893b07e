/** Weights from a checkpoint, this program's or another's, put in their places in the flat parameter vector. */
import { DEFAULT_BUCKET_SIZE, parameterViews } from '../graph/parameter-layout.ts';
import { sameShape } from '../ops/shape.ts';
import { type StoredTensor, type StoredTensors, tensorFloats } from '../safetensors/index.ts';
import { WeightsMismatchError } from './errors.ts';
import { type Model, modelOf } from './model.ts';
import { initialParameters, layoutOf } from './parameters.ts';
import type { ModelSpec } from './spec.ts';

export interface WeightsOptions {
  readonly spec: ModelSpec;
  /** The checkpoint, `decodeSafetensors(bytes, file)`. */
  readonly weights: StoredTensors;
  /** Its name in errors. */
  readonly file: string;
  /** What parameters start from that a checkpoint may leave out. */
  readonly seed: number;
}

/** What is known of a tensor of the file: the parameter that it is, or why it is none. */
type Place = { readonly parameter: string } | { readonly copyOf: string } | 'buffer' | 'unknown';

/**
 * The flat parameter vector with the checkpoint's weights. Tolerates what other programs do with the same model: names
 * without their prefix, buffers, a tied matrix saved twice.
 * @throws WeightsMismatchError listing every tensor that is missing, unknown or misshapen
 * @throws WeightsMismatchError for an element that is no finite number
 * @throws SafetensorsError for a tensor whose elements are no floats
 */
export function parametersFromWeights({ spec, weights, file, seed }: WeightsOptions): Float32Array {
  const model = modelOf(spec);
  const layout = layoutOf(model, DEFAULT_BUCKET_SIZE);
  const shapes = new Map(layout.slots.map(({ name, shape }) => [name, shape]));
  const { found, copies, unknown, twice } = sortTensors(weights.tensors, model, shapes);
  const { parameters } = model.body;
  // What may start anew does so as a whole: half of its tensors would be a damaged file.
  const anew = !parameters.some(({ name, fresh }) => fresh && found.has(name));
  const missing = parameters.flatMap(({ name, fresh }) => (found.has(name) || (fresh && anew) ? [] : [name]));
  const misshapen = [...found].flatMap(([name, { shape }]) =>
    sameShape(shape, shapes.get(name) ?? []) ? [] : [`${name} is [${shape}] where [${shapes.get(name)}] belongs`],
  );
  const unlike = [...copies].flatMap(([copy, name]) =>
    sameContent(copy, found.get(name), file) ? [] : [`${copy.name} is not ${name}, to which this model ties it`],
  );
  const different = [...misshapen, ...unlike, ...twice];
  if (missing.length + unknown.length + different.length > 0)
    throw new WeightsMismatchError({ file, model: spec.type, mismatch: { unknown, missing, different } });
  const flat = initialParameters(spec, seed);
  const views = parameterViews(layout, flat);
  for (const [name, tensor] of found) views[name]?.set(finiteFloats(name, tensor, { spec, file }));
  return flat;
}

interface SortedTensors {
  readonly found: ReadonlyMap<string, StoredTensor>;
  readonly copies: ReadonlyMap<StoredTensor, string>;
  readonly unknown: readonly string[];
  readonly twice: readonly string[];
}

function sortTensors(
  tensors: readonly StoredTensor[],
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
): SortedTensors {
  const found = new Map<string, StoredTensor>();
  const copies = new Map<StoredTensor, string>();
  const [unknown, twice]: [string[], string[]] = [[], []];
  for (const tensor of tensors) {
    const place = placeOf(tensor.name, model, shapes);
    if (place === 'unknown') unknown.push(tensor.name);
    else if (place !== 'buffer' && 'copyOf' in place) copies.set(tensor, place.copyOf);
    else if (place !== 'buffer' && found.has(place.parameter))
      twice.push(`${place.parameter} is there with its prefix and without`);
    else if (place !== 'buffer') found.set(place.parameter, tensor);
  }
  return { found, copies, unknown, twice };
}

function placeOf(name: string, { checkpoint }: Model, shapes: ReadonlyMap<string, readonly number[]>): Place {
  if (shapes.has(name)) return { parameter: name };
  if (!checkpoint) return 'unknown';
  const { prefix, buffers, copies } = checkpoint;
  if (shapes.has(prefix + name)) return { parameter: prefix + name };
  const original = Object.hasOwn(copies, name) ? copies[name] : undefined;
  if (original !== undefined) return { copyOf: original };
  return buffers.test(name) ? 'buffer' : 'unknown';
}

function finiteFloats(
  name: string,
  tensor: StoredTensor,
  { spec, file }: Pick<WeightsOptions, 'spec' | 'file'>,
): Float32Array {
  const values = tensorFloats(tensor, file);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return values;
  const different = [`${name} is ${values[at]} at element ${at}`];
  throw new WeightsMismatchError({ file, model: spec.type, mismatch: { unknown: [], missing: [], different } });
}

/** Whether two tensors have the same elements; a copy of what is missing is not judged. */
function sameContent(copy: StoredTensor, original: StoredTensor | undefined, file: string): boolean {
  if (original === undefined) return true;
  if (!sameShape(copy.shape, original.shape)) return false;
  const [a, b] = [tensorFloats(copy, file), tensorFloats(original, file)];
  return a.every((value, index) => Object.is(value, b[index]));
}
