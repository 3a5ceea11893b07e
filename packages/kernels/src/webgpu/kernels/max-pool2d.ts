/** maxPool2d over windows that don't overlap, and its gradient. */
import type { WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

const geometry = (shape: readonly number[], size: number) => {
  const [height, width] = [shape[2]!, shape[3]!];
  return { height, width, outHeight: Math.floor(height / size), outWidth: Math.floor(width / size), size };
};

export const maxPool2dLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: result }) => {
    const call = laneCall(
      {
        name: 'maxPool2d',
        bindings: [reads('x'), writes('y')],
        body: `
let j = index % dims.outWidth;
let i = index / dims.outWidth % dims.outHeight;
let plane = index / dims.outWidth / dims.outHeight;
let corner = (plane * dims.height + i * dims.size) * dims.width + j * dims.size;
var best = x[corner];
for (var u = 0u; u < dims.size; u++) {
  for (var v = 0u; v < dims.size; v++) { best = max(best, x[corner + u * dims.width + v]); }
}
y[index] = best;`,
      },
      {
        count: elements(result),
        uniforms: geometry(x!.shape, attributes['size'] as number),
        operands: [input(0), output],
      },
    );
    return { calls: [call] };
  },
};

/** Each element of x looks whether it is the first in its window that equals the window's maximum. */
export const maxPool2dGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: result }) => {
    const call = laneCall(
      {
        name: 'maxPool2dGradient',
        bindings: [reads('x'), reads('y'), reads('dy'), writes('dx')],
        body: `
let column = index % dims.width;
let line = index / dims.width % dims.height;
let plane = index / dims.width / dims.height;
let i = line / dims.size;
let j = column / dims.size;
dx[index] = 0.0f;
if (i >= dims.outHeight || j >= dims.outWidth) { return; }
let window = (plane * dims.outHeight + i) * dims.outWidth + j;
let best = y[window];
if (x[index] != best) { return; }
let corner = (plane * dims.height + i * dims.size) * dims.width + j * dims.size;
for (var u = 0u; u < dims.size; u++) {
  for (var v = 0u; v < dims.size; v++) {
    let at = corner + u * dims.width + v;
    if (at >= index) { break; }
    if (x[at] == best) { return; }
  }
}
dx[index] = dy[window];`,
      },
      {
        count: elements(result),
        uniforms: geometry(x!.shape, attributes['size'] as number),
        operands: [input(0), input(1), input(2), output],
      },
    );
    return { calls: [call] };
  },
};
