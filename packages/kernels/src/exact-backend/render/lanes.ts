/** Whether, and along what, a kernel's code computes four values at a time. */
import { type Expr, type Variable } from '../../canonical/expression.ts';
import { formReader } from './forms.ts';
import type { Scope, ScopedKernel } from './scopes.ts';

/** Whether the terms of a sum can be taken four at a time: no inner loop's length differs between them, and all loads are contiguous. */
export function lanesFit(kernel: ScopedKernel, body: Scope, variable: Variable): boolean {
  const form = formReader(variable);
  const sums = kernel.within(body);
  return sums.every((node) => {
    if (node.kind === 'load') return form(node.index) === 0 || form(node.index) === 1;
    return evenCount(node, form);
  });
}

/** Columns are computed four at a time unless a loop's length differs between them, or a sum's own turns suit lanes better. */
export function columnsFit(kernel: ScopedKernel, column: number): boolean {
  const form = formReader(column);
  const nodes = kernel.within(kernel.columns);
  if (!nodes.every((node) => evenCount(node, form))) return false;
  return !nodes.some((node) => {
    if (node.kind !== 'sum') return false;
    const body = kernel.bodyOf(node.variable);
    const scattered = kernel
      .within(body)
      .some((inner) => inner.kind === 'load' && form(inner.index) !== 0 && form(inner.index) !== 1);
    return scattered && lanesFit(kernel, body, node.variable);
  });
}

function evenCount(node: Expr, form: (node: Expr) => unknown): boolean {
  if (node.kind === 'sum') return form(node.count) === 0;
  if (node.kind !== 'result') return true;
  form(node);
  return form(node.loop.count) === 0;
}
