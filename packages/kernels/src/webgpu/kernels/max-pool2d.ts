/** maxPool2d and its gradient. */
import type { WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';
import { COVERING, type PoolSizesOf, WINDOW } from './pool2d.ts';

const FORWARD = `${WINDOW}
var best = x[(plane * dims.height + line0) * dims.width + column0];
for (var line = line0; line < line1; line++) {
  let start = (plane * dims.height + line) * dims.width;
  for (var column = column0; column < column1; column++) { best = max(best, x[start + column]); }
}
y[index] = best;`;

/** Each element of x looks, in each window that covers it, whether it is the first that equals the window's maximum. */
const GRADIENT = `${COVERING}
let value = x[index];
var total = 0.0f;
for (var i = i0; i < i1; i++) {
  let line0 = max(i * dims.strideY, dims.top) - dims.top;
  for (var j = j0; j < j1; j++) {
    let window = (plane * dims.outHeight + i) * dims.outWidth + j;
    if (y[window] != value) { continue; }
    let column0 = max(j * dims.strideX, dims.left) - dims.left;
    let column1 = min(j * dims.strideX + dims.kernelWidth - dims.left, dims.width);
    var first = true;
    for (var before = line0; before <= line; before++) {
      let start = (plane * dims.height + before) * dims.width;
      for (var at = start + column0; at < start + column1; at++) {
        if (at >= index) { break; }
        if (x[at] == value) { first = false; }
      }
    }
    if (first) { total += dy[window]; }
  }
}
dx[index] = total;`;

export const maxPool2dLowering = (sizesOf: PoolSizesOf): WgslLowering => ({
  kind: 'kernels',
  lower: ({ inputs, attributes, output: result }) => ({
    calls: [
      laneCall(
        { name: 'maxPool2d', bindings: [reads('x'), writes('y')], body: FORWARD },
        {
          count: elements(result),
          uniforms: { ...sizesOf(inputs, attributes) },
          operands: [input(0), output],
        },
      ),
    ],
  }),
});

export const maxPool2dGradientLowering = (sizesOf: PoolSizesOf): WgslLowering => ({
  kind: 'kernels',
  lower: ({ inputs, attributes, output: result }) => ({
    calls: [
      laneCall(
        {
          name: 'maxPool2dGradient',
          bindings: [reads('x'), reads('y'), reads('dy'), writes('dx')],
          body: GRADIENT,
        },
        {
          count: elements(result),
          uniforms: { ...sizesOf(inputs, attributes) },
          operands: [input(0), input(1), input(2), output],
        },
      ),
    ],
  }),
});
