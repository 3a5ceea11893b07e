/**
 * conv2d's lowerings: as matrix products where there is room for the unfolded operand, else directly, and directly with
 * groups, whose products would be many and small.
 */
import type { Conv2dSizes } from '../../ops/conv2d.ts';
import type { Lowered, LoweringContext, WgslLowering } from '../lowering.ts';
import { directConv2d, directInputGradient, directKernelGradient } from './conv2d-direct.ts';
import { unfoldedConv2d, unfoldedElements, unfoldedInputGradient, unfoldedKernelGradient } from './conv2d-unfolded.ts';

type Lower = (context: LoweringContext, sizes: Conv2dSizes) => Lowered;
/** The sizes of a call of any of the three ops. */
type SizesOf = (inputs: LoweringContext['inputs'], attributes: LoweringContext['attributes']) => Conv2dSizes;

const either =
  (unfolded: Lower, direct: Lower) =>
  (sizesOf: SizesOf): WgslLowering => ({
    kind: 'kernels',
    lower: (context) => {
      const sizes = sizesOf(context.inputs, context.attributes);
      const fits = sizes.groups === 1 && unfoldedElements(sizes) * 4 <= context.traits.maxScratchBytes;
      return (fits ? unfolded : direct)(context, sizes);
    },
  });

export const conv2dLowering = either(unfoldedConv2d, directConv2d);
export const conv2dInputGradientLowering = either(unfoldedInputGradient, directInputGradient);
export const conv2dKernelGradientLowering = either(unfoldedKernelGradient, directKernelGradient);
