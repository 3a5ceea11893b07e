/** The flat parameter vector on a device, each parameter at an offset at which it can be bound. */
import type { ParameterSlot } from '../graph/parameter-layout.ts';

/** The flat layout with gaps: byte offsets are multiples of the device's alignment. */
export interface PaddedLayout {
  /** Bytes in all. */
  readonly bytes: number;
  readonly slots: readonly (ParameterSlot & { readonly byteOffset: number })[];
}

export function padLayout(slots: readonly ParameterSlot[], alignment: number): PaddedLayout {
  let bytes = 0;
  const padded = slots.map((slot) => {
    const byteOffset = bytes;
    bytes += Math.ceil((slot.size * 4) / alignment) * alignment;
    return { ...slot, byteOffset };
  });
  return { bytes, slots: padded };
}

/**
 * Copies × `scale` what lies of each slot in `bytes`, a piece of the padded layout that begins at byte `start`, to its
 * place in the flat vector `into`.
 */
export function gatherScaled(
  { slots }: PaddedLayout,
  { bytes, start }: { readonly bytes: ArrayBuffer; readonly start: number },
  into: Float32Array,
  scale: number,
): void {
  const piece = new Float32Array(bytes);
  for (const { byteOffset, offset, size } of slots) {
    const before = (start - byteOffset) / 4;
    const first = Math.max(before, 0);
    const end = Math.min(before + piece.length, size);
    for (let index = first; index < end; index++) into[offset + index] = piece[index - before]! * scale;
  }
}
