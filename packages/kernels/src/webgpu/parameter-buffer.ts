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

/** Copies padded bytes × `scale` to the flat vector `into`; what no slot covers becomes 0. */
export function gatherScaled({ slots }: PaddedLayout, bytes: ArrayBuffer, into: Float32Array, scale: number): void {
  into.fill(0);
  for (const { byteOffset, offset, size } of slots) {
    const source = new Float32Array(bytes, byteOffset, size);
    for (let index = 0; index < size; index++) into[offset + index] = source[index]! * scale;
  }
}
