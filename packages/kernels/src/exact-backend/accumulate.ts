/** Adding a gradient to fixed-point sums (`canonical/fixed-point.ts` is the rule), as WebAssembly. */
import { FRACTION_BITS, LIMIT_BITS } from '../canonical/fixed-point.ts';
import { FunctionBuilder, type Local } from './wasm/function.ts';

const OVERFLOWN = -(2n ** 63n);

/**
 * (sums, gradient, count): i64 sums and f32 gradients at byte addresses. A gradient as f64 times 2⁴⁴ is exact; half a unit added away
 * from zero and the fraction cut off, it is the nearest integer with ties away from zero.
 */
export function accumulateFunction(): FunctionBuilder {
  const f = new FunctionBuilder(['i32', 'i32', 'i32']);
  const [sums, gradient, count] = f.parameters as [Local, Local, Local];
  const at = f.local('i32');
  const value = f.local('f64');
  const [sum, added, result] = f.locals('i64', 3) as [Local, Local, Local];
  f.while(
    at,
    () => f.get(count),
    1,
    () => {
      f.get(sums).memory('i64.load').set(sum);
      f.get(gradient)
        .memory('f32.load')
        .op('f64.promote_f32')
        .f64(2 ** FRACTION_BITS)
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
          f.i64(OVERFLOWN).get(result);
          f.get(result)
            .get(sum)
            .op('i64.xor')
            .get(result)
            .get(added)
            .op('i64.xor', 'i64.and')
            .i64(0n)
            .op('i64.lt_s', 'select');
          f.set(result);
        },
        () => f.i64(OVERFLOWN).set(result),
      );
      f.get(sums).get(result).memory('i64.store');
      f.get(sums).i32(8).op('i32.add').set(sums);
      f.get(gradient).i32(4).op('i32.add').set(gradient);
    },
  );
  return f;
}
