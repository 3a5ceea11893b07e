/**
 * The convolutional network: convolution, activation and 2×2 max-pooling for each channel entry, then dense layers, with
 * the names of a PyTorch `Sequential` called `layers`.
 */
import { activation, type Layer, numbered, stateless } from './layer.ts';
import { denseStack, heUniform } from './mlp.ts';
import type { Model } from './model.ts';
import type { ConvnetSpec } from './spec.ts';
import { convolution, maxPool } from './vision-layers.ts';

/** [n, c, h, w] → [n, c·h·w]. */
const flatten = (features: number): Layer =>
  stateless(({ emit, batch }, x) => emit.apply('reshape', [x], { shape: [batch, features] }));

export function convnet(spec: ConvnetSpec): Model {
  const [colours, height, width] = spec.input;
  const halvings = 2 ** spec.channels.length;
  const features = (spec.channels.at(-1) ?? colours) * Math.floor(height / halvings) * Math.floor(width / halvings);
  const convolutions = spec.channels.flatMap((outputs, index) => {
    const inputs = spec.channels[index - 1] ?? colours;
    const initialiser = heUniform(inputs * spec.kernel * spec.kernel);
    return [
      (name: string) => convolution(name, { inputs, outputs, kernel: spec.kernel, bias: true, initialiser }),
      () => activation(spec.activation),
      () => maxPool({ size: 2 }),
    ];
  });
  return {
    body: numbered('layers', [...convolutions, () => flatten(features), ...denseStack({ ...spec, inputs: features })]),
    input: { name: 'x', dtype: 'f32', shape: spec.input },
    labels: { name: 'y', shape: [] },
    classes: spec.outputs,
  };
}
