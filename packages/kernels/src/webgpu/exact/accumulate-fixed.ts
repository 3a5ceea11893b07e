/** Adding a gradient to its fixed-point sum on a device. The rule is `canonical/fixed-point.ts`; here it is WGSL. */
import { FRACTION_BITS, LIMIT_BITS, OVERFLOWN_HIGH } from '../../canonical/fixed-point.ts';
import type { SumRule } from '../accumulate.ts';
import type { Kernel } from '../lowering.ts';
import { groupsOf, reads, writes } from '../wgsl.ts';

const WORKGROUP = 64;

/** Exponent fields of an f32 whose last bit counts 1 in fixed point, and from which on it is refused. */
const UNIT_EXPONENT = 127 + 23 - FRACTION_BITS;
const LIMIT_EXPONENT = 127 + LIMIT_BITS;

/** i64s as two u32: x the low word, y the high one. */
const PRELUDE = `
const overflown = vec2u(0u, ${OVERFLOWN_HIGH >>> 0}u);

fn magnitudeOf(mantissa: u32, exponent: u32) -> vec2u {
  if (exponent >= ${UNIT_EXPONENT}u) {
    let left = exponent - ${UNIT_EXPONENT}u;
    if (left >= 32u) { return vec2u(0u, mantissa << (left - 32u)); }
    return vec2u(mantissa << left, (mantissa >> 1u) >> (31u - left));
  }
  let right = ${UNIT_EXPONENT}u - exponent;
  if (right > 24u) { return vec2u(); }
  return vec2u((mantissa + (1u << (right - 1u))) >> right, 0u);
}

fn fixedOf(bits: u32) -> vec2u {
  let exponent = (bits >> 23u) & 255u;
  if (exponent >= ${LIMIT_EXPONENT}u) { return overflown; }
  if (exponent == 0u) { return vec2u(); }
  let magnitude = magnitudeOf((bits & 0x7fffffu) | 0x800000u, exponent);
  if ((bits >> 31u) == 0u) { return magnitude; }
  return vec2u(~magnitude.x + 1u, ~magnitude.y + select(0u, 1u, magnitude.x == 0u));
}

fn addFixed(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  let high = a.y + b.y + select(0u, 1u, low < a.x);
  // The sum overflows where both operands have the sign that it has not.
  let wrapped = (((a.y ^ high) & (b.y ^ high)) >> 31u) == 1u;
  return select(vec2u(low, high), overflown, wrapped || all(a == overflown) || all(b == overflown));
}`;

const kernel: Kernel = {
  key: 'accumulate fixed',
  uniforms: ['count'],
  bindings: [reads('gradient'), writes('sum', 'u32')],
  workgroupSize: WORKGROUP,
  prelude: PRELUDE,
  body: `if (index >= dims.count) { return; }
let before = vec2u(sum[2u * index], sum[2u * index + 1u]);
let after = addFixed(before, fixedOf(bitcast<u32>(gradient[index])));
sum[2u * index] = after.x;
sum[2u * index + 1u] = after.y;`,
};

/** Sums in fixed point: two words an element. */
export const FIXED_SUMS: SumRule = {
  bytes: 8,
  call: (gradient, sum, count) => ({
    label: 'accumulate',
    kernel,
    uniforms: { count },
    operands: [gradient, sum],
    workgroups: groupsOf(count, WORKGROUP),
  }),
};
