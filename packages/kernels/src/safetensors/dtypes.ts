/** Element types of the format, and how those that hold real numbers become f32. */

/** Bits of each element type that the format names. */
const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
} as const;

export type TensorDType = keyof typeof DTYPE_BITS;

export const TENSOR_DTYPES = Object.keys(DTYPE_BITS);

export const isTensorDType = (name: string): name is TensorDType => Object.hasOwn(DTYPE_BITS, name);

/** Bits that a tensor takes; null where they pass what a number counts exactly. */
export function bitsOf(dtype: TensorDType, shape: readonly number[]): number | null {
  if (shape.includes(0)) return 0;
  let bits: number = DTYPE_BITS[dtype];
  for (const side of shape) {
    bits *= side;
    if (!Number.isSafeInteger(bits)) return null;
  }
  return bits;
}

/** IEEE-754 binary16 to its number; every one is exact in f32. */
function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >>> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A copy in memory of its own, wherever `data` begins. Not `slice`: Node's Buffer gives a view there. */
const copied = (data: Uint8Array): ArrayBuffer => new Uint8Array(data).buffer;
const words = (data: Uint8Array): Uint16Array => new Uint16Array(copied(data));

/** How the bytes of a tensor become f32 values, by element type. All three conversions are exact. */
export const TO_F32: Readonly<Partial<Record<TensorDType, (data: Uint8Array) => Float32Array<ArrayBuffer>>>> = {
  F32: (data) => new Float32Array(copied(data)),
  F16: (data) => Float32Array.from(words(data), halfToNumber),
  // A bfloat16 is the upper half of an f32.
  BF16: (data) => new Float32Array(Uint32Array.from(words(data), (word) => word << 16).buffer),
};
