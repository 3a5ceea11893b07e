/** Kernel work as graphs: every one is legal, and its cost is the one that anybody would count by hand. */
import { describe, expect, it } from 'vitest';
import { verifyGraph } from '@murmuration/kernels/graph';
import { costOfWork, feedsOf, graphOf } from './work-graph.ts';
import { nameOf, type KernelWork } from './work.ts';

const works: readonly KernelWork[] = [
  { kind: 'matmul', form: 'TN', batch: 1, m: 3, k: 5, n: 7 },
  { kind: 'matmul', form: 'NT', batch: 4, m: 3, k: 5, n: 7 },
  { kind: 'attention', batch: 2, heads: 3, length: 5, width: 4, backward: false },
  { kind: 'attention', batch: 2, heads: 3, length: 5, width: 4, backward: true },
  { kind: 'layerNorm', rows: 3, columns: 5 },
  { kind: 'softmax', rows: 3, columns: 5 },
  { kind: 'reduceRows', rows: 3, columns: 5 },
  { kind: 'reduceColumns', rows: 3, columns: 5 },
  { kind: 'conv2d', batch: 2, inputs: 3, outputs: 4, size: 6, kernel: 3 },
];

describe('graphOf', () => {
  it.each(works.map((work) => [nameOf(work), work] as const))(
    'makes a legal graph of %s, with a value for every input',
    (_, work) => {
      const graph = graphOf(work);
      expect(() => verifyGraph(graph)).not.toThrow();
      expect(Object.keys(feedsOf(graph))).toEqual(graph.inputs.map(({ name }) => name));
    },
  );
});

describe('costOfWork', () => {
  it('counts two operations a multiply-add, and each operand and result once', () => {
    expect(costOfWork(works[0]!)).toEqual({ flops: 2 * 3 * 5 * 7, bytes: 4 * (15 + 35 + 21) });
    expect(costOfWork(works[1]!)).toEqual({ flops: 4 * 2 * 3 * 5 * 7, bytes: 4 * 4 * (15 + 35 + 21) });
    expect(costOfWork(works[4]!).bytes).toBe(4 * (15 + 5 + 5 + 15));
    expect(costOfWork(works[6]!).bytes).toBe(4 * (15 + 3));
    expect(costOfWork(works[7]!).bytes).toBe(4 * (15 + 5));
  });
});
