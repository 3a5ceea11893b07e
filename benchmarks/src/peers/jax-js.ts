/** jax-js (WebAssembly backend) as a contender: the MLP step as its users write it, jitted. */
import { init, jit, nn, numpy as np, random, valueAndGrad, blockUntilReady, defaultDevice } from '@jax-js/jax';
import type { MlpSpec } from '@murmuration/kernels/graph';
import type { Contender } from '../harness/measure.ts';

type Layer = { w: np.Array; b: np.Array };

function initialLayers(sizes: readonly number[]): Layer[] {
  return sizes.slice(1).map((width, index) => ({
    w: random.normal(random.key(index), [sizes[index] ?? 0, width]).mul(0.05),
    b: np.zeros([width]),
  }));
}

function meanLoss(layers: Layer[], x: np.Array, labels: np.Array): np.Array {
  let activation = x;
  layers.forEach(({ w, b }, index) => {
    activation = np.matmul(activation, w).add(b);
    if (index < layers.length - 1) activation = nn.relu(activation);
  });
  return np.mean(np.sum(nn.logSoftmax(activation, -1).mul(labels), -1)).neg();
}

/** One forward and backward of an MLP over `batch` samples. */
export async function jaxJsStep(spec: MlpSpec, batch: number): Promise<Contender> {
  await init('wasm');
  defaultDevice('wasm');
  const layers = initialLayers([spec.inputs, ...spec.hidden, spec.outputs]);
  const x = random.normal(random.key(98), [batch, spec.inputs]);
  const labels = nn.oneHot(
    np.array(Int32Array.from({ length: batch }, (_, index) => index % spec.outputs)),
    spec.outputs,
  );
  const step = jit(valueAndGrad(meanLoss));
  const owned = (): Layer[] => layers.map(({ w, b }) => ({ w: w.ref, b: b.ref }));
  return {
    name: 'jax-js WASM',
    run: async () => {
      const [loss, gradients] = step(owned(), x.ref, labels.ref) as [np.Array, Layer[]];
      await blockUntilReady(gradients);
      loss.dispose();
      for (const { w, b } of gradients) {
        w.dispose();
        b.dispose();
      }
    },
  };
}
