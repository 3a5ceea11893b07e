/**
 * The WebAssembly instructions that our code generators use, by their names in the specification: one byte, or
 * a prefix (0xfc, 0xfd) and a number. No relaxed SIMD instruction is listed, and none may be: their results differ
 * between machines.
 */

/** Instructions without immediates. */
export const PLAIN = {
  unreachable: [0x00],
  return: [0x0f],
  drop: [0x1a],
  select: [0x1b],
  ...numbered('i32', 0x45, ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']),
  ...numbered('i64', 0x50, ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']),
  ...numbered('f32', 0x5b, ['eq', 'ne', 'lt', 'gt', 'le', 'ge']),
  ...numbered('f64', 0x61, ['eq', 'ne', 'lt', 'gt', 'le', 'ge']),
  ...numbered('i32', 0x67, ['clz', 'ctz', 'popcnt', 'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u']),
  ...numbered('i32', 0x71, ['and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr']),
  ...numbered('i64', 0x79, ['clz', 'ctz', 'popcnt', 'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u']),
  ...numbered('i64', 0x83, ['and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr']),
  ...numbered('f32', 0x8b, ['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt', 'add', 'sub', 'mul', 'div']),
  ...numbered('f64', 0x99, ['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt', 'add', 'sub', 'mul', 'div']),
  'f64.copysign': [0xa6],
  'i32.wrap_i64': [0xa7],
  'i64.extend_i32_s': [0xac],
  'i64.extend_i32_u': [0xad],
  'i64.trunc_f64_s': [0xb0],
  'f32.convert_i32_s': [0xb2],
  'f32.convert_i32_u': [0xb3],
  'f32.convert_i64_s': [0xb4],
  'f32.demote_f64': [0xb6],
  'f64.convert_i64_s': [0xb9],
  'f64.promote_f32': [0xbb],
  'i32.reinterpret_f32': [0xbc],
  'f32.reinterpret_i32': [0xbe],
  'i32.trunc_sat_f32_s': [0xfc, 0x00],
  'i32.trunc_sat_f32_u': [0xfc, 0x01],
  'memory.copy': [0xfc, 0x0a, 0x00, 0x00],
  'memory.fill': [0xfc, 0x0b, 0x00],
  'i32x4.splat': simd(0x11),
  'i64x2.splat': simd(0x12),
  'f32x4.splat': simd(0x13),
  'f64x2.splat': simd(0x14),
  'f64x2.lt': simd(0x49),
  'f64x2.promote_low_f32x4': simd(0x5f),
  'f64x2.trunc': simd(0x7a),
  'i64x2.all_true': simd(0xc3),
  'i64x2.bitmask': simd(0xc4),
  'i64x2.add': simd(0xce),
  'i64x2.sub': simd(0xd1),
  'i64x2.ne': simd(0xd7),
  'f64x2.abs': simd(0xec),
  'f64x2.add': simd(0xf0),
  'f64x2.mul': simd(0xf2),
  ...vectors('i32x4', 0x37, ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']),
  ...vectors('f32x4', 0x41, ['eq', 'ne', 'lt', 'gt', 'le', 'ge']),
  ...vectors('v128', 0x4d, ['not', 'and', 'andnot', 'or', 'xor', 'bitselect', 'any_true']),
  ...vectors('f32x4', 0x67, ['ceil', 'floor', 'trunc', 'nearest']),
  ...vectors('i32x4', 0xa0, ['abs', 'neg']),
  ...vectors('i32x4', 0xab, ['shl', 'shr_s', 'shr_u', 'add']),
  'i32x4.sub': simd(0xb1),
  ...vectors('i32x4', 0xb5, ['mul', 'min_s', 'min_u', 'max_s', 'max_u']),
  ...vectors('f32x4', 0xe0, ['abs', 'neg']),
  ...vectors('f32x4', 0xe3, ['sqrt', 'add', 'sub', 'mul', 'div', 'min', 'max', 'pmin', 'pmax']),
  ...vectors('i32x4', 0xf8, ['trunc_sat_f32x4_s', 'trunc_sat_f32x4_u']),
  ...vectors('f32x4', 0xfa, ['convert_i32x4_s', 'convert_i32x4_u']),
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** Instructions with an address: alignment (log₂ of bytes) and offset follow. */
export const MEMORY = {
  'i32.load': { code: [0x28], bytes: 4 },
  'i64.load': { code: [0x29], bytes: 8 },
  'f32.load': { code: [0x2a], bytes: 4 },
  'i32.store': { code: [0x36], bytes: 4 },
  'i64.store': { code: [0x37], bytes: 8 },
  'f32.store': { code: [0x38], bytes: 4 },
  'v128.load': { code: simd(0x00), bytes: 4 },
  'v128.load32_splat': { code: simd(0x09), bytes: 4 },
  'v128.load64_zero': { code: simd(0x5d), bytes: 4 },
  'v128.store': { code: simd(0x0b), bytes: 4 },
} as const satisfies Readonly<Record<string, { code: readonly number[]; bytes: number }>>;

/** Instructions with the number of a lane. */
export const LANE = {
  'i32x4.extract_lane': simd(0x1b),
  'i32x4.replace_lane': simd(0x1c),
  'f32x4.extract_lane': simd(0x1f),
  'f32x4.replace_lane': simd(0x20),
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type PlainName = keyof typeof PLAIN;
export type MemoryName = keyof typeof MEMORY;
export type LaneName = keyof typeof LANE;

/** The bytes of a SIMD instruction: its number is LEB128, two bytes from 0x80 on. */
function simd(code: number): readonly number[] {
  return code < 0x80 ? [0xfd, code] : [0xfd, code, 0x01];
}

/** Consecutive one-byte codes of one type. */
function numbered<T extends string, N extends string>(
  type: T,
  first: number,
  names: readonly N[],
): Record<`${T}.${N}`, readonly number[]> {
  const rows = names.map((name, index) => [`${type}.${name}`, [first + index]]);
  return Object.fromEntries(rows) as Record<`${T}.${N}`, readonly number[]>;
}

/** Consecutive SIMD codes of one shape. */
function vectors<T extends string, N extends string>(
  type: T,
  first: number,
  names: readonly N[],
): Record<`${T}.${N}`, readonly number[]> {
  const rows = names.map((name, index) => [`${type}.${name}`, simd(first + index)]);
  return Object.fromEntries(rows) as Record<`${T}.${N}`, readonly number[]>;
}
