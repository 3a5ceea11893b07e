/** The convolutional network: convolution, activation and 2×2 max-pooling for each channel entry, then dense layers. */
import { conv2dAttributes } from '../ops/conv2d.ts';
import { poolAttributes } from '../ops/pool2d.ts';
import { activation, type Layer, sequential, stateless } from './layer.ts';
import { denseStack, heUniform } from './mlp.ts';
import type { Model } from './model.ts';
import type { ConvnetSpec } from './spec.ts';

interface ConvolutionOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Odd. */
  readonly kernel: number;
}

/** x [n, inputs, h, w] → [n, outputs, h, w]. */
const convolution = (name: string, { inputs, outputs, kernel }: ConvolutionOptions): Layer => ({
  parameters: [
    {
      name: `${name}/kernel`,
      shape: [outputs, inputs, kernel, kernel],
      decay: true,
      initialiser: heUniform(inputs * kernel * kernel),
    },
    { name: `${name}/bias`, shape: [outputs], decay: false, initialiser: { kind: 'constant', value: 0 } },
  ],
  apply: ({ emit, parameter }, x) => {
    const y = emit.apply('conv2d', [x, parameter(`${name}/kernel`)], conv2dAttributes({ padding: (kernel - 1) / 2 }));
    const bias = emit.apply('reshape', [parameter(`${name}/bias`)], { shape: [outputs, 1, 1] });
    return emit.apply('add', [y, bias]);
  },
});

const pool = stateless(({ emit }, x) => emit.apply('maxPool2d', [x], poolAttributes({ size: 2 })));

/** [n, c, h, w] → [n, c·h·w]. */
const flatten = (features: number): Layer =>
  stateless(({ emit, batch }, x) => emit.apply('reshape', [x], { shape: [batch, features] }));

export function convnet(spec: ConvnetSpec): Model {
  const [colours, height, width] = spec.input;
  const halvings = 2 ** spec.channels.length;
  const features = (spec.channels.at(-1) ?? colours) * Math.floor(height / halvings) * Math.floor(width / halvings);
  const convolutions = spec.channels.flatMap((outputs, index) => [
    convolution(`conv${index}`, { inputs: spec.channels[index - 1] ?? colours, outputs, kernel: spec.kernel }),
    activation(spec.activation),
    pool,
  ]);
  return {
    body: sequential(...convolutions, flatten(features), denseStack({ ...spec, inputs: features })),
    input: { name: 'x', dtype: 'f32', shape: spec.input },
    labels: { name: 'y', shape: [] },
    classes: spec.outputs,
  };
}
