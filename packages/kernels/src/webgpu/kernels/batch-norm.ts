/**
 * Batch normalisation. A sum over a channel is made in two steps, over each plane and then over the samples, so that there
 * is work for every lane where channels are few.
 */
import { LEAST_WEIGHT } from '../../ops/channels.ts';
import type { Lowered, LoweringContext, Operand, WgslLowering } from '../lowering.ts';
import { elementwiseOf, f32Literal, product, reads, writes } from '../wgsl.ts';
import { input, output, scratch } from './lanes.ts';
import { rowCall, type RowKernel } from './rows.ts';

/** A row is one plane of x, [n · c]; `add` adds to `part` what of the element `at` is summed. */
const planeKernel = (name: string, inputs: readonly string[], declare: string, add: string): RowKernel => ({
  name,
  uniforms: ['plane', 'channels'],
  bindings: [...inputs.map((each) => reads(each)), writes('sums')],
  body: ({ each, sum, once }) => `
${declare}
var part = 0.0f;
${each('i', 'dims.plane', `let at = row * dims.plane + i; ${add}`)}
${sum('total', 'part')}
${once('sums[row] = total;')}`,
});

const OWN_MEAN = 'let mean = means[row % dims.channels];';
const planeSum = planeKernel('sum of planes', ['x'], '', 'part += x[at];');
const planeSquares = planeKernel('squares of planes', ['x', 'means'], OWN_MEAN, 'let d = x[at] - mean; part += d * d;');
const planeProducts = planeKernel(
  'products of planes',
  ['x', 'means', 'dy'],
  OWN_MEAN,
  'part += dy[at] * (x[at] - mean);',
);

/** A row is a channel: its planes' sums, weighted by sample, over the elements that they stand for. */
const weightedMean: RowKernel = {
  name: 'mean of planes',
  uniforms: ['samples', 'plane'],
  bindings: [reads('sums'), reads('weights'), writes('mean')],
  body: ({ each, sum, once }) => `
var part = 0.0f;
var weight = 0.0f;
${each('n', 'dims.samples', 'let w = weights[n]; weight += w; part += w * sums[n * dims.rows + row];')}
${sum('total', 'part')}
${sum('count', 'weight')}
${once(`mean[row] = total / (max(count, ${f32Literal(LEAST_WEIGHT)}) * f32(dims.plane));`)}`,
};

const overDeviation: RowKernel = {
  name: 'sum of planes over deviation',
  uniforms: ['samples', 'epsilon: f32'],
  bindings: [reads('sums'), reads('variances'), writes('gain')],
  body: ({ each, sum, once }) => `
var part = 0.0f;
${each('n', 'dims.samples', 'part += sums[n * dims.rows + row];')}
${sum('total', 'part')}
${once('gain[row] = total / sqrt(variances[row] + dims.epsilon);')}`,
};

/** Sums planes by `first`, then the samples of each channel by `second`. */
function inTwoSteps(
  { inputs: [x], traits }: LoweringContext,
  first: { readonly kernel: RowKernel; readonly operands: readonly Operand[] },
  second: {
    readonly kernel: RowKernel;
    readonly operand: Operand;
    readonly uniforms: Readonly<Record<string, number>>;
  },
): Lowered {
  const [samples = 1, channels = 1, ...rest] = x?.shape ?? [];
  const plane = product(rest);
  const planes = rowCall(first.kernel, {
    rows: samples * channels,
    length: plane,
    traits,
    uniforms: { plane, channels },
    operands: [...first.operands, scratch(0)],
  });
  const total = rowCall(second.kernel, {
    rows: channels,
    length: samples,
    traits,
    uniforms: { samples, ...second.uniforms },
    operands: [scratch(0), second.operand, output],
  });
  return { calls: [planes, total], scratch: [samples * channels] };
}

const planeUniform = ({ inputs: [x] }: LoweringContext) => ({ plane: product((x?.shape ?? []).slice(2)) });

export const channelMeanLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) =>
    inTwoSteps(
      context,
      { kernel: planeSum, operands: [input(0)] },
      { kernel: weightedMean, operand: input(1), uniforms: planeUniform(context) },
    ),
};

export const channelVarianceLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) =>
    inTwoSteps(
      context,
      { kernel: planeSquares, operands: [input(0), input(1)] },
      { kernel: weightedMean, operand: input(2), uniforms: planeUniform(context) },
    ),
};

export const batchNormGainGradientLowering: WgslLowering = {
  kind: 'kernels',
  lower: (context) =>
    inTwoSteps(
      context,
      { kernel: planeProducts, operands: [input(0), input(1), input(3)] },
      { kernel: overDeviation, operand: input(2), uniforms: { epsilon: context.attributes['epsilon'] as number } },
    ),
};

export const batchNormLowering: WgslLowering = elementwiseOf(
  ([x, gain, bias, mean, variance], { epsilon }) =>
    `((${x} - ${mean}) / sqrt(${variance} + ${f32Literal(epsilon as number)}) * ${gain} + ${bias})`,
);
