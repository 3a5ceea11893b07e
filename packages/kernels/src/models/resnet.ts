/**
 * Residual networks of basic blocks, as torchvision builds them: the same parameter names, shapes and order, so that
 * `resnet18` with a large stem is torchvision's.
 */
import { activation, type Layer, linear, sequential } from './layer.ts';
import type { Model } from './model.ts';
import type { ResnetSpec } from './spec.ts';
import { batchNorm, convolution, globalAveragePool, maxPool } from './vision-layers.ts';

interface ConvolutionSizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

/** Without bias, which the norm behind it would take away again; He's deviation over the outputs' fan. */
const plainConvolution = (name: string, sizes: ConvolutionSizes): Layer =>
  convolution(name, {
    ...sizes,
    bias: false,
    initialiser: { kind: 'normal', deviation: Math.sqrt(2 / (sizes.outputs * sizes.kernel ** 2)) },
  });

interface BlockSizes {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

/** relu(x′ + bn2(conv2(relu(bn1(conv1(x)))))), where x′ is x, or a convolution of it where sizes change. */
function basicBlock(name: string, { inputs, outputs, stride }: BlockSizes): Layer {
  const path = sequential(
    plainConvolution(`${name}.conv1`, { inputs, outputs, kernel: 3, stride }),
    batchNorm(`${name}.bn1`, outputs),
    activation('relu'),
    plainConvolution(`${name}.conv2`, { inputs: outputs, outputs, kernel: 3, stride: 1 }),
    batchNorm(`${name}.bn2`, outputs),
  );
  const shortcut =
    stride === 1 && inputs === outputs
      ? sequential()
      : sequential(
          plainConvolution(`${name}.downsample.0`, { inputs, outputs, kernel: 1, stride }),
          batchNorm(`${name}.downsample.1`, outputs),
        );
  return {
    parameters: [...path.parameters, ...shortcut.parameters],
    apply: (scope, x) => {
      const sum = scope.emit.apply('add', [path.apply(scope, x), shortcut.apply(scope, x)]);
      return scope.emit.apply('relu', [sum]);
    },
  };
}

/** One stage: all blocks at one width, the first with the stride. */
const stage = (name: string, count: number, sizes: BlockSizes): Layer =>
  sequential(
    ...Array.from({ length: count }, (_, index) =>
      basicBlock(
        `${name}.${index}`,
        index === 0 ? sizes : { inputs: sizes.outputs, outputs: sizes.outputs, stride: 1 },
      ),
    ),
  );

/** `small` keeps the image's size (CIFAR's), `large` quarters it (ImageNet's). */
function stem({ stem: kind, input: [channels] }: ResnetSpec, outputs: number): Layer {
  const large = kind === 'large';
  const sizes = { inputs: channels, outputs, kernel: large ? 7 : 3, stride: large ? 2 : 1 };
  return sequential(
    plainConvolution('conv1', sizes),
    batchNorm('bn1', outputs),
    activation('relu'),
    ...(large ? [maxPool({ size: 3, stride: 2, padding: 1 })] : []),
  );
}

export function resnet(spec: ResnetSpec): Model {
  const { blocks, widths, outputs } = spec;
  const [first = 1] = widths;
  const last = widths.at(-1) ?? first;
  const stages = widths.map((width, index) =>
    stage(`layer${index + 1}`, blocks[index] ?? 1, {
      inputs: widths[index - 1] ?? first,
      outputs: width,
      stride: index === 0 ? 1 : 2,
    }),
  );
  const bound = 1 / Math.sqrt(last);
  return {
    body: sequential(
      stem(spec, first),
      ...stages,
      globalAveragePool,
      linear('fc', { inputs: last, outputs, initialiser: { kind: 'uniform', bound } }),
    ),
    input: { name: 'x', dtype: 'f32', shape: spec.input },
    labels: { name: 'y', shape: [] },
    classes: outputs,
    // PyTorch counts the batches that a norm has seen, and never uses the count while the momentum is a number.
    checkpoint: { prefix: '', buffers: /(^|\.)num_batches_tracked$/, copies: {} },
  };
}
