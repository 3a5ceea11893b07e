/**
 * What an op says of its exact arithmetic: the calls that compute one node, as data. Renderers for WebGPU and WebAssembly
 * take these; whatever tile or thread computes an element, its sequence of operations is the one written here.
 */
import type { Attributes, TensorType } from '../graph/graph.ts';
import type { Conv2dSizes } from '../ops/conv2d.ts';
import type { StridedCopy } from '../ops/strided-copy.ts';
import type { Expr } from './expression.ts';

/** What a call reads or writes: one of the node's inputs, its output, or a temporary. */
export type CanonicalOperand =
  | { readonly from: 'input'; readonly index: number }
  | { readonly from: 'output' }
  | { readonly from: 'scratch'; readonly index: number };

/** Every element of a dense tensor of `shape` on its own: `value` at the element's coordinates, flushed if it is f32. */
export interface MapCall {
  readonly kind: 'map';
  /** What `load` nodes of `value` count. */
  readonly operands: readonly CanonicalOperand[];
  readonly output: CanonicalOperand;
  readonly shape: readonly number[];
  readonly value: Expr;
  readonly moves?: Movement | undefined;
}

/**
 * What a map moves that changes no element: `value` says the same, and means it. A renderer with a kernel for such movements
 * may use that, for there is no arithmetic whose order could differ; operands are flushed already. `copies` reads the
 * map's operands; `unfold` its only one, as columns [n, c, u, v, i, j] under the windows of a convolution of one group.
 */
export type Movement =
  | { readonly kind: 'copies'; readonly copies: readonly StridedCopy[] }
  | { readonly kind: 'unfold'; readonly sizes: Conv2dSizes };

/**
 * One (batched) matrix product of `count` batches: c [m, n] = a′ [m, k] · b′ [k, n], a′ being a or its transpose.
 *
 * An element is computed as: for each block of {@link PRODUCT_BLOCK} steps of k in ascending order, a partial sum starts at +0 and
 * adds the rounded products in ascending k; the partial sums are added in ascending order; the result is flushed.
 */
export interface ProductCall {
  readonly kind: 'product';
  readonly a: CanonicalOperand;
  readonly b: CanonicalOperand;
  readonly output: CanonicalOperand;
  readonly problem: MatrixProduct;
}

export interface MatrixProduct {
  readonly count: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** a, or b, serves every batch. */
  readonly sharedLeft?: boolean;
  readonly sharedRight?: boolean;
}

/** Steps of k in one partial sum of a matrix product. */
export const PRODUCT_BLOCK = 256;

export type CanonicalCall = MapCall | ProductCall;

/** The calls of one node, in order, and its temporaries. */
export interface CanonicalLowered {
  readonly calls: readonly CanonicalCall[];
  readonly scratch?: readonly TensorType[];
}

/** One node whose types are known and legal. */
export interface ExactContext {
  readonly inputs: readonly TensorType[];
  readonly attributes: Attributes;
  readonly output: TensorType;
}

/**
 * How an op is computed exactly.
 *
 * - `view`: the output is the first input's elements under another shape; nothing runs.
 * - `elementwise`: an element of the output depends on the elements of the inputs at that (broadcast) place only. `value`
 *   gives it from the inputs' elements, each of its input's type. Chains are fused; every value is flushed as if it were stored.
 * - `calls`: anything else.
 */
export type ExactLowering =
  | { readonly kind: 'view' }
  | { readonly kind: 'elementwise'; value(inputs: readonly Expr[], attributes: Attributes): Expr }
  | { readonly kind: 'calls'; lower(context: ExactContext): CanonicalLowered };

export const input = (index: number): CanonicalOperand => ({ from: 'input', index });
export const output: CanonicalOperand = { from: 'output' };
export const scratch = (index: number): CanonicalOperand => ({ from: 'scratch', index });
