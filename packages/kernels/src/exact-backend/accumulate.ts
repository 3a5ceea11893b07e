/**
 * Adding a gradient to fixed-point sums (`canonical/fixed-point.ts` is the rule), as WebAssembly. A gradient as f64 times 2⁴⁴ is
 * exact; half a unit added away from zero and the fraction cut off, it is the nearest integer with ties away from zero.
 */
import { FRACTION_BITS, LIMIT_BITS } from '../canonical/fixed-point.ts';
import { FunctionBuilder, type Local } from './wasm/function.ts';

const OVERFLOWN = -(2n ** 63n);
const UNITS = 2 ** FRACTION_BITS;
/** Integers below 2⁵¹ are the low bits of their f64 sum with this, whose own bits are then taken off. */
const MAGIC = 1.5 * 2 ** 52;
const MAGIC_BITS = new BigInt64Array(Float64Array.of(MAGIC).buffer)[0]!;
const MAGIC_LIMIT = 2 ** 51;

/** (sums, gradient, count): i64 sums and f32 gradients at byte addresses. */
export function accumulateFunction(): FunctionBuilder {
  const f = new FunctionBuilder(['i32', 'i32', 'i32']);
  const [sums, gradient, count] = f.parameters as [Local, Local, Local];
  const at = f.local('i32');
  const one = scalarForm(f, sums, gradient);
  const two = pairForm(f, sums, gradient, one);
  f.while(
    at,
    () => f.get(count).i32(1).op('i32.sub'),
    2,
    () => {
      two();
      f.add(sums, 16);
      f.add(gradient, 8);
    },
  );
  f.while(at, count, 1, () => one(0));
  return f;
}

/** Emits the addition of the element at `place` after the addresses. */
function scalarForm(f: FunctionBuilder, sums: Local, gradient: Local): (place: number) => void {
  const value = f.local('f64');
  const [sum, added, result] = f.locals('i64', 3) as [Local, Local, Local];
  return (place) => {
    f.get(sums)
      .memory('i64.load', place * 8)
      .set(sum);
    f.get(gradient)
      .memory('f32.load', place * 4)
      .op('f64.promote_f32')
      .f64(UNITS)
      .op('f64.mul')
      .tee(value);
    f.op('f64.abs')
      .f64(2 ** (LIMIT_BITS + FRACTION_BITS))
      .op('f64.lt');
    f.get(sum).i64(OVERFLOWN).op('i64.ne', 'i32.and');
    f.if(
      () => {
        f.get(value).f64(0.5).get(value).op('f64.copysign', 'f64.add', 'i64.trunc_f64_s').tee(added);
        f.get(sum).op('i64.add').set(result);
        // The sum overflows where both operands have the sign that it has not.
        f.i64(OVERFLOWN).get(result).get(result).get(sum).op('i64.xor').get(result).get(added);
        f.op('i64.xor', 'i64.and').i64(0n).op('i64.lt_s', 'select').set(result);
      },
      () => f.i64(OVERFLOWN).set(result),
    );
    f.get(sums)
      .get(result)
      .memory('i64.store', place * 8);
  };
}

/** Emits the addition of two elements: at once where both are small and nothing overflows, else one by one. */
function pairForm(f: FunctionBuilder, sums: Local, gradient: Local, one: (place: number) => void): () => void {
  const [values, sum, added, result] = f.locals('v128', 4) as [Local, Local, Local, Local];
  const [units, limit, overflown, sign, half, magic, magicBits] = f.locals('v128', 7) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  for (const [local, value] of [
    [units, UNITS],
    [limit, MAGIC_LIMIT],
    [half, 0.5],
    [magic, MAGIC],
  ] as const)
    f.f64(value).op('f64x2.splat').set(local);
  for (const [local, value] of [
    [overflown, OVERFLOWN],
    [sign, OVERFLOWN],
    [magicBits, MAGIC_BITS],
  ] as const)
    f.i64(value).op('i64x2.splat').set(local);
  return () => {
    f.get(gradient).memory('v128.load64_zero').op('f64x2.promote_low_f32x4').get(units).op('f64x2.mul').set(values);
    f.get(sums).memory('v128.load').set(sum);
    f.get(values).get(values).get(sign).op('v128.and').get(half).op('v128.or', 'f64x2.add', 'f64x2.trunc');
    f.get(magic).op('f64x2.add').get(magicBits).op('i64x2.sub').tee(added).get(sum).op('i64x2.add').set(result);
    f.get(values).op('f64x2.abs').get(limit).op('f64x2.lt').get(sum).get(overflown).op('i64x2.ne', 'v128.and');
    f.op('i64x2.all_true');
    f.get(result).get(sum).op('v128.xor').get(result).get(added).op('v128.xor', 'v128.and', 'i64x2.bitmask');
    f.op('i32.eqz', 'i32.and').if(
      () => f.get(sums).get(result).memory('v128.store'),
      () => {
        one(0);
        one(1);
      },
    );
  };
}
