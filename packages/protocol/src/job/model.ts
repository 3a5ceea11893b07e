/**
 * The `model` section. What the data decides (inputs of an image, classes, vocabulary) may be left out of `job.yaml`;
 * the resolved form has every number.
 */
import { z } from 'zod';
import { adapterFields, startFields } from './adapters.ts';
import { flag, must, positiveInteger, sha256Text, text } from './fields.ts';
import { graphSchema, parametersSchema } from './graph.ts';

/** Above this a layer's matrix could not be addressed on the smallest adapters; far above what a round can carry. */
const width = positiveInteger.max(1_048_576, must('a positive integer of at most 1048576'));
const depth = positiveInteger.max(256, must('a positive integer of at most 256'));
const activation = z.enum(['relu', 'gelu']);
const widths = z
  .array(width, must('a list of layer widths such as [256, 128]'))
  .max(64, must('a list of at most 64 widths'));

/** Share of elements dropped in training. */
const dropout = z
  .number(must('a number from 0 to 0.99'))
  .min(0, must('a number from 0 to 0.99'))
  .max(0.99, must('a number from 0 to 0.99'))
  .default(0);

const mlpFields = {
  type: z.literal('mlp'),
  /** Widths of the hidden layers. */
  hidden: widths.default([128]),
  activation: activation.default('relu'),
  /** Of each hidden layer. */
  dropout,
};
const convnetFields = {
  type: z.literal('convnet'),
  /** Channels of each convolution; every one is followed by the activation and a 2×2 max-pool. */
  channels: widths.min(1, must('a list of at least one channel count')).default([16, 32]),
  /** Side of the square kernels; odd, so that "same" padding is symmetric. */
  kernel: positiveInteger
    .max(15, must('an odd integer from 1 to 15'))
    .refine((side) => side % 2 === 1, must('an odd integer from 1 to 15'))
    .default(3),
  hidden: widths.default([128]),
  activation: activation.default('relu'),
  /** Of each hidden dense layer. */
  dropout,
};
const resnetFields = {
  type: z.literal('resnet'),
  /** `small` keeps the image's size (a 3×3 convolution), `large` quarters it (7×7 with stride 2 and a max-pool). */
  stem: z.enum(['small', 'large']).default('small'),
  /** Basic blocks of each stage; as many entries as `widths`. */
  blocks: z
    .array(depth, must('a list of block counts such as [2, 2, 2, 2]'))
    .min(1, must('a list of at least one block count'))
    .max(16, must('a list of at most 16 block counts'))
    .default([2, 2, 2]),
  /** Channels of each stage; every stage but the first halves the image. */
  widths: widths.min(1, must('a list of at least one width')).default([16, 32, 64]),
};
const gptFields = {
  type: z.literal('gpt'),
  layers: depth.default(4),
  heads: depth.default(4),
  /** Width of the residual stream; a multiple of `heads`. */
  width: width.default(128),
  /** Whether the output head shares the token embedding's matrix. */
  tied: flag.default(true),
  /** Of the embeddings and of what each block adds to the residual stream. */
  dropout,
};
const llamaFields = {
  type: z.literal('llama'),
  layers: depth.default(4),
  /** Query heads; a head has an even number of elements, width / heads. */
  heads: depth.default(4),
  /** Width of the residual stream. */
  width: width.default(128),
  /** Whether the output head shares the token embedding's matrix. */
  tied: flag.default(false),
  /** Base of the rotary frequencies: a checkpoint's rope_theta. */
  theta: z.number(must('a number above 1')).gt(1, must('a number above 1')).default(10_000),
  /** Added to the mean square under a norm's root: a checkpoint's rms_norm_eps. */
  epsilon: z
    .number(must('a number between 0 and 1'))
    .gt(0, must('a number between 0 and 1'))
    .lt(1, must('a number between 0 and 1'))
    .default(1e-5),
  /** Of the embeddings and of what each block adds to the residual stream. */
  dropout,
};
const patternWords = must('a list of names of tensors, with * for any text, such as ["head.*"]');
const patterns = z.array(text('the name of a tensor', 4096), patternWords).max(1024, patternWords);
const onnxFields = {
  type: z.literal('onnx'),
  /** What the output is trained towards: classes (logits), or numbers (mean squared error). */
  loss: z.enum(['crossEntropy', 'mse']).default('crossEntropy'),
};
/** Shapes are of one sample; names are those of the data set. */
const dataField = z.strictObject({
  name: z.string().min(1).max(64),
  shape: z.array(z.int().positive()).max(8),
  dtype: z.enum(['f32', 'i32']),
});
/** Rotary angles serve this many positions. */
const positions = width.max(65_536, must('a positive integer of at most 65536'));
const shape = z.tuple([depth, width, width], must('[channels, height, width]'));

export const modelSpecSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...mlpFields, ...startFields, inputs: width.optional(), outputs: width.optional() }),
  z.strictObject({ ...convnetFields, ...startFields, input: shape.optional(), outputs: width.optional() }),
  z.strictObject({ ...resnetFields, ...startFields, input: shape.optional(), outputs: width.optional() }),
  z.strictObject({ ...gptFields, ...startFields, vocab: width.optional(), block: width.optional() }),
  z.strictObject({
    ...llamaFields,
    ...startFields,
    /** Key and value heads, which divide the query heads; as many unless given. */
    kvHeads: depth.optional(),
    /** Width inside the gated layers; ⅔ of four times `width`, in steps of 8, unless given. */
    inner: width.optional(),
    vocab: width.optional(),
    block: positions.optional(),
  }),
  z.strictObject({
    ...onnxFields,
    ...adapterFields,
    /** The file, from the job's directory; it is read here and travels to nobody. */
    path: text('the path of an ONNX file'),
    /** The file's output that is trained, where it has several. */
    output: text('the name of an output', 4096).optional(),
    /** Tensors that are trained, and no others; all weights unless given. */
    train: patterns.optional(),
    /** Tensors that are not trained. */
    freeze: patterns.optional(),
  }),
]);

export const resolvedModelSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...mlpFields, ...adapterFields, inputs: width, outputs: width }),
  z.strictObject({ ...convnetFields, ...adapterFields, input: shape, outputs: width }),
  z.strictObject({ ...resnetFields, ...adapterFields, input: shape, outputs: width }),
  z.strictObject({ ...gptFields, ...adapterFields, vocab: width, block: width }),
  z.strictObject({ ...llamaFields, ...adapterFields, kvHeads: depth, inner: width, vocab: width, block: positions }),
  z.strictObject({
    ...onnxFields,
    ...adapterFields,
    /** Of the file. */
    sha256: sha256Text,
    /** Samples that the graphs are made for: the job's micro-batch. */
    batch: width,
    input: dataField,
    labels: dataField,
    /** Of both graphs; their values are the state's, which a job does not carry. */
    parameters: parametersSchema,
    train: graphSchema,
    evaluate: graphSchema,
  }),
]);

export type ModelSpec = z.infer<typeof modelSpecSchema>;
export type ResolvedModel = z.infer<typeof resolvedModelSchema>;

export type ResolvedOnnxModel = Extract<ResolvedModel, { readonly type: 'onnx' }>;

type LanguageModel<M> = Extract<M, { readonly type: 'gpt' | 'llama' }>;

/** Whether a model reads and predicts text. */
export const isLanguageModel = <M extends { readonly type: string }>(model: M): model is LanguageModel<M> =>
  model.type === 'gpt' || model.type === 'llama';

/** The width inside a gated layer that has about as many parameters as a plain one of four times `width`. */
export const gatedWidth = (width: number): number => 8 * Math.ceil(width / 3);
