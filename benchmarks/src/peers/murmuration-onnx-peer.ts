/** Our CPU backend as a contender: kernels are graphs of one op, encoded as the backend encodes them. Settings: threads, spin. */
import { openOnnxBackend } from '@murmuration/kernels/backend';
import { serveWork } from '../harness/serve-work.ts';
import { contenderSettings } from './contender-settings.ts';
import { openOnnxKernels } from './onnx-kernels.ts';
import { prepareStep } from './prepare-step.ts';

await serveWork(async () => {
  const { threads, spin } = contenderSettings();
  const backend = await openOnnxBackend({ threads, spin });
  const kernels = openOnnxKernels({ executionProviders: ['cpu'], threads, spin });
  return {
    version: `onnxruntime ${kernels.version}`,
    adapter: backend.adapter.name,
    kernel: kernels.prepare,
    step: (work) => prepareStep(backend, work),
  };
});
