/** What an expanded graph computes, and what its expansions share. */
import { describe, expect, it } from 'vitest';
import { drawBatch } from '../backend/conformance-programs.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { ModelSpec } from '../models/spec.ts';
import { encodeTrainModel } from '../onnx/train-model.ts';
import { decodeModel } from '../onnx/schema.ts';
import { ops } from '../ops/index.ts';
import { GraphBuilder } from './builder.ts';
import { expandNodes, expansionIn } from './expand.ts';
import { interpret } from './interpret.ts';
import { parameterViews } from './parameter-layout.ts';

const spec: ModelSpec = { type: 'gpt', vocab: 11, layers: 3, heads: 2, width: 8, block: 6, tied: true };
const program = buildStepProgram(spec, 2);
const expanded = expandNodes(program.train, expansionIn(ops));
const count = (graph: { nodes: readonly { op: string }[] }, op: string): number =>
  graph.nodes.filter((node) => node.op === op).length;

describe('an expanded train step', () => {
  it('is made of ops that don’t expand, forward and backward sharing their probabilities', () => {
    expect(expanded.nodes.some(({ op }) => ops[op]?.expand)).toBe(false);
    expect(count(program.train, 'attention')).toBe(3);
    expect(count(expanded, 'softmax')).toBe(3);
    expect(count(expanded, 'softmaxGradient')).toBe(3);
    // Six products a layer belong to attention; nothing of the memory-lean backward pass is left.
    expect(count(expanded, 'matmul') - count(program.train, 'matmul')).toBe(3 * 6);
    expect(count(expanded, 'attentionLogSum')).toBe(0);
  });

  it('has the same loss and gradients', () => {
    const parameters = parameterViews(program.layout, initialParameters(spec, 5));
    const feeds = { ...parameters, ...drawBatch(program, spec, 3) };
    const [one, other] = [interpret(program.train, feeds), interpret(expanded, feeds)];
    expect(Object.keys(other)).toEqual(Object.keys(one));
    for (const [name, values] of Object.entries(one)) {
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - other[name]![i]!)), 0);
      expect(worst, name).toBeLessThan(1e-12);
    }
  });

  it('is what onnxruntime gets', () => {
    const nodes = decodeModel(encodeTrainModel(program)).graph?.node ?? [];
    // One a layer, and the loss's own.
    expect(nodes.filter(({ opType }) => opType === 'Softmax')).toHaveLength(3 + 1);
  });

  it('is the graph itself where nothing expands', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.apply('neg', [builder.input('x', { dtype: 'f32', shape: [2] }, 'data')]));
    const graph = builder.build();
    expect(expandNodes(graph, expansionIn(ops))).toBe(graph);
  });
});
