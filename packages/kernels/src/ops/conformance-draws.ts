/** How the operands of conformance rows are drawn. */
import type { Attributes } from '../graph/graph.ts';
import type { Shape } from './shape.ts';

/** How an operand's elements are drawn. */
export type Draw =
  /** f32, near-normal. */
  | { readonly kind: 'normal'; readonly shape: Shape; readonly deviation: number }
  /** f32 in [low, high), for ops that are not defined or not smooth everywhere. */
  | { readonly kind: 'range'; readonly shape: Shape; readonly low: number; readonly high: number }
  /** f32, one of a few values, so that there are ties. */
  | { readonly kind: 'coarse'; readonly shape: Shape }
  /** i32 in [0, below). */
  | { readonly kind: 'ids'; readonly shape: Shape; readonly below: number }
  /** f32, an op's result on the operands before it (maxPool2dGradient's y), or on the first `operands` of them. */
  | {
      readonly kind: 'resultOf';
      readonly shape: Shape;
      readonly op: string;
      readonly attributes: Attributes;
      readonly operands?: number;
    };

export const normal = (...shape: number[]): Draw => ({ kind: 'normal', shape, deviation: 1 });
export const positive = (...shape: number[]): Draw => ({ kind: 'range', shape, low: 0.5, high: 2 });
export const coarse = (...shape: number[]): Draw => ({ kind: 'coarse', shape });
export const ids = (below: number, ...shape: number[]): Draw => ({ kind: 'ids', shape, below });
/** A seed of random draws. */
export const words: Draw = ids(2 ** 31, 2);
export const weights = (...shape: number[]): Draw => ({ kind: 'range', shape, low: 0, high: 1 });
export const wide = (...shape: number[]): Draw => ({ kind: 'normal', shape, deviation: 20 });

/** [operands, attributes] by op; a case's name is its op and its position. */
export type Row = readonly [operands: readonly Draw[], attributes?: Attributes];
