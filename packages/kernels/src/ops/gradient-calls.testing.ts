/** How calls are generated whose gradients are checked. */
import type { Attributes } from '../graph/graph.ts';

/** An operand: `free` ones are differentiated, `fixed` ones are data, `ids` are i32 below a bound. */
export interface Operand {
  readonly shape: readonly number[];
  readonly kind: 'free' | 'positive' | 'fixed' | 'ids';
  readonly below?: number;
}

export interface Call {
  readonly operands: readonly Operand[];
  readonly attributes: Attributes;
}

export const free = (...shape: number[]): Operand => ({ shape, kind: 'free' });
export const positive = (...shape: number[]): Operand => ({ shape, kind: 'positive' });
export const fixed = (...shape: number[]): Operand => ({ shape, kind: 'fixed' });
export const ids = (below: number, ...shape: number[]): Operand => ({ shape, kind: 'ids', below });
export const call = (operands: readonly Operand[], attributes: Attributes = {}): Call => ({ operands, attributes });
