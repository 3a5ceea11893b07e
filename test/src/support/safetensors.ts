/** The tensors of a checkpoint, read with nothing of the product's own. */
import { readFileSync } from 'node:fs';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The f32 tensors of a safetensors file in the order of their offsets (format: u64 header length, JSON header, data). */
export function readTensors(path: string): Map<string, Float32Array> {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, Entry>;
  const valuesOf = ({ data_offsets: [from, to] }: Entry): Float32Array =>
    new Float32Array(Uint8Array.from(file.subarray(8 + length + from, 8 + length + to)).buffer);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .toSorted(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  return new Map(entries.map(([name, entry]) => [name, valuesOf(entry)]));
}

/** All f32 values of a safetensors file in the order of their offsets. */
export function readParameters(path: string): Float32Array {
  const values = [...readTensors(path).values()];
  const all = new Float32Array(values.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of values) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** ‖a − b‖₂ / ‖b‖₂ */
export function relativeDistance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  b.forEach((value, i) => {
    difference += ((a[i] ?? 0) - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
