/**
 * The contract between an op's file and the WebGPU compiler: an op says how one of its nodes becomes WGSL, as data. Sizes
 * travel in a uniform, so that a kernel's source depends on the op and its variant, never on the shape, and pipelines
 * are shared by every shape.
 */
import type { Attributes, DType, TensorType } from '../graph/graph.ts';
import type { Finish } from './epilogue.ts';
import type { MatrixProduct } from '../canonical/kernel.ts';
import type { MatmulTile } from './kernels/matmul.ts';
import type { Rows } from './strips.ts';

/** What a lowering may know about the device; everything else about it must not change a kernel. */
export interface DeviceTraits {
  /** Whether kernels may `enable subgroups`. */
  readonly subgroups: boolean;
  /** Lanes a subgroup, when the adapter has exactly one size; 0 otherwise. */
  readonly subgroupSize: number;
  /** A GPU interface that runs on a CPU: barriers and workgroup memory cost much there. */
  readonly software: boolean;
  /** Most bytes that one temporary of a lowering may take. */
  readonly maxScratchBytes: number;
  /** Most bytes of a tensor that a kernel can bind at once; any number unless given. */
  readonly maxBindingBytes?: number;
  /** The tile that was measured to be best for a product; none where a rule decides. */
  readonly matmulTile?: ((problem: MatrixProduct) => MatmulTile | undefined) | undefined;
  /** Whether loads from textures cost so much less than from buffers that products pay for a copy (`strips.ts`). */
  readonly prefersTextures?: boolean;
}

/** The types of one node and what it runs on. */
export interface LoweringContext {
  readonly attributes: Attributes;
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
  readonly traits: DeviceTraits;
}

/** One storage binding of a kernel: `var<storage> name: array<element>`, or a texture of vec4<f32> that is read in strips. */
export interface KernelBinding {
  readonly name: string;
  /** Vectors only where every size makes rows a multiple of four elements. */
  readonly element: DType | 'u32' | 'vec4<f32>' | 'vec4<u32>';
  readonly access: 'read' | 'read_write' | 'strips';
}

/** A WGSL compute kernel. Binding 0 is the uniform `dims`, bindings 1… are `bindings` in order. */
export interface Kernel {
  /** Names the source: two kernels with equal keys have equal sources. */
  readonly key: string;
  /** Fields of the uniform `dims`, each u32 unless it says `name: f32`. */
  readonly uniforms: readonly string[];
  readonly bindings: readonly KernelBinding[];
  readonly workgroupSize: number;
  /** Functions and module variables that `body` uses. */
  readonly prelude?: string;
  readonly usesSubgroups?: boolean;
  /**
   * Statements of the entry point. In scope: `dims`, the bindings, `group` (the linear workgroup number, which may run
   * past the count that was asked for, so kernels guard it), `lane` (u32 within the workgroup) and `index = group *
   * workgroupSize + lane`.
   */
  readonly body: string;
}

/** What a kernel's binding is bound to: one of the node's inputs, its output, or a temporary of the lowering. */
export type Operand =
  | { readonly from: 'input'; readonly index: number }
  | { readonly from: 'output' }
  | { readonly from: 'scratch'; readonly index: number };

/** One kernel launch. */
export interface KernelCall {
  readonly kernel: Kernel;
  /** Values of `kernel.uniforms`, by name without its type. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** One operand a binding, in order. */
  readonly operands: readonly Operand[];
  /** Workgroups in all; the runtime splits counts over 65,535 into two dimensions. */
  readonly workgroups: number;
  /** How the first operands are stored, those that the kernel reads in strips. */
  readonly strips?: readonly Rows[] | undefined;
  /**
   * The same kernel with another end, where it can have one: what it stores into its last own binding goes through an
   * epilogue, whose operands are bound after the kernel's own, or is added to what lies there.
   */
  finishing?(finish: Finish): Kernel;
  /** The same launch over pieces of its operands of at most `limit` bytes each; null where it can't be cut so small. */
  split?(limit: number): readonly Piece[] | null;
}

/** Bytes of a tensor. */
export interface ByteRange {
  readonly start: number;
  readonly size: number;
}

/** A launch over pieces of its operands. */
export interface Piece extends KernelCall {
  /** What is bound of each operand; null for all of it. */
  readonly ranges: readonly (ByteRange | null)[];
}

/** The launches of one node, in order. */
export interface Lowered {
  readonly calls: readonly KernelCall[];
  /** Temporaries, each a number of 4-byte elements. */
  readonly scratch?: readonly number[];
}

/**
 * How an op becomes WGSL.
 *
 * - `view`: the output is the first input's bytes under another shape; nothing runs.
 * - `elementwise`: the output at an index depends on the inputs at that (broadcast) index only. `expression` gives a WGSL
 *   expression of the output's dtype over the argument names; chains of these are fused into one kernel. Attributes
 *   that vary much belong into inputs: the expression is part of the pipeline's key.
 * - `kernels`: anything else. An op that is made of other ops may leave single nodes to its expansion.
 */
export type WgslLowering =
  | { readonly kind: 'view' }
  | {
      readonly kind: 'elementwise';
      /** WGSL functions that the expression calls, by name: emitted once a kernel. */
      readonly functions?: Readonly<Record<string, string>>;
      expression(args: readonly string[], attributes: Attributes): string;
    }
  | {
      readonly kind: 'kernels';
      lower(context: LoweringContext): Lowered;
      /** Whether the op's expansion serves this node better than its kernels; never unless given. */
      expands?(context: LoweringContext): boolean;
      /** The one call of such a node can finish with an epilogue. */
      readonly takesEpilogue?: true;
    };
