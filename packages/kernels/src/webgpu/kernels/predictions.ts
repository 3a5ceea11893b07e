/** crossEntropy, its gradient, and countCorrect: logits [n, c], labels i32 [n], weight [n]. */
import type { LoweringContext, WgslLowering } from '../lowering.ts';
import { reads, writes } from '../wgsl.ts';
import { input, output, scratch } from './lanes.ts';
import { reduceCall } from './reduce.ts';
import { rowCall, type RowKernel, type RowWriter } from './rows.ts';

const INPUTS = [reads('logits'), reads('labels', 'i32'), reads('weight')];

/** Declares `start`, `highest` and `total` = Σ exp(logit − highest) of a row. */
const partition = ({ each, max, sum }: RowWriter): string => `
let start = row * dims.columns;
var top = -3.4028234e38f;
${each('j', 'dims.columns', 'top = max(top, logits[start + j]);')}
${max('highest', 'top')}
var part = 0.0f;
${each('j', 'dims.columns', 'part += exp(logits[start + j] - highest);')}
${sum('total', 'part')}`;

const losses: RowKernel = {
  name: 'crossEntropy',
  uniforms: ['columns'],
  bindings: [...INPUTS, writes('losses')],
  body: (writer) => `
${partition(writer)}
${writer.once('losses[row] = weight[row] * (highest + log(total) - logits[start + u32(labels[row])]);')}`,
};

const gradient: RowKernel = {
  name: 'crossEntropyGradient',
  uniforms: ['columns'],
  bindings: [...INPUTS, writes('dLogits')],
  body: (writer) => `
${partition(writer)}
let inverse = 1.0f / total;
let label = u32(labels[row]);
${writer.each(
  'j',
  'dims.columns',
  `let probability = exp(logits[start + j] - highest) * inverse;
dLogits[start + j] = weight[row] * (probability - select(0.0f, 1.0f, j == label));`,
)}`,
};

/** The label wins if nothing is greater and nothing before it is equal. */
const hits: RowKernel = {
  name: 'countCorrect',
  uniforms: ['columns'],
  bindings: [...INPUTS, writes('hits')],
  body: ({ each, max, once }) => `
let start = row * dims.columns;
let label = u32(labels[row]);
let mine = logits[start + label];
var beaten = 0.0f;
${each('j', 'dims.columns', 'let other = logits[start + j]; if (other > mine || (other == mine && j < label)) { beaten = 1.0f; }')}
${max('lost', 'beaten')}
${once('hits[row] = select(weight[row], 0.0f, lost > 0.0f);')}`,
};

const rowsOf = ({ inputs: [logits], traits }: LoweringContext) => {
  const [rows, columns] = [logits!.shape[0]!, logits!.shape[1]!];
  return { rows, length: columns, traits, uniforms: { columns } };
};

/** A value a row, then their sum. */
function summed(kernel: RowKernel): WgslLowering {
  return {
    kind: 'kernels',
    lower: (context) => {
      const launch = rowsOf(context);
      const operands = [input(0), input(1), input(2), scratch(0)];
      const each = rowCall(kernel, { ...launch, operands, perRow: [launch.length, 1, 1, 1] });
      const rows = { dtype: 'f32', shape: [launch.rows] } as const;
      const total = reduceCall(context.traits, { kind: 'sum', input: rows, axes: [0], from: scratch(0), to: output });
      return { calls: [each, total], scratch: [launch.rows] };
    },
  };
}

export const crossEntropyLowering = summed(losses);
export const countCorrectLowering = summed(hits);

export const crossEntropyGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) => {
    const launch = rowsOf(context);
    const operands = [input(0), input(1), input(2), output];
    return { calls: [rowCall(gradient, { ...launch, operands, perRow: [launch.length, 1, 1, launch.length] })] };
  },
};
