/** Exact batch normalisation. A channel's sums are made over each plane first, then over the samples. */
import { number } from '../../graph/attributes.ts';
import { LEAST_WEIGHT, planeOf } from '../../ops/channels.ts';
import { add, axis, float, load, maximum, multiply, size, subtract, sum } from '../build.ts';
import type { Expr } from '../expression.ts';
import { divide, rsqrt } from '../functions.ts';
import {
  type CanonicalLowered,
  type CanonicalOperand,
  type ExactContext,
  type ExactLowering,
  input,
  output,
  scratch,
} from '../kernel.ts';
import { foldCalls, folds } from './reduce.ts';
import { times } from './windows.ts';

interface Sizes {
  readonly samples: number;
  readonly channels: number;
  readonly plane: number;
}

function sizesOf({ inputs: [x] }: ExactContext): Sizes {
  const [samples = 1, channels = 1] = x?.shape ?? [];
  return { samples, channels, plane: planeOf(x?.shape ?? []) };
}

/** Element `i` of the map's plane (sample, channel) in an operand of x's shape. */
const inPlane = ({ channels, plane }: Sizes, operand: number, i: Expr): Expr =>
  load(operand, add(times(add(times(axis(0), channels), axis(1)), plane), i));

/**
 * For each channel `finish` of the sum over the samples of weight · Σ over the plane of `term(i)`; scratch 0 holds the
 * planes' sums. `finish` and the weights read the last operands: the planes' sums are operand 0, `beside` is operand 1.
 */
function overSamples(
  context: ExactContext,
  planes: { readonly operands: readonly CanonicalOperand[]; readonly term: (i: Expr) => Expr },
  beside: CanonicalOperand,
  finish: (planeSum: (sample: Expr) => Expr) => Expr,
): CanonicalLowered {
  const { samples, channels, plane } = sizesOf(context);
  // Temporaries of the first fold come after scratch 0, which it fills.
  const first = foldCalls(folds.sum, {
    shape: [samples, channels],
    count: plane,
    ...planes,
    into: scratch(0),
    temporaries: 1,
  });
  const planeSum = (sample: Expr): Expr => load(0, add(times(sample, channels), axis(0)));
  return {
    calls: [
      ...first.calls,
      { kind: 'map', operands: [scratch(0), beside], output, shape: [channels], value: finish(planeSum) },
    ],
    scratch: [{ dtype: 'f32', shape: [samples, channels] }, ...first.scratch],
  };
}

/** Σ weight · planeSum over the samples ÷ the elements that they stand for; the weights are operand 1. */
const weightedMean =
  ({ samples, plane }: Sizes) =>
  (planeSum: (sample: Expr) => Expr): Expr => {
    const total = sum(size(samples), (n) => multiply(load(1, n), planeSum(n)));
    const weight = maximum(
      sum(size(samples), (n) => load(1, n)),
      float(LEAST_WEIGHT),
    );
    return divide(total, multiply(weight, float(plane)));
  };

export const channelMeanExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const sizes = sizesOf(context);
    const planes = { operands: [input(0)], term: (i: Expr) => inPlane(sizes, 0, i) };
    return overSamples(context, planes, input(1), weightedMean(sizes));
  },
};

export const channelVarianceExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const sizes = sizesOf(context);
    const term = (i: Expr): Expr => {
      const difference = subtract(inPlane(sizes, 0, i), load(1, axis(1)));
      return multiply(difference, difference);
    };
    return overSamples(context, { operands: [input(0), input(1)], term }, input(2), weightedMean(sizes));
  },
};

/** One factor a channel, then one pass over x. */
export const batchNormExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const { samples, channels, plane } = sizesOf(context);
    const epsilon = float(number(context.attributes, 'epsilon'));
    const factor = multiply(rsqrt(add(load(1, axis(0)), epsilon)), load(0, axis(0)));
    const x = load(0, add(times(add(times(axis(0), channels), axis(1)), plane), axis(2)));
    const value = add(multiply(subtract(x, load(1, axis(1))), load(2, axis(1))), load(3, axis(1)));
    return {
      calls: [
        { kind: 'map', operands: [input(1), input(4)], output: scratch(0), shape: [channels], value: factor },
        {
          kind: 'map',
          operands: [input(0), input(3), scratch(0), input(2)],
          output,
          shape: [samples, channels, plane],
          value,
        },
      ],
      scratch: [{ dtype: 'f32', shape: [channels] }],
    };
  },
};

export const batchNormGainGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const sizes = sizesOf(context);
    const epsilon = float(number(context.attributes, 'epsilon'));
    const term = (i: Expr): Expr => multiply(inPlane(sizes, 2, i), subtract(inPlane(sizes, 0, i), load(1, axis(1))));
    return overSamples(context, { operands: [input(0), input(1), input(3)], term }, input(2), (planeSum) =>
      multiply(sum(size(sizes.samples), planeSum), rsqrt(add(load(1, axis(0)), epsilon))),
    );
  },
};
