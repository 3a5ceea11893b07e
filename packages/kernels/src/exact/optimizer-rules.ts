/** One rule an optimizer: what it computes once a round, and the kernel that it runs over each block. */
import type { AdamwConfig, OptimizerConfig, SgdConfig } from './optimizer-config.ts';
import type { WasmKernels } from './wasm-module.ts';

const f32 = Math.fround;

/** Where a block's operands are. */
interface StepBlock {
  readonly parameters: number;
  readonly gradient: number;
  /** Address of the block in the optimizer's tensor `index`. */
  tensor(index: number): number;
  readonly count: number;
  /** 1 − learningRate · weightDecay, or 1 where decay does not apply. */
  readonly keep: number;
}

/** A step of a round, ready to run over blocks. */
export type Step = (block: StepBlock) => void;

/** What a rule may use to prepare a round. */
export interface RoundContext {
  readonly wasm: WasmKernels;
  readonly learningRate: number;
  /** Factor that clipping puts on the gradient; 1 leaves it as it is. */
  readonly clip: number;
  /** The elements of the optimizer's tensor `index`; a rule may change its scalars. */
  values(index: number): Float32Array;
}

type Rule<Config> = (config: Config, context: RoundContext) => Step;

/** Index of the scalars β₁ᵗ, β₂ᵗ among AdamW's tensors. */
const BIAS_POWERS = 2;

const adamw: Rule<AdamwConfig> = (config, { wasm, learningRate, clip, values }) => {
  const [beta1, beta2, epsilon] = [f32(config.beta1), f32(config.beta2), f32(config.epsilon)];
  const powers = values(BIAS_POWERS);
  // Float32Array rounds on storing, so these are f32 products.
  powers[0] = (powers[0] as number) * beta1;
  powers[1] = (powers[1] as number) * beta2;
  const rate = f32(learningRate / f32(1 - powers[0]));
  const inverseRoot = f32(1 / f32(Math.sqrt(f32(1 - powers[1]))));
  const [rest1, rest2] = [f32(1 - beta1), f32(1 - beta2)];
  return ({ parameters, gradient, tensor, count, keep }) =>
    wasm.adamw(
      parameters,
      gradient,
      tensor(0),
      tensor(1),
      count,
      clip,
      keep,
      beta1,
      rest1,
      beta2,
      rest2,
      rate,
      inverseRoot,
      epsilon,
    );
};

const sgd: Rule<SgdConfig> = (config, { wasm, learningRate, clip }) => {
  if (config.momentum === 0) {
    return ({ parameters, gradient, count, keep }) =>
      wasm.descend(parameters, gradient, count, clip, keep, learningRate);
  }
  const nesterov = config.nesterov ? 1 : 0;
  return ({ parameters, gradient, tensor, count, keep }) =>
    wasm.momentum(parameters, gradient, tensor(0), count, clip, keep, config.momentum, learningRate, nesterov);
};

/** θ ← θ − g: a descent by the whole gradient, in which 1·x is x. */
export const statisticStep =
  (wasm: WasmKernels): Step =>
  ({ parameters, gradient, count }) =>
    wasm.descend(parameters, gradient, count, 1, 1, 1);

/** Prepares one round of `config`. */
export function prepareStep(config: OptimizerConfig, context: RoundContext): Step {
  return config.type === 'adamw' ? adamw(config, context) : sgd(config, context);
}
