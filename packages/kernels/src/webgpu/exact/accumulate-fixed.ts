/** Adding a gradient to its fixed-point sum on a device. The rule is `canonical/fixed-point.ts`; here it is WGSL. */
import { FRACTION_BITS, LIMIT_BITS, OVERFLOWN_HIGH } from '../../canonical/fixed-point.ts';
import type { SumRule } from '../accumulate.ts';
import type { Kernel } from '../lowering.ts';
import { groupsOf, reads, writes } from '../wgsl.ts';

const WORKGROUP = 64;

/** Exponent fields of an f32 whose last bit counts 1 in fixed point, and from which on it is refused. */
const UNIT_EXPONENT = 127 + 23 - FRACTION_BITS;
const LIMIT_EXPONENT = 127 + LIMIT_BITS;

/**
 * i64s as two words of type `word`, u32 or four of them at once, without a branch. The significand is shifted to the left
 * where the exponent is above the unit's, and rounded to the right below; 25 places to the right nothing is left of it.
 */
const prelude = (word: 'u32' | 'vec4u', float: 'f32' | 'vec4f'): string => `
struct Fixed { low: ${word}, high: ${word} }

fn addFixed(sum: Fixed, gradient: ${float}) -> Fixed {
  let bits = bitcast<${word}>(gradient);
  let exponent = (bits >> ${word}(23u)) & ${word}(255u);
  let negative = bits >> ${word}(31u);
  let significand = (bits & ${word}(0x7fffffu)) | ${word}(0x800000u);
  let above = exponent >= ${word}(${UNIT_EXPONENT}u);
  let left = select(${word}(), exponent - ${word}(${UNIT_EXPONENT}u), above);
  let places = left & ${word}(31u);
  let far = left >= ${word}(32u);
  let shifted = significand << places;
  let right = clamp(${word}(${UNIT_EXPONENT}u) - exponent, ${word}(1u), ${word}(25u));
  let rounded = (significand + (${word}(1u) << (right - ${word}(1u)))) >> right;
  let low = select(rounded, select(shifted, ${word}(), far), above);
  let high = select(${word}(), select((significand >> ${word}(1u)) >> (${word}(31u) - places), shifted, far), above);
  let sign = ${word}() - negative;
  let addedLow = (low ^ sign) + negative;
  let addedHigh = (high ^ sign) + select(${word}(), negative, addedLow == ${word}());
  let newLow = sum.low + addedLow;
  let newHigh = sum.high + addedHigh + select(${word}(), ${word}(1u), newLow < addedLow);
  // A sum overflows where both operands have the sign that it has not.
  let wrapped = (((sum.high ^ newHigh) & (addedHigh ^ newHigh)) >> ${word}(31u)) == ${word}(1u);
  let before = (sum.high == ${word}(${OVERFLOWN_HIGH >>> 0}u)) & (sum.low == ${word}());
  let overflown = wrapped | before | (exponent >= ${word}(${LIMIT_EXPONENT}u));
  return Fixed(select(newLow, ${word}(), overflown), select(newHigh, ${word}(${OVERFLOWN_HIGH >>> 0}u), overflown));
}`;

/** Functions for {@link addFour}. */
export const FIXED_FOURS = prelude('vec4u', 'vec4f');

/** Adds the vec4f `gradient` to the four sums whose words lie in `sums` from the vec4u `at` on: two sums in each vector. */
export const addFour = (sums: string, at: string, gradient: string): string => `
let words = ${at};
let a = ${sums}[words];
let b = ${sums}[words + 1u];
let after = addFixed(Fixed(vec4u(a.xz, b.xz), vec4u(a.yw, b.yw)), ${gradient});
${sums}[words] = vec4u(after.low.x, after.high.x, after.low.y, after.high.y);
${sums}[words + 1u] = vec4u(after.low.z, after.high.z, after.low.w, after.high.w);`;

/** An element a lane. */
const single: Kernel = {
  key: 'accumulate fixed',
  uniforms: ['count'],
  bindings: [reads('gradient'), writes('sum', 'u32')],
  workgroupSize: WORKGROUP,
  prelude: prelude('u32', 'f32'),
  body: `if (index >= dims.count) { return; }
let after = addFixed(Fixed(sum[2u * index], sum[2u * index + 1u]), gradient[index]);
sum[2u * index] = after.low;
sum[2u * index + 1u] = after.high;`,
};

/** Four elements a lane. */
const fours: Kernel = {
  key: 'accumulate fixed by fours',
  uniforms: ['count'],
  bindings: [reads('gradient', 'vec4<f32>'), writes('sum', 'vec4<u32>')],
  workgroupSize: WORKGROUP,
  prelude: FIXED_FOURS,
  body: `if (index >= dims.count) { return; }${addFour('sum', '2u * index', 'gradient[index]')}`,
};

/** Sums in fixed point: two words an element. */
export const FIXED_SUMS: SumRule = {
  bytes: 8,
  call: (gradient, sum, size) => {
    const [kernel, count] = size % 4 === 0 ? [fours, size / 4] : [single, size];
    const workgroups = groupsOf(count, WORKGROUP);
    return { label: 'accumulate', kernel, uniforms: { count }, operands: [gradient, sum], workgroups };
  },
};
