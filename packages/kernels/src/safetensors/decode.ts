/**
 * Reads the safetensors format: `u64le headerLength | header (JSON) | tensors (little-endian)`, as
 * https://github.com/huggingface/safetensors specifies it. Whatever a file claims is checked against the bytes that are
 * there before anything is made of that size; tensors are views, so that reading takes the header's memory alone.
 */
import { bitsOf, TO_F32, type TensorDType } from './dtypes.ts';
import { SafetensorsError } from './errors.ts';
import { type HeaderEntry, parseHeader } from './header.ts';

/** A tensor of a file; `data` are its little-endian bytes, a view into the file's. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface StoredTensors {
  /** In the order of their bytes. */
  readonly tensors: readonly StoredTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
/** The reference implementation's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const COPY_AGAIN = 'Copy or download the file again.';
const WRITE_AGAIN = 'Write the file again with a program that follows the safetensors format.';

/**
 * Reads a file.
 * @param file the name to use in errors
 * @throws SafetensorsError naming the place
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): StoredTensors {
  const start = headerEnd(bytes, file);
  const { entries, metadata } = parseHeader(headerText(bytes.subarray(LENGTH_BYTES, start), file), file);
  const body = bytes.subarray(start);
  const sorted = entries.toSorted((a, b) => a.offsets[0] - b.offsets[0] || a.offsets[1] - b.offsets[1]);
  const end = sorted.reduce((position, entry) => checkEntry(entry, position, body.length, file), 0);
  if (end < body.length) {
    refuse(file, 'the file', `${body.length - end} bytes follow its last tensor`, WRITE_AGAIN);
  }
  const tensors = sorted.map(({ name, dtype, shape, offsets: [from, to] }) => ({
    name,
    dtype,
    shape,
    data: body.subarray(from, to),
  }));
  return { tensors, metadata };
}

/** Where the header ends: the bytes that the first eight claim for it, which must be there. */
function headerEnd(bytes: Uint8Array, file: string): number {
  if (bytes.length < LENGTH_BYTES) truncated(file, 'the file', LENGTH_BYTES, bytes.length);
  const claimed = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (claimed > MAX_HEADER_BYTES)
    refuse(file, 'the header', `it claims ${claimed} bytes, more than ${MAX_HEADER_BYTES}`, WRITE_AGAIN);
  const end = LENGTH_BYTES + Number(claimed);
  if (bytes.length < end) truncated(file, 'the header', end, bytes.length);
  return end;
}

function headerText(header: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw new SafetensorsError({ file, place: 'the header', problem: 'it is not UTF-8', mend: WRITE_AGAIN, cause });
  }
}

/** Checks one tensor against its shape and the tensor before it, which ends at `position`; returns its own end. */
function checkEntry(
  { name, dtype, shape, offsets }: HeaderEntry,
  position: number,
  length: number,
  file: string,
): number {
  const place = `tensor ${JSON.stringify(name.slice(0, 200))}`;
  const [from, to] = offsets;
  const bits = bitsOf(dtype, shape);
  if (bits === null || bits % 8 !== 0 || bits !== 8 * (to - from)) {
    const needed = bits === null ? 'more than 2⁵³ bits' : `${bits / 8} bytes`;
    refuse(file, place, `${dtype} [${shape}] takes ${needed} and its offsets are [${offsets}]`, WRITE_AGAIN);
  }
  if (from < position) refuse(file, place, `it begins at ${from}, within the tensor before it`, WRITE_AGAIN);
  if (from > position) refuse(file, place, `${from - position} bytes before it belong to no tensor`, WRITE_AGAIN);
  if (to > length) truncated(file, place, to, length);
  return to;
}

/**
 * A tensor's elements as f32, a copy. F32, F16 and BF16 tensors have them.
 * @throws SafetensorsError for a tensor of another type
 */
export function tensorFloats({ name, dtype, data }: StoredTensor, file: string): Float32Array<ArrayBuffer> {
  const convert = TO_F32[dtype];
  if (convert) return convert(data);
  return refuse(
    file,
    `tensor ${JSON.stringify(name.slice(0, 200))}`,
    `${dtype} is not one of ${Object.keys(TO_F32).join(', ')}`,
    'Convert the tensor to F32 before saving it.',
  );
}

function refuse(file: string, place: string, problem: string, mend: string): never {
  throw new SafetensorsError({ file, place, problem, mend });
}

function truncated(file: string, place: string, expected: number, found: number): never {
  const problem = `it is truncated: ${found} bytes are there where ${expected} belong`;
  throw new SafetensorsError({ file, place, problem, mend: COPY_AGAIN, truncated: true });
}
