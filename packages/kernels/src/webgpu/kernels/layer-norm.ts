/** layerNorm by rows of the last axis and its gradients. */
import type { LoweringContext, WgslLowering } from '../lowering.ts';
import { elements, reads, writes } from '../wgsl.ts';
import { input, output, scratch } from './lanes.ts';
import { accumulatingRowCall, rowCall, type RowKernel, type RowWriter } from './rows.ts';

/** Declares `start`, `mean` and `inverse` = 1/√(variance + epsilon) of row `row` of x. */
const statistics = ({ each, sum }: RowWriter): string => `
let start = row * dims.columns;
let count = f32(dims.columns);
var first = 0.0f;
${each('j', 'dims.columns', 'first += x[start + j];')}
${sum('sumOfRow', 'first')}
let mean = sumOfRow / count;
var second = 0.0f;
${each('j', 'dims.columns', 'let d = x[start + j] - mean; second += d * d;')}
${sum('sumOfSquares', 'second')}
let inverse = 1.0f / sqrt(sumOfSquares / count + dims.epsilon);`;

const UNIFORMS = ['columns', 'epsilon: f32'] as const;

const forward: RowKernel = {
  name: 'layerNorm',
  uniforms: UNIFORMS,
  bindings: [reads('x'), reads('gain'), reads('bias'), writes('y')],
  body: (writer) => `
${statistics(writer)}
${writer.each('j', 'dims.columns', 'y[start + j] = (x[start + j] - mean) * inverse * gain[j] + bias[j];')}`,
};

const inputGradient: RowKernel = {
  name: 'layerNormInputGradient',
  uniforms: UNIFORMS,
  bindings: [reads('x'), reads('gain'), reads('dy'), writes('dx')],
  body: (writer) => `
${statistics(writer)}
var g0 = 0.0f;
var g1 = 0.0f;
${writer.each('j', 'dims.columns', 'let g = dy[start + j] * gain[j]; g0 += g; g1 += g * (x[start + j] - mean) * inverse;')}
${writer.sum('sumOfG', 'g0')}
${writer.sum('sumOfProjections', 'g1')}
let meanOfG = sumOfG / count;
let projection = sumOfProjections / count;
${writer.each(
  'j',
  'dims.columns',
  'let g = dy[start + j] * gain[j]; dx[start + j] = inverse * (g - meanOfG - (x[start + j] - mean) * inverse * projection);',
)}`,
};

/** Mean and inverse of each row, for kernels that walk down columns. */
const rowStatistics: RowKernel = {
  name: 'layerNorm statistics',
  uniforms: UNIFORMS,
  bindings: [reads('x'), writes('means'), writes('inverses')],
  body: (writer) => `
${statistics(writer)}
${writer.once('means[row] = mean; inverses[row] = inverse;')}`,
};

/** Here a "row" is a column of x. */
const gainGradient = (assign: '=' | '+='): RowKernel => ({
  name: `layerNormGainGradient ${assign}`,
  uniforms: ['length'],
  bindings: [reads('x'), reads('dy'), reads('means'), reads('inverses'), writes('gain')],
  body: ({ each, sum, once }) => `
var part = 0.0f;
${each('i', 'dims.length', 'let at = i * dims.rows + row; part += dy[at] * (x[at] - means[i]) * inverses[i];')}
${sum('total', 'part')}
${once(`gain[row] ${assign} total;`)}`,
});

function byRows(kernel: RowKernel): WgslLowering {
  return {
    kind: 'kernels',
    lower: (context) => {
      const { inputs, output: result } = context;
      const operands = [...inputs.map((_, index) => input(index)), output];
      const launch = rowsOf(context, elements(result));
      const perRow = [...inputs, result].map(({ shape }) =>
        shape.length === 1 && launch.rows > 1 ? 0 : launch.length,
      );
      return { calls: [rowCall(kernel, { ...launch, operands, perRow })] };
    },
  };
}

function rowsOf({ inputs, attributes, traits }: LoweringContext, size: number) {
  const columns = inputs[0]!.shape.at(-1)!;
  const uniforms = { columns, epsilon: attributes['epsilon'] as number };
  return { rows: size / columns, length: columns, traits, uniforms };
}

export const layerNormLowering = byRows(forward);
export const layerNormInputGradientLowering = byRows(inputGradient);

export const layerNormGainGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) => {
    const {
      inputs: [x],
      output: result,
      traits,
    } = context;
    const byRow = rowsOf(context, elements(x!));
    const statisticsCall = rowCall(rowStatistics, { ...byRow, operands: [input(0), scratch(0), scratch(1)] });
    const columnsCall = accumulatingRowCall(gainGradient, {
      rows: elements(result),
      length: byRow.rows,
      traits,
      uniforms: { length: byRow.rows },
      operands: [input(0), input(1), scratch(0), scratch(1), output],
    });
    return { calls: [statisticsCall, columnsCall], scratch: [byRow.rows, byRow.rows] };
  },
};
