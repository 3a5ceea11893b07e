/** Kernel work in bare onnxruntime, on any of its providers. On a GPU its operands stay there between runs. */
import * as onnxruntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeGraph } from '@murmuration/kernels/onnx';
import { GraphBuilder } from '@murmuration/kernels/graph';
import type { Graph } from '@murmuration/kernels/graph';
import type { Prepared } from '../harness/serve-work.ts';
import { feedsOf, graphOf } from '../work/work-graph.ts';
import type { KernelWork } from '../work/work.ts';

export interface OnnxKernelOptions {
  readonly executionProviders: InferenceSession.SessionOptions['executionProviders'] & {};
  readonly threads: number;
  readonly spin: boolean;
}

type Tensors = Record<string, Tensor>;

/** Copies each input, on the provider, so that operands lie where the kernel runs; and takes one number back from the result. */
const relayGraph = ({ inputs }: Graph): Graph => {
  const builder = new GraphBuilder();
  const values = inputs.map(({ name, type }) => builder.input(name, type, 'data'));
  values.forEach((value, index) => {
    builder.output(`${inputs[index]?.name}/placed`, builder.apply('scale', [value], { factor: 2 }));
  });
  return builder.build();
};

const firstElementGraph = (shape: readonly number[]): Graph => {
  const builder = new GraphBuilder();
  let value = builder.input('y', { dtype: 'f32', shape }, 'data');
  shape.forEach((_, axis) => {
    value = builder.apply('slice', [value], { axis, start: 0, length: 1 });
  });
  builder.output('first', value);
  return builder.build();
};

export function openOnnxKernels({ executionProviders, threads, spin }: OnnxKernelOptions) {
  const onGpu = executionProviders[0] !== 'cpu';
  const create = (graph: Graph, stays: boolean): Promise<InferenceSession> =>
    onnxruntime.InferenceSession.create(encodeGraph(graph, { target: 'onnxruntime' }), {
      executionProviders,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      extra: { session: { intra_op: { allow_spinning: spin ? '1' : '0' } } },
      ...(stays && onGpu && { preferredOutputLocation: 'gpu-buffer' as const }),
    });

  const tensorsOf = (graph: Graph): Tensors => {
    const feeds = feedsOf(graph);
    return Object.fromEntries(
      graph.inputs.map(({ name, type }) => [
        name,
        new onnxruntime.Tensor('float32', feeds[name]!, type.shape as number[]),
      ]),
    );
  };

  const prepare = async (work: KernelWork): Promise<Prepared> => {
    const graph = graphOf(work);
    const session = await create(graph, true);
    if (!onGpu) return prepareOnCpu(session, graph, tensorsOf(graph));
    const relay = await create(relayGraph(graph), true);
    const placed = await relay.run(tensorsOf(graph));
    const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, placed[`${name}/placed`]!]));
    return prepareOnGpu(session, feeds, await create(firstElementGraph(outputShape(graph)), false));
  };
  return { version: onnxruntime.env.versions.node ?? onnxruntime.env.versions.common, prepare };
}

const outputShape = ({ inputs, nodes, outputs: [first] }: Graph): readonly number[] =>
  nodes[(first?.value ?? 0) - inputs.length]?.output.shape ?? [];

/** Outputs are written into the same memory every time, as the backend has it. */
function prepareOnCpu(session: InferenceSession, graph: Graph, feeds: Tensors): Prepared {
  const fetches = Object.fromEntries(
    graph.outputs.map(({ name, value }) => {
      const shape = graph.nodes[value - graph.inputs.length]?.output.shape ?? [];
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, new onnxruntime.Tensor('float32', new Float32Array(size), shape)];
    }),
  );
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) await session.run(feeds, fetches);
    },
    close: () => session.release(),
  };
}

/** Waiting means to read one number of the last result: the provider works in order. */
function prepareOnGpu(session: InferenceSession, feeds: Tensors, first: InferenceSession): Prepared {
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) {
        const results = await session.run(feeds);
        if (run === times - 1) await first.run({ y: results['y']! });
        for (const result of Object.values(results)) result.dispose();
      }
    },
    close: async () => {
      for (const tensor of Object.values(feeds)) tensor.dispose();
      await Promise.all([session.release(), first.release()]);
    },
  };
}
