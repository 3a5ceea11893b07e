/** A job that carries graphs is checked like any message: it may come from a stranger. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxSpec, OnnxModel } from '@murmuration/kernels/onnx-import';
import { describe, expect, it } from 'vitest';
import { planJob } from './prepare-run.ts';
import { tinyJob } from '../testing/tiny-job.ts';

const file = new Uint8Array(readFileSync(new URL('../../../kernels/fixtures/onnx/convnet.onnx', import.meta.url)));
const directory = mkdtempSync(join(tmpdir(), 'plan-job-'));
const job = tinyJob(directory);
rmSync(directory, { recursive: true });
const { microBatch } = job.training;
const model = {
  ...onnxSpec(new OnnxModel(file), microBatch, {
    input: { name: 'x', shape: [1, 12, 12], range: null },
    labels: { name: 'y', shape: [], dtype: 'i32', range: 10 },
    loss: 'crossEntropy',
  }),
  sha256: 'ab'.repeat(32),
};
// oxlint-disable-next-line typescript/no-explicit-any -- what is to be spoiled has no type yet
type Wire = Record<string, any>;

/** The job as it comes off the wire, after `spoil`. */
function received(spoil: (model: Wire) => void): unknown {
  const wire = JSON.parse(JSON.stringify({ ...job, model })) as Wire;
  spoil(wire['model'] as Wire);
  return wire;
}

describe('planJob', () => {
  it('plans a job that carries graphs', () => {
    const { program } = planJob(received(() => undefined));
    expect(program.layout.slots).toHaveLength(model.parameters.length);
    expect(program.train.outputs.map(({ name }) => name)).toContain('gradient/bn.running_mean');
  });

  it.each<[string, (model: Wire) => void]>([
    ['an op that there is not', (m) => (m['train'].nodes[0].op = 'eval')],
    ['an attribute that the op does not have', (m) => (m['train'].nodes[0].attributes.constructor = 1)],
    ['a declared shape that is not the inferred one', (m) => (m['evaluate'].nodes[0].output.shape[1] = 5)],
    ['a node that reads what comes later', (m) => (m['evaluate'].nodes[0].inputs[0] = 10_000)],
    ['a dimension of 10⁹', (m) => (m['train'].inputs[0].type.shape[0] = 1e9)],
    ['another micro-batch', (m) => (m['batch'] = microBatch + 1)],
    ['a parameter that is not declared', (m) => m['parameters'].pop()],
    ['a parameter of another shape', (m) => (m['parameters'][0].shape = [1])],
    ['a parameter twice', (m) => m['parameters'].push(m['parameters'][0])],
    ['a statistic without its change', (m) => m['train'].outputs.pop()],
    ['no output', (m) => (m['evaluate'].outputs = [])],
    ['a graph that is too long', (m) => (m['train'].nodes = Array.from({ length: 20_000 }, () => m['train'].nodes[0]))],
    ['labels that the output does not fit', (m) => (m['labels'].shape = [3])],
    ['an unknown field', (m) => (m['train'].code = 'x')],
  ])('refuses %s by a typed error', (_, spoil) => {
    expect(() => planJob(received(spoil))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(JOB_RESOLUTION|GRAPH_ILLEGAL)$/) }),
    );
  });
});
