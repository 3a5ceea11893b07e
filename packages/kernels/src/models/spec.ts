/** The models that a job can ask for, as plain numbers, and the limits within which they are built. */
import { GraphError } from '../graph/errors.ts';
import type { LoraSpec } from './lora.ts';
import { checkOnnxSpec, type OnnxSpec } from './onnx-spec.ts';
import { MAX_POSITIONS } from '../ops/rotary-phase.ts';

export type Activation = 'relu' | 'gelu';

/** Dense layers with an activation between them. */
export interface MlpSpec {
  readonly type: 'mlp';
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly activation: Activation;
  /** Share of each hidden layer's elements dropped in training; none unless given. */
  readonly dropout?: number;
}

/** For each entry of `channels` a convolution (same padding), the activation and a 2×2 max-pool; then an MLP. */
export interface ConvnetSpec {
  readonly type: 'convnet';
  /** Channels, height, width. */
  readonly input: readonly [number, number, number];
  readonly channels: readonly number[];
  /** Odd. */
  readonly kernel: number;
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly activation: Activation;
  /** Share of each hidden layer's elements dropped in training; none unless given. */
  readonly dropout?: number;
}

/** A residual network of basic blocks: one stage for each width, its blocks as many, then a mean over the image. */
export interface ResnetSpec {
  readonly type: 'resnet';
  /** Channels, height, width. */
  readonly input: readonly [number, number, number];
  /** `small`: a 3×3 convolution; `large`: 7×7 with stride 2, then a max-pool with stride 2. */
  readonly stem: 'small' | 'large';
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Channels of each stage; every stage but the first halves the image. */
  readonly widths: readonly number[];
  readonly outputs: number;
}

/** GPT-2's decoder: learned positions, pre-norm blocks, head tied to the token embedding or of its own. */
export interface GptSpec {
  readonly type: 'gpt';
  readonly vocab: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Longest context, and the length of every training sample, in tokens. */
  readonly block: number;
  readonly tied: boolean;
  /** Share of the embeddings' and of each residual branch's elements dropped in training; none unless given. */
  readonly dropout?: number;
}

/** Llama's decoder: rotary positions, RMS norms, grouped queries, a gated SiLU, no biases. */
export interface LlamaSpec {
  readonly type: 'llama';
  readonly vocab: number;
  readonly layers: number;
  /** Query heads; key and value heads, which divide them. */
  readonly heads: number;
  readonly kvHeads: number;
  readonly width: number;
  /** Width inside the gated layers. */
  readonly inner: number;
  /** Longest context, and the length of every training sample, in tokens. */
  readonly block: number;
  readonly tied: boolean;
  /** Base of the rotary frequencies. */
  readonly theta: number;
  /** Added to the mean square under a norm's root. */
  readonly epsilon: number;
  /** Share of the embeddings' and of each residual branch's elements dropped in training; none unless given. */
  readonly dropout?: number;
}

/** Any model; with `lora` its own parameters are frozen and adapters of its matrices are trained. */
export type ModelSpec = (MlpSpec | ConvnetSpec | ResnetSpec | GptSpec | LlamaSpec | OnnxSpec) & {
  readonly lora?: LoraSpec | undefined;
};

const MAX_SIZE = 2 ** 24;
const MAX_LAYERS = 256;
/** Of adapters: ranks, and patterns with their characters. */
const MAX_RANK = 1024;
const MAX_TARGETS = 64;
const MAX_PATTERN = 200;

function refuse(place: string, problem: string, mend: string): never {
  throw new GraphError({ op: 'model', place, problem, mend });
}

function checkSize(place: string, value: unknown, most = MAX_SIZE): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) return;
  refuse(place, `${JSON.stringify(value)} is not an integer from 1 to ${most}`, 'Give a whole number in that range.');
}

function checkSizes(place: string, values: readonly number[]): void {
  if (!Array.isArray(values) || values.length > MAX_LAYERS) {
    refuse(place, `it is not a list of at most ${MAX_LAYERS} sizes`, 'Give a list of layer sizes.');
  }
  values.forEach((value, index) => checkSize(`${place}[${index}]`, value));
}

function checkActivation(place: string, activation: Activation): void {
  if (activation !== 'relu' && activation !== 'gelu')
    refuse(place, `unknown activation ${String(activation)}`, 'Use relu or gelu.');
}

/** Nothing, or a rate at which something is left. */
function checkDropout(place: string, rate: number = 0): void {
  if (typeof rate === 'number' && rate >= 0 && rate <= 0.99) return;
  refuse(place, `${JSON.stringify(rate)} is not a number from 0 to 0.99`, 'Give the share of elements to drop.');
}

function checkMlp({ inputs, hidden, outputs, activation, dropout }: MlpSpec): void {
  checkDropout('mlp.dropout', dropout);
  checkSize('mlp.inputs', inputs);
  checkSizes('mlp.hidden', hidden);
  checkSize('mlp.outputs', outputs);
  checkActivation('mlp.activation', activation);
}

function checkImage(place: string, input: readonly number[]): void {
  checkSizes(place, input);
  if (input.length !== 3) refuse(place, `it has ${input.length} sizes`, 'Give channels, height and width.');
}

