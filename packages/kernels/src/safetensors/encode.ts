/** Writes f32 tensors in the safetensors format. */
import { bitsOf } from './dtypes.ts';
import { SafetensorsError } from './errors.ts';
import { MAX_RANK, MAX_TENSORS, METADATA } from './header.ts';

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
/** Spaces after the header put the first tensor at a multiple of this. */
const ALIGNMENT = 8;

/**
 * The file as parts to be written after one another; tensors are not copied.
 * @throws SafetensorsError for tensors that no file could hold
 */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array[] {
  checkTensors(tensors);
  let offset = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const start = offset;
    offset += data.length;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [start, offset] })}`;
  });
  const json = `{${[`"${METADATA}":${JSON.stringify(metadata)}`, ...entries].join()}}`;
  const unpadded = new TextEncoder().encode(json);
  const header = new Uint8Array(LENGTH_BYTES + Math.ceil(unpadded.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - LENGTH_BYTES), true);
  header.set(unpadded, LENGTH_BYTES);
  return [header, ...tensors.map(({ data }) => data)];
}

function checkTensors(tensors: readonly NamedTensor[]): void {
  const seen = new Set<string>([METADATA]);
  if (tensors.length > MAX_TENSORS) refuse('the file', `${tensors.length} tensors are more than ${MAX_TENSORS}`);
  for (const { name, shape, data } of tensors) {
    const place = `tensor ${JSON.stringify(name)}`;
    if (seen.has(name)) refuse(place, 'its name is taken');
    seen.add(name);
    if (shape.length > MAX_RANK || !shape.every((side) => Number.isSafeInteger(side) && side >= 0))
      refuse(place, `[${shape}] is not a shape`);
    if (bitsOf('F32', shape) !== 8 * data.length)
      refuse(place, `f32 [${shape}] does not take the ${data.length} bytes that are there`);
  }
}

function refuse(place: string, problem: string): never {
  throw new SafetensorsError({
    file: 'a file to be written',
    place,
    problem,
    mend: 'Give each tensor a name of its own, a shape, and four bytes an element.',
  });
}
