/** Where an element of a strided view lies for a linear, row-major index, as a WGSL expression over sizes in a uniform. */
import { quotientText, remainderText } from './quotient.ts';

export interface StridedIndex {
  /** An expression of the linear index; that index itself for a dense view. */
  readonly expression: string;
  /** The sizes that the expression reads from `dims`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** How four elements with neighbouring indices lie, the first index being a multiple of 4. */
  readonly fours: 'together' | 'one element' | 'apart';
  /** Elements that lie together from every multiple of this number on; 1 where neighbours lie apart. */
  readonly run: number;
}

/** A linear index over `shape`, read with `strides`; the index's name in WGSL; what names of uniforms begin with. */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly variable: string;
  readonly prefix: string;
}

interface Run {
  readonly size: number;
  readonly stride: number;
  /** Linear indices that one step of this run spans. */
  readonly inner: number;
}

/**
 * The offset of the element with linear index `variable`. Neighbouring axes that lie in memory as one become one, so that
 * most views need one division at most, and all shapes of one pattern share one expression.
 */
export function stridedIndex({ shape, strides, variable, prefix }: StridedView): StridedIndex {
  const runs = mergeAxes(shape, strides);
  const uniforms: Record<string, number> = {};
  const size = (name: string, value: number): string => {
    uniforms[prefix + name] = value;
    return `dims.${prefix}${name}`;
  };
  const end = shape.reduce((total, each) => total * each, 1);
  const terms = runs.flatMap(({ stride, size: count, inner }, level) => {
    if (stride === 0) return [];
    const outer =
      level === runs.length - 1 ? variable : quotientText(variable, size(`i${level}`, inner), { end, divisor: inner });
    const wrapped =
      level === 0 ? outer : remainderText(outer, size(`n${level}`, count), { end: end / inner, divisor: count });
    return [stride === 1 ? wrapped : `${wrapped} * ${size(`s${level}`, stride)}`];
  });
  return {
    expression: terms.length === 0 ? '0u' : terms.join(' + '),
    uniforms,
    fours: foursOf(runs),
    run: runOf(runs),
  };
}

/** Four neighbours stay within the innermost run if its size is a multiple of 4; whole vec4s need the others so too. */
function foursOf(runs: readonly Run[]): StridedIndex['fours'] {
  const innermost = runs.at(-1);
  if (innermost === undefined) return 'one element';
  if (innermost.size % 4 !== 0) return 'apart';
  if (innermost.stride === 0) return 'one element';
  return innermost.stride === 1 && runs.every(({ stride }) => stride === 1 || stride % 4 === 0) ? 'together' : 'apart';
}

function runOf(runs: readonly Run[]): number {
  const innermost = runs.at(-1);
  return innermost?.stride === 1 ? innermost.size : 1;
}

/** Axes with neighbours merged where one stride serves both, outermost first; axes of size 1 vanish. */
function mergeAxes(shape: readonly number[], strides: readonly number[]): readonly Run[] {
  const runs: { size: number; stride: number; inner: number }[] = [];
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [size, stride] = [shape[axis]!, strides[axis]!];
    if (size === 1) continue;
    const within = runs.at(-1);
    if (within && stride === within.stride * within.size) within.size *= size;
    else runs.push({ size, stride, inner });
    inner *= size;
  }
  return runs.reverse();
}

/** Row-major strides of a dense tensor. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Strides for reading a tensor of `shape` at indices of the larger `target`: 0 where it is repeated (numpy's rule). */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = denseStrides(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
}
