/**
 * The safetensors format: `u64le headerLength | header (JSON, padded with spaces to 8 bytes) | tensors (little-endian)`.
 * Written for f32 tensors only, which is all that a checkpoint holds.
 */
import { z } from 'zod';
import { CorruptFileError, TruncatedFileError } from './errors.ts';

/** A named f32 tensor; `data` are its little-endian bytes. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface TensorFile {
  readonly tensors: readonly NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
const F32_BYTES = 4;
/** The reference implementation's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const entrySchema = z.strictObject({
  dtype: z.literal('F32'),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(entrySchema);

/** The file as parts to be written after one another; tensors are not copied. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array[] {
  let offset = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const start = offset;
    offset += data.length;
    return [name, { dtype: 'F32', shape, data_offsets: [start, offset] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const unpadded = new TextEncoder().encode(json);
  const header = new Uint8Array(LENGTH_BYTES + Math.ceil(unpadded.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - LENGTH_BYTES), true);
  header.set(unpadded, LENGTH_BYTES);
  return [header, ...tensors.map(({ data }) => data)];
}

/** Parses the header only. `start` is where tensor bytes begin. */
function parseHeader(bytes: Uint8Array, file: string): { header: z.infer<typeof headerSchema>; start: number } {
  if (bytes.length < LENGTH_BYTES) throw new TruncatedFileError({ file, expected: LENGTH_BYTES, found: bytes.length });
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw new CorruptFileError({ file, why: `its header claims ${length} bytes` });
  const start = LENGTH_BYTES + length;
  if (bytes.length < start) throw new TruncatedFileError({ file, expected: start, found: bytes.length });
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start));
    return { header: headerSchema.parse(JSON.parse(text)), start };
  } catch (cause) {
    throw new CorruptFileError({ file, why: 'its header is not a safetensors header of f32 tensors', cause });
  }
}

/**
 * Reads a file of f32 tensors; tensor data are views into `bytes`, in the order of their offsets.
 * @param file the name to use in errors
 * @throws TruncatedFileError, CorruptFileError
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): TensorFile {
  const { header, start } = parseHeader(bytes, file);
  const { __metadata__: metadata = {}, ...entries } = header;
  const sorted = Object.entries(entries as Record<string, z.infer<typeof entrySchema>>).toSorted(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0],
  );
  let position = 0;
  const tensors = sorted.map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const size = shape.reduce((product, side) => product * side, F32_BYTES);
      if (from !== position || to - from !== size)
        throw new CorruptFileError({ file, why: `tensor ${name} has offsets that don't fit its shape` });
      position = to;
      return { name, shape, data: bytes.subarray(start + from, start + to) };
    },
  );
  if (bytes.length < start + position)
    throw new TruncatedFileError({ file, expected: start + position, found: bytes.length });
  if (bytes.length > start + position)
    throw new CorruptFileError({ file, why: `${bytes.length - start - position} bytes follow its last tensor` });
  return { tensors, metadata };
}
