/**
 * Exact matrix products that finish the elementwise map which alone reads them: the map's arithmetic is done on each element
 * between summing and storing, so that the product itself is never stored. No bit changes: a product is flushed before
 * its map reads it, stored or not.
 */
import { withFlushes } from '../../canonical/flush.ts';
import type { Expr } from '../../canonical/expression.ts';
import type { CanonicalPlan, CanonicalStep, CanonicalTensor, MapStep, ProductStep } from '../../canonical/plan.ts';
import type { Epilogue, EpilogueLayout } from '../epilogue.ts';
import { denseStrides } from '../strided-index.ts';
import { product } from '../wgsl.ts';
import { affineOf } from './affine.ts';
import { Emitter } from './emitter.ts';
import { isLoop, nodesOf, standsOutsideIndices } from './loads.ts';
import { Sizes } from './sizes.ts';

/** With a product's own three tensors within the 8 storage bindings of any device. */
const MAX_OTHERS = 5;

/** A product and the map that it finishes. */
export interface FinishedProduct {
  readonly product: ProductStep;
  readonly map: MapStep;
  readonly epilogue: Epilogue;
  /** What the epilogue reads, in order. */
  readonly others: readonly CanonicalTensor[];
}

/** For each step that finishes a product, that product; and the products that are nothing but finished. */
export function finishedProducts(plan: CanonicalPlan): {
  readonly finished: ReadonlyMap<CanonicalStep, FinishedProduct>;
  readonly absorbed: ReadonlySet<CanonicalStep>;
} {
  const readers = readersOf(plan);
  const kept = new Set(plan.outputs);
  const finished = new Map<CanonicalStep, FinishedProduct>();
  const absorbed = new Set<CanonicalStep>();
  for (const step of plan.steps) {
    if (step.kind !== 'product' || kept.has(step.output)) continue;
    const [map, ...more] = readers.get(step.output) ?? [];
    if (map?.kind !== 'map' || more.length > 0 || finished.has(map)) continue;
    const epilogue = epilogueOf(step, map);
    if (epilogue === null) continue;
    const others = map.operands.filter((tensor) => tensor !== step.output);
    finished.set(map, { product: step, map, epilogue, others });
    absorbed.add(step);
  }
  return { finished, absorbed };
}

function readersOf({ steps }: CanonicalPlan): ReadonlyMap<CanonicalTensor, readonly CanonicalStep[]> {
  const readers = new Map<CanonicalTensor, CanonicalStep[]>();
  for (const step of steps) {
    for (const tensor of new Set(step.kind === 'map' ? step.operands : [step.a, step.b]))
      readers.set(tensor, [...(readers.get(tensor) ?? []), step]);
  }
  return readers;
}

/** The map as an epilogue of the product; null where it reads in another way than a product stores. */
function epilogueOf({ problem: { count, m, n }, output }: ProductStep, map: MapStep): Epilogue | null {
  const { shape, operands } = map;
  const value = withFlushes(map.value);
  const others = operands.filter((tensor) => tensor !== output);
  const isWhole = product(shape) === count * m * n && (shape.at(-1) ?? 1) === n;
  const nodes = nodesOf(value);
  const isScalar = !nodes.some(isLoop) && !standsOutsideIndices(nodes, ['axis', 'size']);
  if (!isWhole || !isScalar || value.type !== 'f32' || others.length > MAX_OTHERS) return null;
  const layouts = operands.map((_, operand) => layoutOf(nodes, operand, shape));
  const own = operands.indexOf(output);
  if (layouts[own] !== 'full' || layouts.includes(null)) return null;
  const names = new Map(operands.map((tensor, at) => [at, tensor === output ? 'value' : `x${others.indexOf(tensor)}`]));
  const parameters = ['value', ...others.map((_, index) => `x${index}`)];
  const four = functionOf(value, shape, { name: 'finish4', width: 4, names, parameters });
  const otherLayouts = layouts.filter((_, operand) => operand !== own) as EpilogueLayout[];
  return {
    key: `${otherLayouts.join(' ')}\n${four}`,
    layouts: otherLayouts,
    source: [functionOf(value, shape, { name: 'finish', width: 1, names, parameters }), four].join('\n'),
  };
}

/** How all loads of an operand lie against the element; null where they lie in another way or differently. */
function layoutOf(nodes: readonly Expr[], operand: number, shape: readonly number[]): EpilogueLayout | null {
  const found = new Set(
    nodes.flatMap((node) => (node.kind === 'load' && node.operand === operand ? [loadLayout(node, shape)] : [])),
  );
  const [layout = null] = found;
  return found.size === 1 ? layout : null;
}

function loadLayout({ type, index }: Extract<Expr, { kind: 'load' }>, shape: readonly number[]): EpilogueLayout | null {
  const { strides, offset, terms } = affineOf(index, shape.length);
  if (type !== 'f32' || offset !== 0 || terms.size > 0) return null;
  const dense = denseStrides(shape);
  // An axis of one element has no say.
  const matches = (expected: (axis: number) => number): boolean =>
    strides.every((stride, axis) => shape[axis] === 1 || stride === expected(axis));
  if (matches((axis) => dense[axis]!)) return 'full';
  if (matches(() => 0)) return 'scalar';
  return matches((axis) => (axis === shape.length - 1 ? 1 : 0)) ? 'row' : null;
}

function functionOf(
  value: Expr,
  shape: readonly number[],
  options: {
    readonly name: string;
    readonly width: 1 | 4;
    readonly names: ReadonlyMap<number, string>;
    readonly parameters: readonly string[];
  },
): string {
  const { name, width, names, parameters } = options;
  const emitter = new Emitter({ rank: shape.length, width, sizes: new Sizes(shape), wide: new Set(), names });
  const { lines, result } = emitter.emit(value);
  const type = width === 4 ? 'vec4f' : 'f32';
  const declared = parameters.map((parameter) => `${parameter}: ${type}`).join(', ');
  return `fn ${name}(${declared}) -> ${type} {\n${lines.join('\n')}\nreturn ${result};\n}`;
}
