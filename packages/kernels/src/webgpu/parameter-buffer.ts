/** The flat parameter vector on a device, each parameter at an offset at which it can be bound. */
import type { ParameterSlot } from '../graph/parameter-layout.ts';

/** The flat layout with gaps: byte offsets are multiples of the device's alignment. */
export interface PaddedLayout {
  /** Bytes in all. */
  readonly bytes: number;
  readonly slots: readonly (ParameterSlot & { readonly byteOffset: number })[];
}

/** @param elementBytes bytes of one element of a slot */
export function padLayout(slots: readonly ParameterSlot[], alignment: number, elementBytes = 4): PaddedLayout {
  let bytes = 0;
  const padded = slots.map((slot) => {
    const byteOffset = bytes;
    bytes += Math.ceil((slot.size * elementBytes) / alignment) * alignment;
    return { ...slot, byteOffset };
  });
  return { bytes, slots: padded };
}

/** A part of a padded vector that begins at byte `start` of it. */
export interface Piece {
  readonly bytes: ArrayBuffer;
  readonly start: number;
}

/** Copies × `scale` what lies of each slot in a piece of f32 to its place in the flat vector `into`. */
export function gatherScaled(layout: PaddedLayout, piece: Piece, into: Float32Array, scale: number): void {
  const values = new Float32Array(piece.bytes);
  for (const { from, to, count } of partsOf(layout, piece, 4))
    for (let index = 0; index < count; index++) into[to + index] = values[from + index]! * scale;
}

/** Copies what lies of each slot in a piece of i64 to its place in the flat vector `into`. */
export function gatherFixed(layout: PaddedLayout, piece: Piece, into: BigInt64Array): void {
  const values = new BigInt64Array(piece.bytes);
  for (const { from, to, count } of partsOf(layout, piece, 8)) into.set(values.subarray(from, from + count), to);
}

/** For each slot that the piece holds any of: where it lies there, where in the flat vector, and how many elements. */
function partsOf({ slots }: PaddedLayout, { bytes, start }: Piece, elementBytes: number) {
  return slots.flatMap(({ byteOffset, offset, size }) => {
    const before = (start - byteOffset) / elementBytes;
    const first = Math.max(before, 0);
    const count = Math.min(before + bytes.byteLength / elementBytes, size) - first;
    return count > 0 ? [{ from: first - before, to: offset + first, count }] : [];
  });
}
