/** Convolutions in portable ONNX, whose kernel gradients are convolutions themselves, against the float64 meaning. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { conformanceCases, instantiate } from '../ops/conformance.ts';
import { encodeGraph } from './encode.ts';

const OPS = new Set(['conv2d', 'conv2dInputGradient', 'conv2dKernelGradient']);

describe('in portable ONNX', () => {
  it.each(conformanceCases.filter(({ op }) => OPS.has(op)))('$name has the reference’s result', async (row) => {
    const { graph, feeds, expected } = instantiate(row);
    const session = await InferenceSession.create(encodeGraph(graph, { target: 'portable' }), { intraOpNumThreads: 1 });
    const tensors = graph.inputs.map(({ name, type }) => [name, new Tensor(feeds[name] as Float32Array, type.shape)]);
    const { y } = await session.run(Object.fromEntries(tensors));
    await session.release();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(y?.data[i]))), 0);
    expect(worst / largest).toBeLessThan(2e-6);
  });
});
