/**
 * The IDX format (MNIST): two zero bytes, a type byte, the rank, one u32 big-endian a dimension, then the elements. Pure.
 * The bytes may come from anywhere, so every number in the header is checked against the length.
 */
import { DataFormatError } from './errors.ts';

/** An IDX tensor of unsigned bytes. */
export interface IdxTensor {
  readonly shape: readonly number[];
  /** A view on the elements in the file, row-major. */
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const typeNames: Readonly<Record<number, string>> = { 0x09: 'i8', 0x0b: 'i16', 0x0c: 'i32', 0x0d: 'f32', 0x0e: 'f64' };
const LARGEST_RANK = 4;

/**
 * Reads an IDX file of unsigned bytes.
 * @throws DataFormatError naming what does not fit
 */
export function parseIdx(bytes: Uint8Array, location: string): IdxTensor {
  const fail = (reason: string): never => {
    throw new DataFormatError({
      location,
      reason,
      mend: 'Give an IDX file of unsigned bytes, as MNIST has them (gzip is accepted).',
    });
  };
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    fail('is not an IDX file: it does not begin with two zero bytes');
  const [, , type = 0, rank = 0] = bytes;
  if (type !== UNSIGNED_BYTE)
    fail(`holds ${typeNames[type] ?? `elements of unknown type ${type}`}, not unsigned bytes`);
  if (rank < 1 || rank > LARGEST_RANK) fail(`has ${rank} dimensions, not 1 to ${LARGEST_RANK}`);
  const start = 4 + rank * 4;
  if (bytes.length < start) fail('ends within its header');
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + axis * 4));
  if (shape.includes(0)) fail(`is empty: its shape is ${shape.join('×')}`);
  const size = shape.reduce((product, side) => product * side, 1);
  if (bytes.length - start !== size)
    fail(`says ${shape.join('×')} = ${size} bytes, but ${bytes.length - start} follow its header`);
  return { shape, values: bytes.subarray(start) };
}
