/** `job.yaml` as a schema: its sections, and the rules that tie sections together. */
import { z } from 'zod';
import { dataSpecSchema } from './data.ts';
import { must, seedNumber } from './fields.ts';
import { weiToTokens } from './tokens.ts';
import { isLanguageModel, modelSpecSchema } from './model.ts';
import {
  auditSpecSchema,
  networkSpecSchema,
  outputSpecSchema,
  paymentSpecSchema,
  workersSpecSchema,
} from './operations.ts';
import { trainingSpecSchema } from './training.ts';

const nameWords = must('1 to 64 lowercase letters, digits and dashes');

const sections = z.strictObject({
  name: z.string(nameWords).regex(/^[a-z0-9][a-z0-9-]{0,63}$/, nameWords),
  /** Decides the first parameters and the order of samples. */
  seed: seedNumber.default(0),
  model: modelSpecSchema,
  data: dataSpecSchema,
  training: trainingSpecSchema,
  workers: workersSpecSchema.prefault({}),
  network: networkSpecSchema.prefault({}),
  audit: auditSpecSchema.prefault({}),
  payment: paymentSpecSchema.default('none'),
  output: outputSpecSchema.prefault({}),
});

type Sections = z.infer<typeof sections>;

/** A rule over several fields: where it points when it is broken, and its words. */
interface Rule {
  readonly path: readonly (string | number)[];
  readonly message: string | ((spec: Sections) => string);
  readonly broken: (spec: Sections) => boolean;
}

const isText = (source: Sections['data']['train']): boolean => source.type === 'text';

/** Tokens a round costs at the most, in smallest units. */
export function roundCostWei(spec: Pick<Sections, 'training' | 'payment'>): bigint {
  if (spec.payment === 'none') return 0n;
  return BigInt(spec.payment.pricePerMicroBatch) * BigInt(spec.training.globalBatch / spec.training.microBatch);
}

/** What one epoch costs, or the whole job where that is shorter; null where nothing is paid or the batches don't divide. */
function epochCostWei(spec: Sections): bigint | null {
  if (spec.payment === 'none' || spec.training.globalBatch % spec.training.microBatch !== 0) return null;
  return roundCostWei(spec) * BigInt(Math.min(spec.payment.epochRounds, spec.training.rounds));
}

const DAY_MS = 24 * 3_600_000;
/** A devnet's clock moves on by a challenge window with each epoch; the escrow takes none after 10 years. Two months are left for the run itself. */
const DEVNET_DAYS = 3590;

/** Epochs of the whole job, and one more for what is settled at its end. */
const epochsOf = (payment: Sections['payment'], { rounds }: Sections['training']): number =>
  payment === 'none' ? 0 : Math.ceil(rounds / payment.epochRounds) + 1;

const sourceRules = (part: 'train' | 'eval'): Rule[] => [
  {
    path: ['data', part, 'type'],
    message: ({ model }) => `must be text, since model.type is ${model.type}`,
    broken: ({ model, data }) => isLanguageModel(model) && !isText(data[part]),
  },
  {
    path: ['data', part, 'type'],
    message: ({ model }) => `must be idx, since model.type is ${model.type}`,
    broken: ({ model, data }) => !isLanguageModel(model) && model.type !== 'onnx' && isText(data[part]),
  },
  {
    path: ['data', part, 'split'],
    message: 'must have from smaller than to',
    broken: ({ data: { [part]: source } }) => source.type === 'text' && source.split.from >= source.split.to,
  },
  {
    path: ['data', part, 'sha256'],
    message: 'must list one hash for each of files',
    broken: ({ data: { [part]: source } }) =>
      source.type === 'text' && source.sha256 !== undefined && source.sha256.length !== source.files.length,
  },
  {
    path: ['data', part],
    message: 'must have sha256, since a file comes from the network',
    broken: ({ data: { [part]: source } }) => {
      const files = source.type === 'text' ? source.files : [source.images, source.labels];
      return source.sha256 === undefined && files.some((file) => file.startsWith('https:'));
    },
  },
  {
    path: ['data', part, 'block'],
    message: 'must equal model.block',
    broken: ({ model, data: { [part]: source } }) =>
      isLanguageModel(model) && source.type === 'text' && model.block !== undefined && model.block !== source.block,
  },
];

