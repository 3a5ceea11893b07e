/** Our exact CPU backend (WebAssembly) as a contender. */
import { kernelProgram, selectBackend } from '@murmuration/kernels/backend';
import type { Backend } from '@murmuration/kernels/backend';
import type { Prepared } from '../harness/serve-work.ts';
import { serveWork } from '../harness/serve-work.ts';
import { feedsOf, graphOf } from '../work/work-graph.ts';
import type { KernelWork } from '../work/work.ts';
import { contenderSettings } from './contender-settings.ts';
import { prepareStep } from './prepare-step.ts';

async function prepareKernel(backend: Backend, work: KernelWork): Promise<Prepared> {
  const large = work.kind === 'matmul' || work.kind === 'conv2d' || (work.kind === 'attention' && !work.backward);
  if (!large) throw new Error('it runs whole programs, whose other parts would hide so small a kernel');
  const graph = graphOf(work);
  const program = kernelProgram(graph);
  const executable = await backend.compile(program);
  const parameters = new Float32Array(program.layout.size);
  const feeds = feedsOf(graph);
  for (const { name, offset } of program.layout.slots) parameters.set(feeds[name] ?? [], offset);
  await executable.load(parameters);
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) await executable.evaluate({});
    },
    close: () => executable.close(),
  };
}

await serveWork(async () => {
  const { threads } = contenderSettings();
  const backend = await selectBackend({ requested: 'exact', threads });
  return {
    version: 'this tree',
    adapter: backend.adapter.name,
    kernel: (work) => prepareKernel(backend, work),
    step: (work) => prepareStep(backend, work),
  };
});
