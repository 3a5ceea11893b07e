/** The instructions of the IR's operations, for one value and for four at once. A bool is 0 or 1, or a mask a lane. */
import type { BinaryOp, Expr, UnaryOp } from '../../canonical/expression.ts';
import { FLUSH_LIMIT } from '../../canonical/flush.ts';
import type { FunctionBuilder } from '../wasm/function.ts';
import type { PlainName } from '../wasm/opcodes.ts';

type BinaryTable = Readonly<Partial<Record<BinaryOp, PlainName>>>;
type Operands = 'f32' | 'i32' | 'bool';

const SCALAR: Readonly<Record<Operands, BinaryTable>> = {
  f32: {
    add: 'f32.add',
    subtract: 'f32.sub',
    multiply: 'f32.mul',
    less: 'f32.lt',
    lessOrEqual: 'f32.le',
    equal: 'f32.eq',
  },
  i32: {
    add: 'i32.add',
    subtract: 'i32.sub',
    multiply: 'i32.mul',
    divide: 'i32.div_u',
    remainder: 'i32.rem_u',
    and: 'i32.and',
    or: 'i32.or',
    xor: 'i32.xor',
    shiftLeft: 'i32.shl',
    shiftRight: 'i32.shr_s',
    shiftRightLogical: 'i32.shr_u',
    less: 'i32.lt_s',
    lessOrEqual: 'i32.le_s',
    lessUnsigned: 'i32.lt_u',
    equal: 'i32.eq',
  },
  bool: { and: 'i32.and', or: 'i32.or' },
};

const VECTOR: Readonly<Record<Operands, BinaryTable>> = {
  f32: {
    add: 'f32x4.add',
    subtract: 'f32x4.sub',
    multiply: 'f32x4.mul',
    less: 'f32x4.lt',
    lessOrEqual: 'f32x4.le',
    equal: 'f32x4.eq',
  },
  i32: {
    add: 'i32x4.add',
    subtract: 'i32x4.sub',
    multiply: 'i32x4.mul',
    and: 'v128.and',
    or: 'v128.or',
    xor: 'v128.xor',
    less: 'i32x4.lt_s',
    lessOrEqual: 'i32x4.le_s',
    lessUnsigned: 'i32x4.lt_u',
    equal: 'i32x4.eq',
  },
  bool: { and: 'v128.and', or: 'v128.or' },
};

/** Shifts of four values by one amount. */
const SHIFTS: BinaryTable = { shiftLeft: 'i32x4.shl', shiftRight: 'i32x4.shr_s', shiftRightLogical: 'i32x4.shr_u' };

export const scalarBinary = ({ op, a }: Extract<Expr, { kind: 'binary' }>): PlainName | undefined => SCALAR[a.type][op];
export const vectorBinary = ({ op, a }: Extract<Expr, { kind: 'binary' }>): PlainName | undefined => VECTOR[a.type][op];
export const vectorShift = (op: BinaryOp): PlainName | undefined => SHIFTS[op];

/** Bits of the smallest magnitude that is not flushed. */
const LIMIT_BITS = new Int32Array(Float32Array.of(FLUSH_LIMIT).buffer)[0]!;
const MAGNITUDE = 0x7fff_ffff;

/** Replaces the scalar on the stack. `flush` compares bits, so that no branch is made; a NaN's are above every limit. */
export function scalarUnary(f: FunctionBuilder, op: UnaryOp): void {
  const simple: Readonly<Record<Exclude<UnaryOp, 'flush'>, PlainName>> = {
    negate: 'f32.neg',
    absolute: 'f32.abs',
    toFloat: 'f32.convert_i32_s',
    truncate: 'i32.trunc_sat_f32_s',
    bits: 'i32.reinterpret_f32',
    fromBits: 'f32.reinterpret_i32',
    not: 'i32.eqz',
  };
  if (op !== 'flush') {
    f.op(simple[op]);
    return;
  }
  f.withTemporary('i32', (bits) => {
    f.op('i32.reinterpret_f32').set(bits);
    f.get(bits).i32(0).get(bits).i32(MAGNITUDE).op('i32.and').i32(LIMIT_BITS).op('i32.ge_s', 'select');
    f.op('f32.reinterpret_i32');
  });
}

const LIMIT_NODE: Expr = { kind: 'constant', type: 'f32', value: FLUSH_LIMIT };
const MAGNITUDE_NODE: Expr = { kind: 'constant', type: 'i32', value: MAGNITUDE };

/** Constants that the vector form of an operation reads: one node each, so that its lanes are made once. */
export function vectorConstants(op: UnaryOp): readonly Expr[] {
  if (op === 'flush') return [LIMIT_NODE, MAGNITUDE_NODE];
  return op === 'absolute' ? [MAGNITUDE_NODE] : [];
}

/** Replaces the vector on the stack. @param push pushes four times a constant */
export function vectorUnary(f: FunctionBuilder, op: UnaryOp, push: (constant: Expr) => void): void {
  const simple: Readonly<Partial<Record<UnaryOp, PlainName>>> = {
    negate: 'f32x4.neg',
    toFloat: 'f32x4.convert_i32x4_s',
    truncate: 'i32x4.trunc_sat_f32x4_s',
    not: 'v128.not',
  };
  const name = simple[op];
  if (name) f.op(name);
  if (op === 'absolute') {
    push(MAGNITUDE_NODE);
    f.op('v128.and');
  }
  if (op === 'flush') {
    f.withTemporary('v128', (x) => {
      f.tee(x).get(x);
      push(MAGNITUDE_NODE);
      f.op('v128.and');
      push(LIMIT_NODE);
      f.op('f32x4.lt', 'v128.andnot');
    });
  }
}
