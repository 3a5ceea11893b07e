/** Memory, stages and splits of a program: what may overlap, what must come first, and that nothing is left out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelCases } from '../../backend/conformance-programs.ts';
import { type CanonicalPlan, planCanonical } from '../../canonical/plan.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { ops } from '../../ops/index.ts';
import { planArena, tensorBytes } from './memory.ts';
import { splitMap, splitProduct } from './split.ts';
import { readBy, stagesOf } from './stages.ts';
import { sumsOf, trainedRuns } from './trained.ts';

const seed = 20_261_122;
const plans = ['mlp with relu', 'convnet'].map((name): [string, CanonicalPlan] => {
  const { spec, batch } = modelCases[name]!;
  return [name, planCanonical(buildStepProgram(spec, batch).train, ops)];
});

describe.each(plans)('the plan of %s', (_, plan) => {
  const stages = stagesOf(plan);

  it('keeps the order of steps, and lets none read what its own stage writes', () => {
    expect(stages.flat()).toEqual(plan.steps);
    for (const stage of stages) {
      const written = new Set(stage.map(({ output }) => output));
      expect(stage.flatMap(readBy).filter((tensor) => written.has(tensor))).toEqual([]);
    }
  });

  it('gives tensors that live at the same time different memory, and less memory than all of them together', () => {
    const { offsets, bytes } = planArena(plan, stages);
    const lives = [...offsets].map(([tensor, start]) => {
      const uses = stages.flatMap((stage, at) =>
        stage.some((step) => step.output === tensor || readBy(step).includes(tensor)) ? [at] : [],
      );
      const last = plan.outputs.includes(tensor) ? Infinity : Math.max(...uses);
      return { from: Math.min(...uses), last, start, end: start + tensorBytes(plan.tensors[tensor]!) };
    });
    const meeting = lives.flatMap((a, i) =>
      lives.slice(i + 1).filter((b) => a.from <= b.last && b.from <= a.last && a.start < b.end && b.start < a.end),
    );
    expect(meeting).toEqual([]);
    expect(bytes).toBeLessThan(lives.reduce((sum, { start, end }) => sum + end - start, 0));
    expect(bytes).toBeGreaterThanOrEqual(Math.max(...lives.map(({ end }) => end)));
  });
});

describe('the parts with gradients', () => {
  it('are neighbouring parameters, with sums end to end', () => {
    const slot = (name: string, offset: number, size: number) => ({ name, offset, size, shape: [size], decay: false });
    const program = {
      layout: { slots: [slot('a', 0, 2), slot('b', 2, 3), slot('c', 5, 4), slot('d', 9, 1)], size: 10, bucketSize: 4 },
      train: {
        inputs: [],
        nodes: [],
        outputs: ['a', 'b', 'd'].map((name) => ({ name: `gradient/${name}`, value: 0 })),
      },
    } as unknown as StepProgram;
    const runs = trainedRuns(program);
    expect(runs).toEqual([
      { offset: 0, sums: 0, size: 5 },
      { offset: 9, sums: 5, size: 1 },
    ]);
    expect(sumsOf(runs)).toBe(6);
  });
});

describe('splitting', () => {
  const size = fc.integer({ min: 1, max: 200 });
  const threads = fc.integer({ min: 1, max: 5 });

  it('covers every element of a map once', () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 10_000 }), threads, (rows, columns, work, count) => {
        const seen = new Uint8Array(rows * columns);
        for (const { row, rowEnd, column, columnEnd } of splitMap({ rows, columns, work }, count))
          for (let i = row; i < rowEnd; i++) for (let j = column; j < columnEnd; j++) seen[i * columns + j]! += 1;
        expect(seen.every((times) => times === 1)).toBe(true);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('covers every element of a product once', () => {
    const batches = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(batches, size, size, fc.integer({ min: 1, max: 4000 }), threads, (count, m, n, k, workers) => {
        const seen = new Uint8Array(count * m * n);
        const problem = { count, m, n, k, transposeA: false, transposeB: false };
        for (const { firstBatch, batches: length, block } of splitProduct(problem, workers))
          for (let batch = firstBatch; batch < firstBatch + length; batch++)
            for (let i = block.row; i < block.rowEnd; i++)
              for (let j = block.column; j < block.columnEnd; j++) seen[(batch * m + i) * n + j]! += 1;
        expect(seen.every((times) => times === 1)).toBe(true);
      }),
      { seed, numRuns: 100 },
    );
  });

  it('gives large work to all threads, small work to one', () => {
    expect(splitMap({ rows: 1, columns: 100, work: 10 }, 4)).toHaveLength(1);
    expect(splitMap({ rows: 1, columns: 1e6, work: 10 }, 4).length).toBeGreaterThanOrEqual(4);
    const square = { count: 1, m: 512, n: 512, k: 512, transposeA: false, transposeB: false };
    expect(splitProduct(square, 4).length).toBeGreaterThanOrEqual(4);
    expect(splitProduct({ ...square, m: 1, n: 8, k: 8 }, 4)).toHaveLength(1);
  });
});
