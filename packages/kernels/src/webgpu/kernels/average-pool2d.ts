/** averagePool2d and its gradient. */
import type { WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';
import { COVERING, type PoolSizesOf, WINDOW } from './pool2d.ts';

const FORWARD = `${WINDOW}
var sum = 0.0f;
for (var line = line0; line < line1; line++) {
  let start = (plane * dims.height + line) * dims.width;
  for (var column = column0; column < column1; column++) { sum += x[start + column]; }
}
let divisor = select((line1 - line0) * (column1 - column0), dims.kernelHeight * dims.kernelWidth, dims.countPads != 0u);
y[index] = sum / f32(divisor);`;

const GRADIENT = `${COVERING}
var total = 0.0f;
for (var i = i0; i < i1; i++) {
  let line0 = max(i * dims.strideY, dims.top) - dims.top;
  let line1 = min(i * dims.strideY + dims.kernelHeight - dims.top, dims.height);
  for (var j = j0; j < j1; j++) {
    let column0 = max(j * dims.strideX, dims.left) - dims.left;
    let column1 = min(j * dims.strideX + dims.kernelWidth - dims.left, dims.width);
    let divisor = select((line1 - line0) * (column1 - column0), dims.kernelHeight * dims.kernelWidth, dims.countPads != 0u);
    total += dy[(plane * dims.outHeight + i) * dims.outWidth + j] / f32(divisor);
  }
}
dx[index] = total;`;

const lowering =
  (name: string, body: string, from: string, to: string) =>
  (sizesOf: PoolSizesOf): WgslLowering => ({
    kind: 'kernels',
    lower: ({ inputs, attributes, output: result }) => ({
      calls: [
        laneCall(
          { name, bindings: [reads(from), writes(to)], body },
          {
            count: elements(result),
            uniforms: { ...sizesOf(inputs, attributes), countPads: attributes['countPads'] ? 1 : 0 },
            operands: [input(0), output],
          },
        ),
      ],
    }),
  });

export const averagePool2dLowering = lowering('averagePool2d', FORWARD, 'x', 'y');
export const averagePool2dGradientLowering = lowering('averagePool2dGradient', GRADIENT, 'dy', 'dx');
