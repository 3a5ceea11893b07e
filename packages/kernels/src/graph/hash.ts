/** A name for what a graph computes: SHA-256 over its canonical text. */
import type { Graph, ValueId } from './graph.ts';
import { printGraph } from './print.ts';
import { renumber, simplify } from './simplify.ts';

/**
 * The graph without dead or doubled nodes, its nodes in the order in which a depth-first walk from the outputs meets
 * them: graphs that differ in numbering, node order or dead nodes only have one canonical form.
 */
export function canonicalGraph(graph: Graph): Graph {
  const simple = simplify(graph);
  return renumber(simple, outputFirstOrder(simple));
}

/** Post-order from the outputs, without recursion: a deep graph must not overflow the stack. */
function outputFirstOrder({ inputs, nodes, outputs }: Graph): number[] {
  const order: number[] = [];
  const placed = new Set<number>();
  const pending: { value: ValueId; opened: boolean }[] = outputs
    .map(({ value }) => ({ value, opened: false }))
    .reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const index = next.value - inputs.length;
    if (index < 0 || placed.has(index)) continue;
    if (next.opened) {
      placed.add(index);
      order.push(index);
      continue;
    }
    pending.push({ value: next.value, opened: true });
    for (const value of [...(nodes[index]?.inputs ?? [])].reverse()) pending.push({ value, opened: false });
  }
  return order;
}

/** `0x` and 64 hexadecimal digits. Inputs' names, order and types belong to the hash, value numbers don't. */
export async function hashGraph(graph: Graph): Promise<string> {
  const text = new TextEncoder().encode(printGraph(canonicalGraph(graph)));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return `0x${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
