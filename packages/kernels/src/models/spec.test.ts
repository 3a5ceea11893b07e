import { describe, expect, it } from 'vitest';
import { buildStepProgram } from './build-step-program.ts';
import { initialParameters } from './parameters.ts';
import type { ModelSpec } from './spec.ts';

const mlp = { type: 'mlp', inputs: 4, hidden: [3], outputs: 2, activation: 'relu' } as const;
const convnet = {
  type: 'convnet',
  input: [1, 8, 8],
  channels: [2],
  kernel: 3,
  hidden: [],
  outputs: 2,
  activation: 'relu',
} as const;
const resnet = {
  type: 'resnet',
  input: [1, 8, 8],
  stem: 'small',
  blocks: [1, 1],
  widths: [2, 3],
  outputs: 2,
} as const;
const gpt = { type: 'gpt', vocab: 5, layers: 1, heads: 2, width: 4, block: 3, tied: true } as const;

const llama = {
  type: 'llama',
  vocab: 5,
  layers: 1,
  heads: 2,
  kvHeads: 1,
  width: 4,
  inner: 6,
  block: 3,
  tied: false,
  theta: 10_000,
  epsilon: 1e-5,
} as const;

describe('a model spec', () => {
  it.each<[unknown, RegExp]>([
    [{ ...mlp, type: 'rnn' }, /type: unknown model "rnn"/],
    [{ ...mlp, inputs: 0 }, /mlp.inputs: 0 is not an integer/],
    [{ ...mlp, hidden: [3, 2.5] }, /mlp.hidden\[1\]: 2.5/],
    [{ ...mlp, hidden: 'wide' }, /mlp.hidden: it is not a list/],
    [{ ...mlp, outputs: 1e12 }, /mlp.outputs/],
    [{ ...mlp, activation: 'sine' }, /mlp.activation: unknown activation sine/],
    [{ ...mlp, inputs: 2 ** 24, hidden: [2 ** 24] }, /too large/],
    [{ ...mlp, dropout: 1 }, /mlp.dropout: 1 is not a number from 0/],
    [{ ...convnet, dropout: -0.1 }, /convnet.dropout/],
    [{ ...gpt, dropout: Number.NaN }, /gpt.dropout/],
    [{ ...gpt, dropout: '0.1' }, /gpt.dropout/],
    [{ ...convnet, input: [1, 8] }, /convnet.input: it has 2 sizes/],
    [{ ...convnet, kernel: 4 }, /convnet.kernel: 4 is even/],
    [{ ...convnet, channels: [1, 2, 3, 4] }, /4 poolings leave nothing of 8 pixels/],
    [{ ...resnet, input: [1, 8] }, /resnet.input: it has 2 sizes/],
    [{ ...resnet, stem: 'tall' }, /resnet.stem: unknown stem tall/],
    [{ ...resnet, blocks: [1] }, /resnet.blocks: 1 counts stand against 2 widths/],
    [{ ...resnet, blocks: [], widths: [] }, /at least one/],
    [{ ...resnet, blocks: [200, 100] }, /resnet.blocks: 300 is not an integer from 1 to 256/],
    [{ ...resnet, widths: [4, 0] }, /resnet.widths\[1\]/],
    [{ ...gpt, heads: 3 }, /gpt.width: 4 is no multiple of 3 heads/],
    [{ ...gpt, layers: 100_000 }, /gpt.layers/],
    [{ ...gpt, tied: 'yes' }, /gpt.tied/],
    [{ ...gpt, vocab: Number.NaN }, /gpt.vocab/],
    [{ ...llama, width: 6 }, /llama.width: 6 is no multiple of twice 2 heads/],
    [{ ...llama, kvHeads: 3 }, /llama.kvHeads: 3 doesn't divide 2 heads/],
    [{ ...llama, inner: 0 }, /llama.inner/],
    [{ ...llama, block: 65_537 }, /llama.block/],
    [{ ...llama, theta: 1 }, /llama.theta: 1 is not a number above 1/],
    [{ ...llama, epsilon: 0 }, /llama.epsilon: 0 is not between 0 and 1/],
    [{ ...llama, tied: 1 }, /llama.tied/],
  ])('%j is refused by field', (spec, problem) => {
    expect(() => buildStepProgram(spec as ModelSpec, 2)).toThrow(problem);
  });

  it('needs a batch and a bucket size of at least 1', () => {
    expect(() => buildStepProgram(mlp, 0)).toThrow(/batch: 0 is not a positive integer/);
    expect(() => buildStepProgram(mlp, 1, 0.5)).toThrow(/bucketSize/);
  });

  it('is refused before memory is taken when its parameters are too many', () => {
    const huge: ModelSpec = { ...gpt, layers: 256, width: 4096, heads: 2 };
    expect(() => initialParameters(huge, 1)).toThrow(/parameters: there are 51\d+, more than 2147483647/);
    expect(() => initialParameters({ ...mlp, inputs: 2 ** 20, hidden: [2 ** 20] }, 1)).toThrow(
      /layers\.0\.weight.*too large/,
    );
  });
});
