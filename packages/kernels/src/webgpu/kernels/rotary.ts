/** Tables of rotary angles, and the rotation by them. */
import { COSINE, phaseWords, SINE } from '../../ops/rotary-phase.ts';
import type { WgslLowering } from '../lowering.ts';
import { elements, f32Literal, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

const horner = (coefficients: readonly number[]): string =>
  coefficients.map(f32Literal).reduceRight((sum, coefficient) => `fma(${sum}, square, ${coefficient})`);

/**
 * cos and sin of a phase in 2⁻³² turns: the nearest quarter turn is taken off, what is left is at most π/4. WGSL's own sine
 * and cosine may be off by 2⁻¹¹.
 */
const PHASE = `
fn cosineAndSine(phase: u32) -> vec2f {
let quarter = (phase + 0x20000000u) >> 30u;
let x = f32(bitcast<i32>(phase - (quarter << 30u))) * ${f32Literal((2 * Math.PI) / 2 ** 32)};
let square = x * x;
let cosine = ${horner(COSINE)};
let sine = x * ${horner(SINE)};
if (quarter == 1u) { return vec2f(-sine, cosine); }
if (quarter == 2u) { return vec2f(-cosine, -sine); }
if (quarter == 3u) { return vec2f(sine, -cosine); }
return vec2f(cosine, sine);
}`;

/** The frequencies are part of the kernel: a model has one or two kinds of heads. */
export const rotaryTableLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ attributes, output: result }) => {
    const [size, theta] = [attributes['size'] as number, attributes['theta'] as number];
    const words = phaseWords(size, theta).map(({ high, low }) => `vec2u(${high}u, ${low}u)`);
    const half = elements(result) / 2;
    const call = laneCall(
      {
        name: `rotaryTable ${size} ${theta}`,
        bindings: [writes('angles')],
        prelude: `var<private> frequencies: array<vec2u, ${words.length}> = array<vec2u, ${words.length}>(${words.join(', ')});${PHASE}`,
        body: `
let frequency = frequencies[index % ${words.length}u];
let position = index / ${words.length}u;
let both = cosineAndSine(position * frequency.x + ((position * frequency.y) >> 16u));
angles[index] = both.x;
angles[dims.count + index] = both.y;`,
      },
      { count: half, uniforms: {}, operands: [output] },
    );
    return { calls: [call] };
  },
};

/** A lane a pair. */
export const rotaryLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ attributes, output: result }) => {
    const [length, size] = [result.shape.at(-2)!, result.shape.at(-1)!];
    const half = size / 2;
    const call = laneCall(
      {
        name: attributes['inverse'] === true ? 'rotary inverse' : 'rotary',
        bindings: [reads('x'), reads('angles'), writes('y')],
        body: `
let column = index % dims.half;
let row = index / dims.half;
let angle = row % dims.length * dims.half + column;
let cosine = angles[angle];
let sine = ${attributes['inverse'] === true ? '-' : ''}angles[dims.length * dims.half + angle];
let at = row * 2u * dims.half + column;
let a = x[at];
let b = x[at + dims.half];
y[at] = a * cosine - b * sine;
y[at + dims.half] = b * cosine + a * sine;`,
      },
      { count: elements(result) / 2, uniforms: { half, length }, operands: [input(0), input(1), output] },
    );
    return { calls: [call] };
  },
};
