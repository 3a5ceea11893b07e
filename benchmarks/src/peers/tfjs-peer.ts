/** TensorFlow.js on its WebGPU backend as a contender. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { adapterName, installNavigatorGpu } from './navigator-gpu.ts';
import type { Prepared } from '../harness/serve-work.ts';
import { serveWork } from '../harness/serve-work.ts';
import { registerGradients } from './tfjs-gradients.ts';

await serveWork(async () => {
  // The backend registers itself when it is loaded, and only where `navigator.gpu` is there by then.
  installNavigatorGpu();
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  await registerGradients();
  const { tfjsKernel, tfjsModel } = await import('./tfjs-models.ts');
  tf.env().set('PROD', true);
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js refuses its WebGPU backend here');
  await tf.ready();

  const prepareKernel = (compute: () => Tensor): Prepared => ({
    run: async (times) => {
      for (let run = 0; run < times; run++) {
        const result = tf.tidy(compute);
        // Reading one number waits for everything before it.
        if (run === times - 1) {
          const first = tf.slice(tf.reshape(result, [-1]), [0], [1]);
          await first.data();
          first.dispose();
        }
        result.dispose();
      }
    },
  });

  const prepareStep = ({ variables, loss }: ReturnType<typeof tfjsModel>): Prepared => ({
    run: async (times) => {
      for (let run = 0; run < times; run++) {
        const { value, grads } = tf.variableGrads(loss, variables);
        await value.data();
        tf.dispose([value, grads]);
      }
    },
    close: () => tf.disposeVariables(),
  });

  return {
    version: tf.version_core,
    adapter: await adapterName(),
    kernel: (work) => prepareKernel(tfjsKernel(work)),
    step: (work) => prepareStep(tfjsModel(work.model, work.batch)),
  };
});