const rules: readonly Rule[] = [
  ...sourceRules('train'),
  ...sourceRules('eval'),
  {
    path: ['data', 'eval', 'type'],
    message: 'must equal data.train.type',
    broken: ({ data: { train, eval: held } }) => train.type !== held.type,
  },
  {
    path: ['data', 'eval', 'block'],
    message: 'must equal data.train.block',
    broken: ({ data: { train, eval: held } }) =>
      train.type === 'text' && held.type === 'text' && train.block !== held.block,
  },
  {
    path: ['data', 'eval', 'tokenizer'],
    message: 'must equal data.train.tokenizer',
    broken: ({ data: { train, eval: held } }) =>
      train.type === 'text' && held.type === 'text' && train.tokenizer !== held.tokenizer,
  },
  {
    path: ['model', 'blocks'],
    message: 'must have as many entries as model.widths',
    broken: ({ model }) => model.type === 'resnet' && model.blocks.length !== model.widths.length,
  },
  {
    path: ['model', 'width'],
    message: 'must be a multiple of model.heads',
    broken: ({ model }) => model.type === 'gpt' && model.width % model.heads !== 0,
  },
  {
    path: ['model', 'width'],
    message: 'must be a multiple of twice model.heads, so that the size of a head is even',
    broken: ({ model }) => model.type === 'llama' && model.width % (2 * model.heads) !== 0,
  },
  {
    path: ['model', 'kvHeads'],
    message: 'must divide model.heads',
    broken: ({ model }) => model.type === 'llama' && model.heads % (model.kvHeads ?? 1) !== 0,
  },
  {
    path: ['training', 'globalBatch'],
    message: 'must be a multiple of training.microBatch',
    broken: ({ training }) => training.globalBatch % training.microBatch !== 0,
  },
  {
    path: ['workers', 'backend'],
    message: 'must be auto, webgpu or exact, since training.numerics is exact and onnxruntime has no exact numerics',
    broken: ({ training, workers }) => training.numerics === 'exact' && workers.backend === 'onnx',
  },
  {
    path: ['training', 'globalBatch'],
    message: 'must be at most 65536 micro-batches',
    broken: ({ training }) => training.globalBatch / training.microBatch > 65_536,
  },
  {
    path: ['training', 'schedule', 'warmup'],
    message: 'must be at most training.rounds',
    broken: ({ training }) => training.schedule.warmup > training.rounds,
  },
  {
    path: ['workers', 'maximum'],
    message: 'must be at least workers.minimum and workers.spawn',
    broken: ({ workers }) => workers.maximum < Math.max(workers.minimum, workers.spawn),
  },
  {
    path: ['audit', 'floor'],
    message: 'must be at most audit.rate',
    broken: ({ audit }) => audit.floor > audit.rate,
  },
  {
    path: ['audit', 'rate'],
    message: 'must be greater than 0 where work is paid, since unaudited work is not worth paying',
    broken: ({ audit, payment }) => payment !== 'none' && audit.rate === 0,
  },
  {
    path: ['audit', 'challenge'],
    message: 'must be greater than audit.accept',
    broken: ({ audit }) => audit.challenge <= audit.accept,
  },
  {
    path: ['payment', 'budget'],
    message: (spec) => `must be at least ${weiToTokens(epochCostWei(spec) ?? 0n)}, the price of one epoch`,
    broken: (spec) => spec.payment !== 'none' && BigInt(spec.payment.budget) < (epochCostWei(spec) ?? 0n),
  },
  {
    path: ['payment', 'challengeWindow'],
    message: ({ payment, training }) =>
      `must be so short that its ${epochsOf(payment, training)} epochs take ${DEVNET_DAYS} days of the devnet's clock at the most`,
    broken: ({ payment, training }) =>
      payment !== 'none' &&
      payment.type === 'devnet' &&
      epochsOf(payment, training) * payment.challengeWindow > DEVNET_DAYS * DAY_MS,
  },
  {
    path: ['payment'],
    message: 'must have either keyFile or keyEnv',
    broken: ({ payment }) =>
      payment !== 'none' &&
      payment.type === 'chain' &&
      (payment.keyFile === undefined) === (payment.keyEnv === undefined),
  },
];

/** The whole of `job.yaml`. Input: what people write. Output ({@link JobSpec}): every default filled in. */
export const jobSpecSchema = sections.check((context) => {
  for (const { path, message, broken } of rules) {
    if (!broken(context.value)) continue;
    const words = typeof message === 'string' ? message : message(context.value);
    context.issues.push({ code: 'custom', input: context.value, path: [...path], message: words });
  }
});

/** A valid `job.yaml` with every default filled in; durations in milliseconds, amounts as texts of smallest units. */
export type JobSpec = z.infer<typeof jobSpecSchema>;
/** What people write. */
export type JobInput = z.input<typeof jobSpecSchema>;
