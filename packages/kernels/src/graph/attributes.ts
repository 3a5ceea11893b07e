/** Typed reading of a checked call's attributes. The kind of each was checked against the op's definition before. */
import type { Attributes } from './graph.ts';

export const flag = (attributes: Attributes, key: string): boolean => attributes[key] as boolean;
export const number = (attributes: Attributes, key: string): number => attributes[key] as number;
export const natural = (attributes: Attributes, key: string): number => attributes[key] as number;
export const naturals = (attributes: Attributes, key: string): readonly number[] =>
  attributes[key] as readonly number[];
