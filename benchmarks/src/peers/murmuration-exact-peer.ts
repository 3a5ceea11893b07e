/** Our exact CPU backend (WebAssembly) as a contender; it computes whole steps. */
import { selectBackend } from '@murmuration/kernels/backend';
import { serveWork } from '../harness/serve-work.ts';
import { contenderSettings } from './contender-settings.ts';
import { prepareStep } from './prepare-step.ts';

await serveWork(async () => {
  const { threads } = contenderSettings();
  const backend = await selectBackend({ requested: 'exact', threads });
  return {
    version: 'this tree',
    adapter: backend.adapter.name,
    prepare: async (work) => {
      if (work.kind === 'step') return prepareStep(backend, work);
      throw new Error('it runs whole steps only');
    },
  };
});
