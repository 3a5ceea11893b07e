/** Little-endian bytes of constant tensors. */
import type { OnnxDType } from './lowering.ts';

const BYTES: Readonly<
  Record<OnnxDType, { readonly size: number; readonly set: (view: DataView, at: number, value: number) => void }>
> = {
  f32: { size: 4, set: (view, at, value) => view.setFloat32(at, value, true) },
  i32: { size: 4, set: (view, at, value) => view.setInt32(at, value, true) },
  i64: { size: 8, set: (view, at, value) => view.setBigInt64(at, BigInt(value), true) },
  bool: { size: 1, set: (view, at, value) => view.setUint8(at, value === 0 ? 0 : 1) },
};

/** `TensorProto.raw_data` of a constant. */
export function tensorBytes(dtype: OnnxDType, values: readonly number[]): Uint8Array {
  const { size, set } = BYTES[dtype];
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (const [index, value] of values.entries()) set(view, index * size, value);
  return new Uint8Array(view.buffer);
}
