/** How much a kernel does, to decide into how many calls it is split. */
import type { Expr } from '../../canonical/expression.ts';
import { counterOf, type Scope, type ScopedKernel } from './scopes.ts';

/** Turns that are assumed of a loop whose length is known only when it runs. */
const USUAL_TURNS = 16;

/** Nodes computed an element, those of its row shared among `columns`. */
export const workOf = (kernel: ScopedKernel, columns: number): number =>
  1 + workIn(kernel, kernel.columns) + workIn(kernel, kernel.rows) / columns;

function workIn(kernel: ScopedKernel, { nodes }: Scope): number {
  return nodes.reduce((total, node) => total + nodeWork(kernel, node), 0);
}

function nodeWork(kernel: ScopedKernel, node: Expr): number {
  if (node.kind === 'constant' || node.kind === 'variable' || node.kind === 'axis') return 0;
  if (node.kind !== 'sum' && node.kind !== 'result') return 1;
  const count = node.kind === 'sum' ? node.count : node.loop.count;
  const turns = count.kind === 'constant' ? count.value : USUAL_TURNS;
  return 1 + turns * workIn(kernel, kernel.bodyOf(counterOf(node)));
}
