/** dropout: each lane draws 64 random bits and does the four elements that they serve. */
import { dropoutRule } from '../../ops/dropout-rule.ts';
import { KEY_INJECTIONS, KEY_PARITY, ROTATIONS } from '../../ops/threefry.ts';
import type { WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

/** Threefry-2x32-20 of counter `c` under key `k`; see `ops/threefry.ts`. */
const THREEFRY = [
  'fn threefry(k: vec2u, c: vec2u) -> vec2u {',
  `let key = array<u32, 3>(k.x, k.y, ${KEY_PARITY}u ^ k.x ^ k.y);`,
  'var x = c.x + k.x;',
  'var y = c.y + k.y;',
  ...Array.from({ length: KEY_INJECTIONS }, (_, index) => injection(index + 1)),
  'return vec2u(x, y);',
  '}',
].join('\n');

/** Four rounds, then key words. */
function injection(number: number): string {
  const rotations = number % 2 === 1 ? ROTATIONS.slice(0, 4) : ROTATIONS.slice(4);
  return [
    ...rotations.map((by) => `x += y; y = ((y << ${by}u) | (y >> ${32 - by}u)) ^ x;`),
    `x += key[${number % 3}]; y += key[${(number + 1) % 3}] + ${number}u;`,
  ].join('\n');
}

export const dropoutLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ attributes, output: result }) => {
    const { stream, threshold, scale } = dropoutRule(attributes);
    const size = elements(result);
    const whole = size % 4 === 0;
    const call = laneCall(
      {
        name: `dropout ${whole ? 'of fours' : 'of ones'}`,
        bindings: whole
          ? [reads('x', 'vec4<f32>'), reads('seed', 'i32'), writes('y', 'vec4<f32>')]
          : [reads('x'), reads('seed', 'i32'), writes('y')],
        prelude: THREEFRY,
        body: `
let bits = threefry(bitcast<vec2u>(vec2i(seed[0], seed[1])), vec2u(index, dims.stream));
let chances = vec4u(bits.x & 0xffffu, bits.x >> 16u, bits.y & 0xffffu, bits.y >> 16u);
let factor = bitcast<f32>(dims.scale);
${whole ? FOURS : ONES}`,
      },
      {
        count: Math.ceil(size / 4),
        uniforms: { size, stream, threshold, scale: bitsOf(scale) },
        operands: [input(0), input(1), output],
      },
    );
    return { calls: [call] };
  },
};

const FOURS = 'y[index] = select(x[index] * factor, vec4f(), chances < vec4u(dims.threshold));';
const ONES = `for (var element = 0u; element < 4u; element++) {
  let at = index * 4u + element;
  if (at < dims.size) { y[at] = select(x[at] * factor, 0.0f, chances[element] < dims.threshold); }
}`;

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
