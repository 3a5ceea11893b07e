/** The operators that are imported, by name: the one table that messages, documents and tests read. */
import { dropoutConversions } from './dropout.ts';
import { einsumConversions } from './einsum.ts';
import { elementwiseConversions } from './elementwise.ts';
import { linearConversions } from './linear.ts';
import { movementConversions } from './movement.ts';
import type { Conversion } from './node-context.ts';
import { reductionConversions } from './reductions.ts';
import { shapeConversions } from './shapes.ts';
import { windowConversions } from './windows.ts';

const conversions: Readonly<Record<string, Conversion>> = {
  ...shapeConversions,
  ...movementConversions,
  ...elementwiseConversions,
  ...linearConversions,
  ...reductionConversions,
  ...windowConversions,
  ...dropoutConversions,
  ...einsumConversions,
};

/** Names of the operators that are imported, sorted. */
export const supportedOperators: readonly string[] = Object.keys(conversions).sort();

/** Null for an operator that is not imported. Only the standard domain is. */
export const conversionOf = (domain: string, op: string): Conversion | null =>
  domain === '' && Object.hasOwn(conversions, op) ? (conversions[op] ?? null) : null;
