/** softmax of factor · x by rows, causal or not, and its gradient. */
import type { WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, output } from './lanes.ts';
import { rowCall, type RowKernel } from './rows.ts';

/** Row `row` sees the first `visible` columns; `height` is the rows of a causal matrix, 0 if all columns are seen. */
const forward: RowKernel = {
  name: 'softmax',
  uniforms: ['columns', 'height', 'factor: f32'],
  bindings: [reads('x'), writes('y')],
  body: ({ each, max, sum }) => `
let start = row * dims.columns;
var visible = dims.columns;
if (dims.height > 0u) { visible = min(row % dims.height + 1u, dims.columns); }
var top = -3.4028234e38f;
${each('j', 'visible', 'top = max(top, dims.factor * x[start + j]);')}
${max('highest', 'top')}
var part = 0.0f;
${each('j', 'visible', 'let weight = exp(dims.factor * x[start + j] - highest); y[start + j] = weight; part += weight;')}
${sum('total', 'part')}
let inverse = 1.0f / total;
${each('j', 'dims.columns', 'if (j < visible) { y[start + j] *= inverse; } else { y[start + j] = 0.0f; }')}`,
};

const backward: RowKernel = {
  name: 'softmaxGradient',
  uniforms: ['columns', 'factor: f32'],
  bindings: [reads('y'), reads('dy'), writes('dx')],
  body: ({ each, sum }) => `
let start = row * dims.columns;
var part = 0.0f;
${each('j', 'dims.columns', 'part += y[start + j] * dy[start + j];')}
${sum('dot', 'part')}
${each('j', 'dims.columns', 'dx[start + j] = dims.factor * y[start + j] * (dy[start + j] - dot);')}`,
};

export const softmaxLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ attributes, output: result, traits }) => {
    const columns = result.shape.at(-1)!;
    const height = attributes['causal'] === true ? result.shape.at(-2)! : 0;
    const uniforms = { columns, height, factor: attributes['factor'] as number };
    const rows = elements(result) / columns;
    return { calls: [rowCall(forward, { rows, length: columns, traits, uniforms, operands: [input(0), output] })] };
  },
};

export const softmaxGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ attributes, output: result, traits }) => {
    const columns = result.shape.at(-1)!;
    const uniforms = { columns, factor: attributes['factor'] as number };
    const operands = [input(0), input(1), output];
    return {
      calls: [rowCall(backward, { rows: elements(result) / columns, length: columns, traits, uniforms, operands })],
    };
  },
};
