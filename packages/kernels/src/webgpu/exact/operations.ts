/** The operations of exact arithmetic as WGSL, on one f32 or on four at once. */
import type { BinaryOp, ScalarType, UnaryOp } from '../../canonical/expression.ts';
import { FLUSH_LIMIT } from '../../canonical/flush.ts';
import { f32Literal } from '../wgsl.ts';

/** One value or four. */
export type Width = 1 | 4;

/**
 * How a matrix product keeps product and sum apart. `plain`: not at all, for adapters that round each on its own. `barrier`:
 * the bits of every product go through an xor with a zero that only the host knows, so that no compiler can contract the
 * two. Maps always have the barrier: what compilers make of their longer expressions cannot be probed beforehand, and
 * they wait for memory anyway.
 */
export type Rounding = 'plain' | 'barrier';

const types: Readonly<Record<ScalarType, readonly [string, string]>> = {
  f32: ['f32', 'vec4f'],
  i32: ['i32', 'vec4i'],
  bool: ['bool', 'vec4<bool>'],
};

export const wgslType = (type: ScalarType, width: Width): string => types[type][width === 1 ? 0 : 1];

/** Functions that rendered expressions call. Each has a form for four values, whose name ends in 4. */
export const PRELUDE = [
  ...([1, 4] as const).map((width) => {
    const [float, suffix] = [wgslType('f32', width), width === 4 ? '4' : ''];
    const limit = `${float}(${f32Literal(FLUSH_LIMIT)})`;
    return `fn flushed${suffix}(x: ${float}) -> ${float} { return select(x, ${float}(), abs(x) < ${limit}); }`;
  }),
  'fn apart(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ dims.zero); }',
  'fn apart4(x: vec4f) -> vec4f { return bitcast<vec4f>(bitcast<vec4u>(x) ^ vec4u(dims.zero)); }',
].join('\n');

type Unary = (x: string, width: Width) => string;
const unaries: Readonly<Record<UnaryOp, Unary>> = {
  negate: (x) => `-(${x})`,
  absolute: (x) => `abs(${x})`,
  flush: (x, width) => `flushed${width === 4 ? '4' : ''}(${x})`,
  toFloat: (x, width) => `${wgslType('f32', width)}(${x})`,
  truncate: (x, width) => `${wgslType('i32', width)}(${x})`,
  bits: (x, width) => `bitcast<${wgslType('i32', width)}>(${x})`,
  fromBits: (x, width) => `bitcast<${wgslType('f32', width)}>(${x})`,
  not: (x) => `!${x}`,
};

export const renderUnary = (op: UnaryOp, x: string, width: Width): string => unaries[op](x, width);

const unsigned = (x: string, width: Width): string => `bitcast<${width === 1 ? 'u32' : 'vec4u'}>(${x})`;
const signed = (x: string, width: Width): string => `bitcast<${wgslType('i32', width)}>(${x})`;

type Binary = (a: string, b: string, width: Width) => string;
const infix =
  (operator: string): Binary =>
  (a, b) =>
    `${a} ${operator} ${b}`;
/** On the bits as numbers ≥ 0. */
const natural =
  (operator: string): Binary =>
  (a, b, width) =>
    signed(`${unsigned(a, width)} ${operator} ${unsigned(b, width)}`, width);

const binaries: Readonly<Record<BinaryOp, Binary>> = {
  add: infix('+'),
  subtract: infix('-'),
  multiply: infix('*'),
  divide: natural('/'),
  remainder: natural('%'),
  and: infix('&'),
  or: infix('|'),
  xor: infix('^'),
  shiftLeft: (a, b, width) => `${a} << ${unsigned(b, width)}`,
  shiftRight: (a, b, width) => `${a} >> ${unsigned(b, width)}`,
  shiftRightLogical: natural('>>'),
  less: infix('<'),
  lessOrEqual: infix('<='),
  lessUnsigned: (a, b, width) => `${unsigned(a, width)} < ${unsigned(b, width)}`,
  equal: infix('=='),
};

/** `type` is the operands'. */
export function renderBinary(op: BinaryOp, type: ScalarType, a: string, b: string, width: Width): string {
  const text = binaries[op](a, b, width);
  return type === 'f32' && op === 'multiply' ? apart(text, width) : text;
}

/** An f32 by its bits, changed by a zero that no compiler knows to be one. */
export const apart = (x: string, width: Width): string => `apart${width === 4 ? '4' : ''}(${x})`;

const bits = new DataView(new ArrayBuffer(4));

/** A literal. WGSL has none for infinities and NaN, and refuses to compute them, so they need a zero that it cannot see. */
export function renderLiteral(type: 'f32' | 'i32', value: number): string {
  if (type === 'i32') return value === -0x8000_0000 ? 'i32(-2147483648)' : `${value}i`;
  if (Object.is(value, -0)) return '-0.0f';
  if (Number.isFinite(value)) return f32Literal(value);
  bits.setFloat32(0, value);
  return `bitcast<f32>(${bits.getUint32(0)}u | dims.zero)`;
}
