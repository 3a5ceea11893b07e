/** Which of a kernel's operands may be bound as vec4: those of which only whole, aligned fours are read. */
import {
  childrenOf,
  type Dependencies,
  dependencyReader,
  type Expr,
  type Variable,
} from '../../canonical/expression.ts';
import { affineOf, valueOf } from './affine.ts';
import type { Width } from './operations.ts';
import { product } from '../wgsl.ts';
import { Sizes } from './sizes.ts';

type Load = Extract<Expr, { kind: 'load' }>;
type Sum = Extract<Expr, { kind: 'sum' }>;

/** Every node under `root`, itself included, once. */
export function nodesOf(root: Expr): readonly Expr[] {
  const seen = new Set<Expr>([root]);
  for (const node of seen) childrenOf(node).forEach((child) => seen.add(child));
  return [...seen];
}

export const isLoop = ({ kind }: Expr): boolean => kind === 'sum' || kind === 'result';

/** Whether no loop inside depends on the sum's variable, so that four terms can be computed at once. */
export const isFlatSum = ({ body, variable }: Sum, dependencies: (node: Expr) => Dependencies): boolean =>
  !nodesOf(body).some((node) => isLoop(node) && dependencies(node).variables.has(variable));

/**
 * Whether a lane can take four elements in a row: there are no loops, axes stand only in the indices of loads, and four
 * neighbours read four neighbours or one element.
 */
export function takesFours(value: Expr, shape: readonly number[]): boolean {
  const sizes = new Sizes(shape);
  const nodes = nodesOf(value);
  if (product(shape) % 4 !== 0 || nodes.some(isLoop)) return false;
  if (value.type !== 'f32' || standsOutsideIndices(nodes, ['axis'])) return false;
  const loads = nodes.filter((node) => node.kind === 'load');
  return loads.every((load) => load.type === 'f32' && readsFours(load, shape.length, sizes));
}

/** Whether a node of such a kind is read by anything but the index of a load. */
export function standsOutsideIndices(nodes: readonly Expr[], kinds: readonly Expr['kind'][]): boolean {
  const loads = nodes.filter((node) => node.kind === 'load');
  const indices = new Set(loads.flatMap(({ index }) => nodesOf(index)));
  const readers = nodes.filter((node) => !indices.has(node) && node.kind !== 'load');
  return readers.flatMap(childrenOf).some(({ kind }) => kinds.includes(kind));
}

function readsFours({ index }: Load, rank: number, sizes: Sizes): boolean {
  const { strides, terms } = affineOf(index, rank);
  return terms.size === 0 && strides.every((stride) => stride >= 0) && sizes.view(strides).fours !== 'apart';
}

/** The operands whose every load is of four aligned elements. */
export function wideOperands(value: Expr, shape: readonly number[], width: Width): ReadonlySet<number> {
  const [nodes, sizes] = [nodesOf(value), new Sizes(shape)];
  const loads = nodes.filter((node) => node.kind === 'load');
  const vectors = width === 4 ? new Map<Load, Variable>() : vectorsOf(nodes);
  const isWide = (load: Load): boolean => {
    const { strides, offset, terms } = affineOf(load.index, shape.length);
    if (width === 4) return offset % 4 === 0 && sizes.view(strides).fours === 'together';
    const vector = vectors.get(load);
    const aligned = (factor: number): boolean => factor % 4 === 0;
    return (
      load.type === 'f32' &&
      vector !== undefined &&
      terms.get(vector) === 1 &&
      aligned(offset) &&
      strides.every(aligned) &&
      [...terms].every(([term, factor]) => term === vector || aligned(factor))
    );
  };
  const narrow = new Set(loads.filter((load) => !isWide(load)).map(({ operand }) => operand));
  return new Set(loads.map(({ operand }) => operand).filter((operand) => !narrow.has(operand)));
}

/** The loads that stand only in sums of whole eights of four terms at once, each with its sum's variable. */
function vectorsOf(nodes: readonly Expr[]): ReadonlyMap<Load, Variable> {
  const dependencies = dependencyReader();
  const result = new Map<Load, Variable>();
  for (const node of nodes) {
    if (node.kind !== 'sum' || !isFlatSum(node, dependencies) || (valueOf(node.count) ?? 1) % 8 !== 0) continue;
    for (const inner of nodesOf(node.body)) {
      if (inner.kind === 'load' && dependencies(inner).variables.has(node.variable)) result.set(inner, node.variable);
    }
  }
  return result;
}
