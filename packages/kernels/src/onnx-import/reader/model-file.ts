/** What is read of an ONNX file: plain data, names and sizes as the file states them. */

/** `TensorProto.DataType` of the element types that have a meaning here. */
export const ELEMENT_TYPES = {
  1: 'f32',
  2: 'u8',
  3: 'i8',
  6: 'i32',
  7: 'i64',
  9: 'bool',
  10: 'f16',
  11: 'f64',
} as const satisfies Readonly<Record<number, string>>;

export type ElementType = (typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES];

/** The element type of a data type's number; null for what no op here takes (strings, complex numbers, …). */
export const elementTypeOf = (dataType: number): ElementType | null =>
  (ELEMENT_TYPES as Readonly<Record<number, ElementType>>)[dataType] ?? null;

/** A tensor of the file; its elements stay where they are until {@link tensorElements} is asked for them. */
export interface FileTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Little-endian elements, a view into the file; null where the file lists numbers instead. */
  readonly raw: Uint8Array | null;
  readonly numbers: readonly number[];
  /** Whether the elements lie in another file. */
  readonly external: boolean;
  readonly place: string;
}

export type FileAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: FileTensor }
  /** Graphs, sparse tensors, lists of strings: nothing that an importable operator has. */
  | { readonly kind: 'other' };

export interface FileNode {
  /** Position in the file. */
  readonly index: number;
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Value names; an empty one is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
}

/** A dimension: its size, or the name (or '') of a free one. */
export type FileDimension = number | string;

export interface FileValue {
  readonly name: string;
  readonly dataType: number;
  /** Null where the file states no shape. */
  readonly shape: readonly FileDimension[] | null;
}

/** A model whose structure holds: every name is made once, before it is read. */
export interface OnnxFile {
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number;
  /** In an order in which every value is made before it is read. */
  readonly nodes: readonly FileNode[];
  readonly initializers: readonly FileTensor[];
  /** Inputs that are no initializers. */
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
}
