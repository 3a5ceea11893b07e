/** rmsNorm by rows of the last axis and its gradients. */
import type { LoweringContext, WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, output, scratch } from './lanes.ts';
import { rowCall, type RowKernel, type RowWriter } from './rows.ts';

/** Declares `start` and `inverse` = 1/√(mean of squares + epsilon) of row `row` of x. */
const statistics = ({ each, sum }: RowWriter): string => `
let start = row * dims.columns;
let count = f32(dims.columns);
var squares = 0.0f;
${each('j', 'dims.columns', 'squares += x[start + j] * x[start + j];')}
${sum('sumOfSquares', 'squares')}
let inverse = 1.0f / sqrt(sumOfSquares / count + dims.epsilon);`;

const UNIFORMS = ['columns', 'epsilon: f32'] as const;

const forward: RowKernel = {
  name: 'rmsNorm',
  uniforms: UNIFORMS,
  bindings: [reads('x'), reads('gain'), writes('y')],
  body: (writer) => `
${statistics(writer)}
${writer.each('j', 'dims.columns', 'y[start + j] = x[start + j] * inverse * gain[j];')}`,
};

const inputGradient: RowKernel = {
  name: 'rmsNormInputGradient',
  uniforms: UNIFORMS,
  bindings: [reads('x'), reads('gain'), reads('dy'), writes('dx')],
  body: (writer) => `
${statistics(writer)}
var part = 0.0f;
${writer.each('j', 'dims.columns', 'part += dy[start + j] * gain[j] * x[start + j] * inverse;')}
${writer.sum('projections', 'part')}
let projection = projections / count * inverse;
${writer.each('j', 'dims.columns', 'dx[start + j] = inverse * (dy[start + j] * gain[j] - x[start + j] * projection);')}`,
};

/** The inverse of each row, for the kernel that walks down columns. */
const rowStatistics: RowKernel = {
  name: 'rmsNorm statistics',
  uniforms: UNIFORMS,
  bindings: [reads('x'), writes('inverses')],
  body: (writer) => `
${statistics(writer)}
${writer.once('inverses[row] = inverse;')}`,
};

/** Here a "row" is a column of x. */
const gainGradient: RowKernel = {
  name: 'rmsNormGainGradient',
  uniforms: ['length'],
  bindings: [reads('x'), reads('dy'), reads('inverses'), writes('gain')],
  body: ({ each, sum, once }) => `
var part = 0.0f;
${each('i', 'dims.length', 'let at = i * dims.rows + row; part += dy[at] * x[at] * inverses[i];')}
${sum('total', 'part')}
${once('gain[row] = total;')}`,
};

function rowsOf({ inputs: [x], attributes, traits }: LoweringContext) {
  const columns = x!.shape.at(-1)!;
  const uniforms = { columns, epsilon: attributes['epsilon'] as number };
  return { rows: elements(x!) / columns, length: columns, traits, uniforms };
}

const byRows = (kernel: RowKernel): WgslLowering => ({
  kind: 'kernels',
  lower: (context) => {
    const operands = [...context.inputs.map((_, index) => input(index)), output];
    return { calls: [rowCall(kernel, { ...rowsOf(context), operands })] };
  },
});

export const rmsNormLowering = byRows(forward);
export const rmsNormInputGradientLowering = byRows(inputGradient);

export const rmsNormGainGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) => {
    const byRow = rowsOf(context);
    const columnsCall = rowCall(gainGradient, {
      rows: elements(context.output),
      length: byRow.rows,
      traits: context.traits,
      uniforms: { length: byRow.rows },
      operands: [input(0), input(1), scratch(0), output],
    });
    return {
      calls: [rowCall(rowStatistics, { ...byRow, operands: [input(0), scratch(0)] }), columnsCall],
      scratch: [byRow.rows],
    };
  },
};
