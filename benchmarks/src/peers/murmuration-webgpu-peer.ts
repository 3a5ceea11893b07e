/** Our WebGPU backend as a contender, and the adapter's ceilings: single kernels on a device of this thread, steps as a worker does them. */
import { createWebGpuBackend, openAdapterBench } from '@murmuration/kernels/webgpu-node';
import type { AdapterBench } from '@murmuration/kernels/webgpu-node';
import { serveWork } from '../harness/serve-work.ts';
import { feedsOf, graphOf } from '../work/work-graph.ts';
import { prepareStep } from './prepare-step.ts';

await serveWork(async () => {
  let bench: AdapterBench | undefined;
  const onBench = async (): Promise<AdapterBench> => (bench ??= await openAdapterBench());
  const backend = await createWebGpuBackend();
  return {
    version: 'this tree',
    adapter: backend.adapter.name,
    prepare: async (work) => {
      if (work.kind === 'step') return prepareStep(backend, work);
      if (work.kind === 'ceiling') return (await onBench()).ceiling(work.of);
      const graph = graphOf(work);
      return (await onBench()).prepare(graph, feedsOf(graph));
    },
  };
});
