/** jax-js as a contender, jitted, on the device that its second parameter names: `webgpu` or `wasm`. */
import { blockUntilReady, defaultDevice, init, jit, tree, valueAndGrad } from '@jax-js/jax';
import type { numpy } from '@jax-js/jax';
import type { Prepared } from '../harness/serve-work.ts';
import { serveWork } from '../harness/serve-work.ts';
import type { KernelWork, StepWork } from '../work/work.ts';
import { packageVersion } from '../harness/package-version.ts';
import { jaxKernel, jaxModel } from './jax-models.ts';
import type { Parameters } from './jax-models.ts';
import { adapterName, installNavigatorGpu } from './navigator-gpu.ts';

function prepareKernel(work: KernelWork): Prepared {
  const { operands, compute } = jaxKernel(work);
  const jitted = jit(compute);
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) {
        const result = jitted(...operands.map((operand) => operand.ref));
        if (run === times - 1) await blockUntilReady(result);
        result.dispose();
      }
    },
    close: () => {
      for (const operand of operands) operand.dispose();
      jitted.dispose();
    },
  };
}

function prepareStep({ model, batch }: StepWork): Prepared {
  const { parameters, loss, x, labels } = jaxModel(model, batch);
  const step = jit(valueAndGrad(loss));
  return {
    run: async (times) => {
      for (let run = 0; run < times; run++) {
        const [value, gradients] = step(tree.ref(parameters), x.ref, labels.ref) as [numpy.Array, Parameters];
        await blockUntilReady(gradients);
        value.dispose();
        tree.dispose(gradients);
      }
    },
    close: () => {
      tree.dispose(parameters);
      x.dispose();
      labels.dispose();
      step.dispose();
    },
  };
}

await serveWork(async () => {
  const device = process.argv[3] === 'wasm' ? 'wasm' : 'webgpu';
  if (device === 'webgpu') installNavigatorGpu();
  if (!(await init(device)).includes(device)) throw new Error(`jax-js finds no ${device} here`);
  defaultDevice(device);
  return {
    version: packageVersion('@jax-js/jax'),
    adapter: device === 'webgpu' ? await adapterName() : 'WebAssembly',
    kernel: prepareKernel,
    step: prepareStep,
  };
});
