/** What an optimizer is configured with, and which tensors its state consists of. Pure data: the orchestrator reads it too. */

import type { ParameterLayout } from '../graph/parameter-layout.ts';
import { OptimizerConfigError } from './errors.ts';

export interface AdamwConfig {
  readonly type: 'adamw';
  /** The schedule's peak. */
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: parameters shrink by learningRate · weightDecay a round, where the layout says that decay applies. */
  readonly weightDecay: number;
}

export interface SgdConfig {
  readonly type: 'sgd';
  /** The schedule's peak. */
  readonly learningRate: number;
  /** 0 keeps no velocity. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Decoupled, as for AdamW. */
  readonly weightDecay: number;
}

export type OptimizerConfig = AdamwConfig | SgdConfig;

/** A tensor of the state, all f32. */
export interface StateTensor {
  readonly name: string;
  /** First element in the state. */
  readonly offset: number;
  /** Elements. */
  readonly length: number;
  /** Value before the first round; parameters come from the model instead. */
  readonly initial: number;
}

/** The flat state `[length] f32`: the parameters, then the optimizer's tensors in order. */
export interface StateLayout {
  readonly tensors: readonly StateTensor[];
  readonly length: number;
}

/** The tensors that each optimizer keeps for `trained` elements of parameters. */
function optimizerTensors(
  optimizer: OptimizerConfig,
  trained: number,
): { name: string; length: number; initial: number }[] {
  if (optimizer.type === 'sgd')
    return optimizer.momentum === 0 ? [] : [{ name: 'velocity', length: trained, initial: 0 }];
  return [
    { name: 'firstMoment', length: trained, initial: 0 },
    { name: 'secondMoment', length: trained, initial: 0 },
    // β₁ᵗ and β₂ᵗ after t rounds, by repeated multiplication.
    { name: 'biasPowers', length: 2, initial: 1 },
  ];
}

/** Where each tensor of the state lies; what snapshots, checkpoints and the state hash are cut by. */
export function stateLayout(
  optimizer: OptimizerConfig,
  { size, trained }: Pick<ParameterLayout, 'size' | 'trained'>,
): StateLayout {
  let offset = 0;
  const tensors = [{ name: 'parameters', length: size, initial: 0 }, ...optimizerTensors(optimizer, trained)].map(
    (tensor) => {
      const placed = { ...tensor, offset };
      offset += tensor.length;
      return placed;
    },
  );
  return { tensors, length: offset };
}

const SMALLEST_NORMAL = 2 ** -126;

/**
 * The numbers are used as f32, in which some legal f64 values become 0 or 1 and the first step a division of 0 by 0.
 * @throws OptimizerConfigError naming the field
 */
export function checkOptimizer(optimizer: OptimizerConfig): void {
  if (optimizer.type !== 'adamw') return;
  for (const field of ['beta1', 'beta2'] as const) {
    if (Math.fround(optimizer[field]) >= 1) throw new OptimizerConfigError({ field, reason: 'rounds to 1 in f32' });
  }
  if (!(Math.fround(optimizer.epsilon) >= SMALLEST_NORMAL))
    throw new OptimizerConfigError({ field: 'epsilon', reason: 'is below 2^-126' });
}
