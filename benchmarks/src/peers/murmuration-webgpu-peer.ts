/** Our WebGPU backend as a contender, in the numerics that its second parameter names, and the adapter's ceilings: single kernels on a device of this thread, steps as a worker does them. */
import { createWebGpuBackend, openAdapterBench } from '@murmuration/kernels/webgpu-node';
import type { AdapterBench } from '@murmuration/kernels/webgpu-node';
import { buildStepProgram } from '@murmuration/kernels/graph';
import { serveWork } from '../harness/serve-work.ts';
import { feedsOf, graphOf } from '../work/work-graph.ts';
import { prepareStep } from './prepare-step.ts';

await serveWork(async () => {
  const numerics = process.argv[3] === 'exact' ? 'exact' : 'fast';
  let bench: AdapterBench | undefined;
  const onBench = async (): Promise<AdapterBench> => (bench ??= await openAdapterBench({ numerics }));
  const backend = await createWebGpuBackend({ numerics });
  return {
    version: 'this tree',
    adapter: backend.adapter.name,
    kernel: async (work) => {
      const graph = graphOf(work);
      return (await onBench()).prepare(graph, feedsOf(graph));
    },
    step: (work) => prepareStep(backend, work),
    adapterWork: async (work) => {
      if (work.kind === 'ceiling') return (await onBench()).ceiling(work.of);
      const { pipelines } = (await onBench()).plan(buildStepProgram(work.model, work.batch));
      return { amount: pipelines, run: async () => {} };
    },
  };
});