function checkConvnet({ input, channels, kernel, hidden, outputs, activation, dropout }: ConvnetSpec): void {
  checkDropout('convnet.dropout', dropout);
  checkSizes('convnet.channels', channels);
  checkSizes('convnet.hidden', hidden);
  checkSize('convnet.outputs', outputs);
  checkActivation('convnet.activation', activation);
  checkSize('convnet.kernel', kernel, 63);
  checkImage('convnet.input', input);
  if (kernel % 2 === 0)
    refuse('convnet.kernel', `${kernel} is even`, 'Use an odd kernel, so that padding keeps the size.');
  const smallest = Math.min(input[1], input[2]);
  if (Math.floor(smallest / 2 ** channels.length) < 1) {
    refuse(
      'convnet.channels',
      `${channels.length} poolings leave nothing of ${smallest} pixels`,
      'Use fewer entries or a larger input.',
    );
  }
}

function checkResnet({ input, stem, blocks, widths, outputs }: ResnetSpec): void {
  checkImage('resnet.input', input);
  checkSizes('resnet.blocks', blocks);
  checkSizes('resnet.widths', widths);
  checkSize('resnet.outputs', outputs);
  if (stem !== 'small' && stem !== 'large')
    refuse('resnet.stem', `unknown stem ${String(stem)}`, 'Use small or large.');
  if (blocks.length !== widths.length || widths.length === 0) {
    const problem = `${blocks.length} counts stand against ${widths.length} widths`;
    refuse('resnet.blocks', problem, 'Give as many block counts as widths, at least one.');
  }
  checkSize(
    'resnet.blocks',
    blocks.reduce((sum, count) => sum + count, 0),
    MAX_LAYERS,
  );
}

function checkGpt({ vocab, layers, heads, width, block, tied, dropout }: GptSpec): void {
  checkDropout('gpt.dropout', dropout);
  checkSize('gpt.vocab', vocab);
  checkSize('gpt.layers', layers, MAX_LAYERS);
  checkSize('gpt.heads', heads);
  checkSize('gpt.width', width);
  checkSize('gpt.block', block);
  if (width % heads !== 0)
    refuse('gpt.width', `${width} is no multiple of ${heads} heads`, 'Make width a multiple of heads.');
  if (typeof tied !== 'boolean') refuse('gpt.tied', `${String(tied)} is not a boolean`, 'Use true or false.');
}

function checkLlama(spec: LlamaSpec): void {
  const { vocab, layers, heads, kvHeads, width, inner, block, tied, theta, epsilon, dropout } = spec;
  checkDropout('llama.dropout', dropout);
  checkSize('llama.layers', layers, MAX_LAYERS);
  for (const [name, size] of Object.entries({ vocab, heads, kvHeads, width, inner })) checkSize(`llama.${name}`, size);
  checkSize('llama.block', block, MAX_POSITIONS);
  if (width % (2 * heads) !== 0)
    refuse('llama.width', `${width} is no multiple of twice ${heads} heads`, 'Make the size of a head an even number.');
  if (heads % kvHeads !== 0)
    refuse('llama.kvHeads', `${kvHeads} doesn't divide ${heads} heads`, 'Make heads a multiple of kvHeads.');
  if (typeof tied !== 'boolean') refuse('llama.tied', `${String(tied)} is not a boolean`, 'Use true or false.');
  if (!(Number.isFinite(theta) && theta > 1))
    refuse('llama.theta', `${theta} is not a number above 1`, 'Use 10000, or the rope_theta of the checkpoint.');
  if (!(epsilon > 0 && epsilon < 1))
    refuse('llama.epsilon', `${epsilon} is not between 0 and 1`, 'Use 1e-5, or the rms_norm_eps of the checkpoint.');
}

function checkLora({ rank, alpha, targets }: LoraSpec): void {
  checkSize('lora.rank', rank, MAX_RANK);
  if (!(Number.isFinite(alpha) && alpha > 0))
    refuse('lora.alpha', `${alpha} is not a number above 0`, 'Use the rank, or twice the rank.');
  if (!Array.isArray(targets) || targets.length < 1 || targets.length > MAX_TARGETS)
    refuse('lora.targets', `it is not a list of 1 to ${MAX_TARGETS} patterns`, 'Name the matrices to adapt.');
  targets.forEach((target: unknown, index) => {
    if (typeof target !== 'string' || target.length < 1 || target.length > MAX_PATTERN)
      refuse(
        `lora.targets[${index}]`,
        `it is not a pattern of 1 to ${MAX_PATTERN} characters`,
        'Use text such as c_attn.',
      );
  });
}

/** Returns the spec when it can be built. @throws GraphError naming the field */
export function checkModelSpec(spec: ModelSpec): ModelSpec {
  if (spec.lora !== undefined) checkLora(spec.lora);
  switch (spec.type) {
    case 'mlp':
      checkMlp(spec);
      return spec;
    case 'convnet':
      checkConvnet(spec);
      return spec;
    case 'resnet':
      checkResnet(spec);
      return spec;
    case 'gpt':
      checkGpt(spec);
      return spec;
    case 'onnx':
      checkOnnxSpec(spec);
      return spec;
    case 'llama':
      checkLlama(spec);
      return spec;
    default:
      return refuse(
        'type',
        `unknown model ${JSON.stringify((spec as { type?: unknown }).type)}`,
        'Use mlp, convnet, resnet, gpt, llama or onnx.',
      );
  }
}
